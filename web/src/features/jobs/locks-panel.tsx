import { EyeOff } from "lucide-react";
import { useLanguage } from "@/i18n";
import { clock } from "@/i18n/format";
import { Button } from "@/ui/button";
import { Chip } from "@/ui/chip";
import { Notice } from "@/ui/notice";
import { Progress } from "@/ui/progress";
import { useNow } from "@/ui/use-now";
import { type Branch, type Locks, type LockSession, type Tree, treeOf } from "./locks";

interface LocksPanelProps {
  locks: Locks;
  /** Where this person may end sessions of the database. */
  onEnd?: ((session: LockSession, terminate: boolean) => void) | undefined;
}

/** Above the stream while it lasts: whom the job waits for, who waits for the job, and how far an index is. */
export function LocksPanel({ locks, onEnd }: LocksPanelProps) {
  const { t } = useLanguage();
  const now = useNow(1_000);
  const since = Math.max(0, now - locks.at) / 1000;
  const title = locks.waiting.length > 0 ? t("jobs.locks.waits") : locks.blocked.length > 0 ? t("jobs.locks.blocks", { count: locks.blocked.length }) : t("jobs.locks.builds");
  return (
    <Notice kind={locks.waiting.length + locks.blocked.length > 0 ? "warning" : "info"} title={title} className="m-2 shrink-0">
      {locks.waiting.length + locks.blocked.length > 0 && (
        <div className="mt-1 flex max-h-64 flex-col gap-1 overflow-y-auto" role="group" aria-label={t("jobs.locks.tree")} tabIndex={0}>
          <JobAndOthers tree={treeOf(locks)} since={since} onEnd={onEnd} />
        </div>
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

/** The job as the root, then both sides of it. */
function JobAndOthers({ tree, since, onEnd }: { tree: Tree; since: number } & Pick<LocksPanelProps, "onEnd">) {
  const { t } = useLanguage();
  const sides = [
    { name: t("jobs.locks.heldBy"), branches: tree.above },
    { name: t("jobs.locks.heldUp"), branches: tree.below },
  ];
  return (
    <>
      {tree.own.length > 0 ? (
        tree.own.map((session) => <SessionLine key={session.pid} session={session} ours since={since} />)
      ) : (
        <Chip tone="running">{t("jobs.locks.thisJob")}</Chip>
      )}
      {sides
        .filter(({ branches }) => branches.length > 0)
        .map(({ name, branches }) => (
          <section key={name} aria-label={name} className="ml-2 border-l border-line pl-3">
            <p className="text-xs text-muted">{name}</p>
            <ul className="mt-1 flex flex-col gap-1">
              <Branches branches={branches} since={since} onEnd={onEnd} />
            </ul>
          </section>
        ))}
    </>
  );
}

function Branches({ branches, since, onEnd }: { branches: Branch[]; since: number } & Pick<LocksPanelProps, "onEnd">) {
  return branches.map(({ session, children }) => (
    <li key={session.pid}>
      <SessionLine session={session} ours={false} since={since} onEnd={onEnd} />
      {children.length > 0 && (
        <ul className="mt-1 ml-2 flex flex-col gap-1 border-l border-line pl-3">
          <Branches branches={children} since={since} onEnd={onEnd} />
        </ul>
      )}
    </li>
  ));
}

function SessionLine({ session, ours, since, onEnd }: { session: LockSession; ours: boolean; since: number } & Pick<LocksPanelProps, "onEnd">) {
  const { t } = useLanguage();
  const timed = (seconds: number) => clock((seconds + since) * 1000);
  const name = session.application && session.username ? `${session.application} · ${session.username}` : session.application || session.username;
  return (
    <div className="min-w-0">
      <p className="flex flex-wrap items-baseline gap-x-2">
        <code className="text-xs">{session.pid}</code>
        {ours ? <Chip tone="running">{t("jobs.locks.thisJob")}</Chip> : <strong className="font-medium break-all">{name}</strong>}
        {session.wants && session.waits_s !== null ? (
          <span className="text-muted tabular-nums">{t("jobs.locks.waitsFor", { relation: session.wants, time: timed(session.waits_s) })}</span>
        ) : (
          <span className="text-muted tabular-nums">
            {session.state}
            {session.transaction_s !== null && ` · ${t("jobs.locks.inTransaction", { time: timed(session.transaction_s) })}`}
          </span>
        )}
        {session.wait_event && <code className="text-xs text-muted">{session.wait_event}</code>}
        {onEnd && !ours && typeof session.started === "number" && (
          <span className="flex gap-1.5">
            <Button size="small" onClick={() => onEnd(session, false)}>
              {t("sessions.cancel")}
            </Button>
            <Button size="small" variant="danger" onClick={() => onEnd(session, true)}>
              {t("sessions.terminate")}
            </Button>
          </span>
        )}
      </p>
      {session.query && (
        <p className="flex items-baseline gap-x-2 text-xs text-muted">
          <code className="min-w-0 truncate" title={session.query}>
            {session.query}
          </code>
          {typeof session.query_s === "number" && <span className="shrink-0 tabular-nums">{timed(session.query_s)}</span>}
        </p>
      )}
      {session.query === null && !ours && (
        <p className="text-xs text-muted">
          {session.masked && <EyeOff aria-hidden className="mr-1 inline size-3 align-[-2px]" />}
          {t(session.masked ? "jobs.locks.masked" : "jobs.locks.hidden")}
        </p>
      )}
    </div>
  );
}
