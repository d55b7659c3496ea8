import { useLanguage } from "@/i18n";
import { clock } from "@/i18n/format";
import { Chip } from "@/ui/chip";
import { Notice } from "@/ui/notice";
import { Progress } from "@/ui/progress";
import { useNow } from "@/ui/use-now";
import { type Branch, type Locks, type LockSession, treeOf } from "./locks";

/** Above the stream while it lasts: whom the job waits for, who waits for the job, and how far an index is. */
export function LocksPanel({ locks }: { locks: Locks }) {
  const { t } = useLanguage();
  const now = useNow(1_000);
  const since = Math.max(0, now - locks.at) / 1000;
  const title = locks.waiting.length > 0 ? t("jobs.locks.waits") : locks.blocked.length > 0 ? t("jobs.locks.blocks", { count: locks.blocked.length }) : t("jobs.locks.builds");
  return (
    <Notice kind={locks.waiting.length + locks.blocked.length > 0 ? "warning" : "info"} title={title} className="m-2 shrink-0">
      {locks.waiting.length + locks.blocked.length > 0 && (
        <ul className="mt-1 flex max-h-48 flex-col gap-1 overflow-y-auto" aria-label={t("jobs.locks.tree")} tabIndex={0}>
          <Branches branches={treeOf(locks)} since={since} />
        </ul>
      )}
      {locks.builds.map((build) => (
        <div key={build.pid} className="mt-1 flex items-center gap-2">
          <span className="min-w-0 shrink-0 truncate">
            <code className="text-xs">{build.relation}</code> · {build.phase}
            {build.percent !== null && ` · ${Math.round(build.percent)} %`}
          </span>
          <Progress label={t("jobs.locks.builds")} done={build.percent ?? 0} total={build.percent === null ? null : 100} tone="running" className="flex-1" />
        </div>
      ))}
    </Notice>
  );
}

function Branches({ branches, since }: { branches: Branch[]; since: number }) {
  return branches.map(({ session, ours, children }) => (
    <li key={session.pid}>
      <SessionLine session={session} ours={ours} since={since} />
      {children.length > 0 && (
        <ul className="mt-1 ml-2 flex flex-col gap-1 border-l border-line pl-3">
          <Branches branches={children} since={since} />
        </ul>
      )}
    </li>
  ));
}

function SessionLine({ session, ours, since }: { session: LockSession; ours: boolean; since: number }) {
  const { t } = useLanguage();
  const waited = session.waits_s === null ? null : clock((session.waits_s + since) * 1000);
  return (
    <div className="min-w-0">
      <p className="flex flex-wrap items-baseline gap-x-2">
        <code className="text-xs">{session.pid}</code>
        {ours ? <Chip tone="running">{t("jobs.locks.thisJob")}</Chip> : <strong className="font-medium">{session.application || session.username}</strong>}
        {session.wants && waited ? (
          <span className="text-muted tabular-nums">{t("jobs.locks.waitsFor", { relation: session.wants, time: waited })}</span>
        ) : (
          <span className="text-muted">{session.state}</span>
        )}
      </p>
      {session.query && !ours && (
        <code className="block truncate text-xs text-muted" title={session.query}>
          {session.query}
        </code>
      )}
      {session.query === null && !ours && <p className="text-xs text-muted">{t("jobs.locks.hidden")}</p>}
    </div>
  );
}
