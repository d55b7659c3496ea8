import type { Installation } from "@/api/types";
import { useLanguage } from "@/i18n";
import { Chip, type Tone } from "@/ui/chip";
import { Table } from "@/ui/table";

const AGES = ["10s", "1m", "10m", "more"] as const;
const OLD_S = 600;

function Fact({ name, value, tone }: { name: string; value: string; tone?: Tone | undefined }) {
  return (
    <div className="min-w-28 flex-1 rounded-md border border-line px-3 py-2">
      <dt className="text-xs text-muted">{name}</dt>
      <dd className="flex items-center gap-2 text-lg font-semibold tabular-nums">
        {value}
        {tone && <span aria-hidden className={tone === "failed" ? "size-2 rounded-full bg-failed" : "size-2 rounded-full bg-pending"} />}
      </dd>
    </div>
  );
}

/** The numbers that say at a glance whether somebody has to look closer. */
export function Facts({ installation }: { installation: Installation }) {
  const { t, duration, number } = useLanguage();
  const { queue, workers, doubts, letters } = installation;
  const serving = workers.filter((worker) => worker.level !== "refused" && !worker.draining);
  const slots = serving.reduce((sum, worker) => sum + worker.slots, 0);
  const busy = workers.reduce((sum, worker) => sum + worker.busy, 0);
  return (
    <dl className="flex flex-wrap gap-2 px-4 pb-4">
      <Fact name={t("installation.waiting")} value={number(queue.waiting)} />
      <Fact name={t("installation.oldest")} value={queue.waiting ? duration(queue.oldest_s * 1000) : "—"} tone={queue.oldest_s > OLD_S ? "pending" : undefined} />
      <Fact name={t("installation.running")} value={number(queue.running)} />
      <Fact name={t("installation.slots")} value={`${number(busy)} / ${number(slots)}`} tone={slots === 0 ? "failed" : undefined} />
      <Fact name={t("installation.doubts")} value={number(doubts.length)} tone={doubts.length ? "pending" : undefined} />
      <Fact name={t("installation.letters")} value={number(letters.waiting)} tone={letters.failed.length ? "pending" : undefined} />
    </dl>
  );
}

export function Queue({ installation }: { installation: Installation }) {
  const { t, number } = useLanguage();
  const { queue } = installation;
  return (
    <div className="grid gap-x-6 gap-y-4 md:grid-cols-3">
      <Table
        label={t("installation.byAge")}
        head={[t("installation.byAge"), t("installation.jobs")]}
        numbers={[1]}
        rows={AGES.map((age) => ({ key: age, cells: [t(`installation.age.${age}`), number(queue.by_age[age] ?? 0)] }))}
      />
      <Table
        label={t("installation.lines")}
        head={[t("installation.lines"), t("installation.messages")]}
        numbers={[1]}
        rows={queue.lines.map((line) => ({
          key: line.name,
          cells: [<code className="text-xs">{line.name}</code>, line.messages === null ? <Chip tone="failed">{t("installation.away")}</Chip> : number(line.messages)],
        }))}
      />
      <Table
        label={t("installation.organizations")}
        head={[t("installation.organizations"), t("installation.jobs")]}
        numbers={[1]}
        rows={
          queue.of_organizations.length
            ? queue.of_organizations.map((one) => ({ key: one.organization_id, cells: [<code className="text-xs">{one.organization_id}</code>, number(one.jobs)] }))
            : [{ key: "none", cells: [<span className="text-muted">{t("installation.nobody")}</span>, ""] }]
        }
      />
    </div>
  );
}
