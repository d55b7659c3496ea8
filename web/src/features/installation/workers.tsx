import type { Installation } from "@/api/types";
import { useLanguage } from "@/i18n";
import { Chip, type Tone } from "@/ui/chip";
import { Table } from "@/ui/table";
import { Ago } from "@/ui/time";

const LEVELS: Record<string, Tone> = { bwrap: "applied", landlock: "applied", bare: "pending", refused: "failed" };

export function Workers({ installation }: { installation: Installation }) {
  const { t, number } = useLanguage();
  return (
    <Table
      label={t("installation.workers")}
      head={[
        t("installation.worker"),
        t("installation.level"),
        t("installation.slots"),
        t("installation.version"),
        "Python",
        t("installation.queues"),
        t("installation.since"),
        t("installation.seen"),
      ]}
      numbers={[2]}
      rows={installation.workers.map((worker) => ({
        key: worker.name,
        cells: [
          <code className="text-xs">{worker.name}</code>,
          <span className="flex flex-wrap gap-1">
            <Chip tone={LEVELS[worker.level] ?? "neutral"}>{worker.level === "refused" ? t("installation.refused") : worker.level}</Chip>
            {worker.draining && <Chip tone="pending">{t("installation.draining")}</Chip>}
          </span>,
          `${number(worker.busy)} / ${number(worker.slots)}`,
          <span className="flex items-center gap-1">
            {worker.version}
            {worker.version !== installation.version && <Chip tone="pending">{t("installation.otherVersion")}</Chip>}
          </span>,
          worker.python,
          <code className="text-xs">{worker.queues.join(", ")}</code>,
          worker.started_at ? <Ago at={worker.started_at} short /> : "",
          <Ago at={worker.seen_at} short />,
        ],
      }))}
    />
  );
}

/** Running jobs, and how long each has been silent: at the end of its lease it is lost. */
export function Leases({ installation }: { installation: Installation }) {
  const { t, duration } = useLanguage();
  return (
    <Table
      label={t("installation.leases")}
      head={[t("installation.job"), t("installation.organization"), t("installation.kind"), t("installation.level"), t("installation.since"), t("installation.silent")]}
      numbers={[5]}
      rows={installation.leases.map((lease) => ({
        key: lease.job_id,
        cells: [
          <code className="text-xs">{lease.job_id}</code>,
          <code className="text-xs">{lease.organization_id}</code>,
          <span className="flex flex-wrap gap-1">
            {lease.kind}
            {lease.cancelling && <Chip tone="pending">{t("installation.cancelling")}</Chip>}
          </span>,
          lease.level ?? "",
          lease.started_at ? <Ago at={lease.started_at} short /> : "",
          <span className={lease.silent_s > installation.lease_s / 2 ? "text-failed" : undefined}>{duration(lease.silent_s * 1000)}</span>,
        ],
      }))}
    />
  );
}
