import type { ReactNode } from "react";
import type { Current } from "@/api/types";
import { useLanguage } from "@/i18n";
import { Progress } from "@/ui/progress";
import { Spinner } from "@/ui/spinner";

interface RunningStripProps {
  current: Current | undefined;
  jobLink: (job: string, label: string) => ReactNode;
}

/** What runs now, with the way to watch it. */
export function RunningStrip({ current, jobLink }: RunningStripProps) {
  const { t, rich } = useLanguage();
  const jobs = (current?.environments ?? []).flatMap((environment) =>
    environment.databases.flatMap((database) => (database.job ? [{ environment, database, job: database.job }] : [])),
  );
  if (jobs.length === 0) return null;
  return (
    <ul className="shrink-0 border-t border-line bg-bg">
      {jobs.map(({ environment, database, job }) => {
        const where = environment.databases.length > 1 ? `${environment.name} · ${database.name}` : environment.name;
        return (
          <li key={job.id} className="flex items-center gap-3 border-b border-line px-4 py-2 last:border-b-0">
            <Spinner className="text-running" />
            <div className="min-w-0 flex-1">
              <p className="truncate text-sm">
                {rich(job.state === "running" ? `migrations.strip.${job.kind}` : "migrations.strip.queued", {
                  where: <strong className="font-semibold">{where}</strong>,
                  actor: job.actor,
                })}
                {job.total !== null && job.state === "running" && (
                  <span className="text-muted"> · {t("migrations.strip.progress", { done: job.done, total: job.total })}</span>
                )}
              </p>
              <Progress label={where} done={job.done} total={job.total} className="mt-1.5" />
            </div>
            {jobLink(job.id, t("migrations.watch", { number: job.number }))}
          </li>
        );
      })}
    </ul>
  );
}
