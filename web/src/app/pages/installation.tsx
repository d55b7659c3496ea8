import { ShieldAlert } from "lucide-react";
import type { ReactNode } from "react";
import { Link } from "react-router";
import { useTrouble } from "@/api/use-trouble";
import { Facts, Queue } from "@/features/installation/queue";
import { useInstallation } from "@/features/installation/queries";
import { Doubts, FailedDeliveries, FailedLetters } from "@/features/installation/troubles";
import { Leases, Workers } from "@/features/installation/workers";
import { useLanguage } from "@/i18n";
import { Button } from "@/ui/button";
import { Notice } from "@/ui/notice";
import { Empty, Failed, SkeletonRows } from "@/ui/states";
import { useTheme } from "@/ui/theme";
import { Ago } from "@/ui/time";
import { useTitle } from "@/ui/use-title";
import { useMe } from "../use-me";

/** How the installation stands, for those who run it: counts and ids, nothing of any tenant. */
export function Installation() {
  const { t } = useLanguage();
  const me = useMe();
  useTitle(t("installation.title"));
  useTheme(); // this page has no frame around it that would follow the browser's choice
  return (
    <main className="flex min-h-full flex-col overflow-y-auto">
      <div className="flex flex-wrap items-start gap-3 px-4 pt-3.5 pb-4">
        <div className="min-w-0 flex-1">
          <h1 className="text-lg font-semibold tracking-tight">{t("installation.title")}</h1>
          <p className="text-sm text-muted">{t("installation.lead")}</p>
        </div>
        <Button asChild>
          <Link to="/">{t("account.back")}</Link>
        </Button>
      </div>
      {me.staff ? (
        <Standing />
      ) : (
        <Empty icon={<ShieldAlert className="size-5" />} title={t("installation.notStaff")}>
          {t("installation.notStaffLead")} <code className="text-xs">stillroom staff add {me.email}</code>
        </Empty>
      )}
    </main>
  );
}

function Standing() {
  const { t, number } = useLanguage();
  const installation = useInstallation();
  const trouble = useTrouble();
  if (installation.isPending) return <SkeletonRows />;
  if (installation.isError) return <Failed trouble={trouble(installation.error)} onRetry={() => void installation.refetch()} />;
  const found = installation.data;
  const failed = found.failed_work;
  const serving = found.workers.some((worker) => worker.level !== "refused" && !worker.draining);
  return (
    <>
      <div className="flex flex-col gap-2 px-4 empty:hidden [&>*]:mb-3">
        {found.schema.fits !== "ok" && (
          <Notice kind="error" title={t("installation.schemaBehind", { present: found.schema.present, needed: found.schema.needed })}>
            {t("installation.migrate")}
          </Notice>
        )}
        {found.broker !== "ok" && (
          <Notice kind="error" title={t("installation.brokerAway")}>
            {t("installation.brokerLead")}
          </Notice>
        )}
        {found.broker === "ok" && !serving && (
          <Notice kind="error" title={t("installation.noWorker")}>
            {t("installation.noWorkerLead")}
          </Notice>
        )}
      </div>
      <Facts installation={found} />
      <Part title={t("installation.queue")}>
        <Queue installation={found} />
      </Part>
      <Part title={t("installation.workers")} none={found.workers.length === 0 && t("installation.noWorker")}>
        <Workers installation={found} />
      </Part>
      <Part title={t("installation.leases")} lead={t("installation.leasesLead", { seconds: found.lease_s })} none={found.leases.length === 0 && t("installation.noLeases")}>
        <Leases installation={found} />
      </Part>
      <Part title={t("installation.doubtful")} lead={t("installation.doubtfulLead")} none={found.doubts.length === 0 && t("installation.noDoubts")}>
        <Doubts installation={found} />
      </Part>
      <Part
        title={t("installation.failedLetters")}
        lead={t("installation.givenUpCount", { count: found.letters.given_up })}
        none={found.letters.failed.length === 0 && t("installation.noLetters")}
      >
        <FailedLetters installation={found} />
      </Part>
      <Part
        title={t("installation.failedDeliveries")}
        lead={t("installation.switchedOff", { count: found.deliveries.switched_off })}
        none={found.deliveries.failed.length === 0 && t("installation.noDeliveries")}
      >
        <FailedDeliveries installation={found} />
      </Part>
      <p className="flex flex-wrap gap-x-4 gap-y-1 px-4 pb-6 text-xs text-muted">
        <span>{t("installation.failedFetches", { number: number(failed.fetches ?? 0) })}</span>
        <span>{t("installation.failedReadings", { number: number(failed.readings ?? 0) })}</span>
        <span>{t("installation.failedDrafts", { number: number(failed.drafts ?? 0) })}</span>
        <span>Stillroom {found.version}</span>
        <span>{t("installation.schema", { present: found.schema.present })}</span>
        <Ago at={found.at} />
      </p>
    </>
  );
}

interface PartProps {
  title: string;
  lead?: string;
  /** Said instead of an empty table. */
  none?: string | false;
  children: ReactNode;
}

function Part({ title, lead, none, children }: PartProps) {
  return (
    <section aria-label={title} className="pb-6">
      <h2 className="px-4 font-semibold">{title}</h2>
      {lead && !none && <p className="px-4 pb-1 text-sm text-muted">{lead}</p>}
      {none ? <p className="px-4 pt-1 text-sm text-muted">{none}</p> : <div className="pt-1">{children}</div>}
    </section>
  );
}
