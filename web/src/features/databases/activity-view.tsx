/** Who works in the database just now, who waits for whom, and the way to stop one. */
import { useMemo, useState } from "react";
import type { SessionOfDatabase } from "@/api/types";
import { useTrouble } from "@/api/use-trouble";
import { useLanguage } from "@/i18n";
import { Button } from "@/ui/button";
import { Chip, type Tone } from "@/ui/chip";
import { Name } from "@/ui/name";
import { TroubleNotice } from "@/ui/notice";
import { Empty, Failed, SkeletonRows } from "@/ui/states";
import { Toggles } from "@/ui/segmented";
import { sessionRows } from "./blocking";
import { EndSession } from "./end-session";
import { useActivity } from "./looking";
import type { Place } from "./queries";

interface ActivityViewProps {
  place: Place;
  /** Why sessions may not be ended here. */
  why: string | null;
}

interface Asked {
  session: SessionOfDatabase;
  terminate: boolean;
}

const TONES: Record<string, Tone> = { active: "running", "idle in transaction": "pending", "idle in transaction (aborted)": "failed" };

export function ActivityView({ place, why }: ActivityViewProps) {
  const { t } = useLanguage();
  const trouble = useTrouble();
  const activity = useActivity(place);
  const [shown, setShown] = useState<("idle" | "system")[]>([]);
  const [asked, setAsked] = useState<Asked | null>(null);
  const sessions = activity.data;
  const rows = useMemo(
    () =>
      sessionRows(sessions ?? []).filter(
        ({ session }) => (session.state !== "idle" || shown.includes("idle")) && (session.backend === "client backend" || shown.includes("system")),
      ),
    [sessions, shown],
  );
  if (!sessions) return activity.isError ? <Failed trouble={trouble(activity.error)} onRetry={() => void activity.refetch()} /> : <SkeletonRows />;
  return (
    <div className="flex h-full min-h-0 flex-col">
      <div className="flex flex-wrap items-center gap-3 border-b border-line px-4 py-2">
        <span role="status" className="min-w-0 flex-1 text-sm text-muted">
          {t("databases.sessions", { count: sessions.length })}
        </span>
        <Toggles
          label={t("databases.show")}
          value={shown}
          onChange={setShown}
          options={[
            { value: "idle", label: t("databases.idle") },
            { value: "system", label: t("databases.system") },
          ]}
        />
      </div>
      {activity.isError && <TroubleNotice className="m-3" trouble={trouble(activity.error)} onRetry={() => void activity.refetch()} />}
      {rows.length === 0 ? (
        <Empty title={t("databases.quiet")}>{t("databases.quietHint")}</Empty>
      ) : (
        <ul aria-label={t("databases.view.activity")} className="min-h-0 flex-1 overflow-auto" tabIndex={0}>
          {rows.map(({ session, depth }) => (
            <li key={session.pid} className="border-b border-line py-2 pr-4" style={{ paddingLeft: 16 + depth * 20 }}>
              <SessionLine session={session} why={why} onEnd={(terminate) => setAsked({ session, terminate })} />
            </li>
          ))}
        </ul>
      )}
      {asked && <EndSession place={place} {...asked} onClose={() => setAsked(null)} />}
    </div>
  );
}

function SessionLine({ session, why, onEnd }: { session: SessionOfDatabase; why: string | null; onEnd: (terminate: boolean) => void }) {
  const { t, duration } = useLanguage();
  const cannot = why ?? (session.may_end ? null : t("databases.notYours"));
  const span = (seconds: number | null) => (seconds === null ? null : duration(Math.max(0, seconds) * 1000));
  const transaction = span(session.transaction_s);
  return (
    <div className="flex flex-wrap items-start gap-x-4 gap-y-1">
      <div className="min-w-0 flex-1 basis-72">
        <p className="flex flex-wrap items-center gap-x-2 gap-y-0.5 text-sm">
          <code className="text-xs text-muted">{session.pid}</code>
          <Name text={session.application || session.backend || ""} className="font-medium" />
          {session.username && <Name text={session.username} className="text-muted" />}
          {session.address && <span className="text-xs text-muted">{session.address}</span>}
          {session.state && <Chip tone={TONES[session.state] ?? "neutral"}>{session.state}</Chip>}
          {session.ours && <Chip tone="accent">Stillroom</Chip>}
          {session.blockers.length > 0 && <Chip tone="failed">{t("databases.waitsFor", { pids: session.blockers.join(", ") })}</Chip>}
        </p>
        {session.wants && (
          <p className="text-xs text-failed">
            {t("databases.wantsLock", { mode: session.wants_mode ?? "", name: session.wants_schema ? `${session.wants_schema}.${session.wants}` : session.wants })}
          </p>
        )}
        {session.query === null ? (
          session.backend === "client backend" && <p className="text-xs text-muted">{t("databases.hiddenQuery")}</p>
        ) : (
          <pre className="mt-0.5 max-h-24 overflow-y-auto font-mono text-[12px] break-words whitespace-pre-wrap text-muted">{session.query}</pre>
        )}
        <p className="flex flex-wrap gap-x-4 text-xs text-muted tabular-nums">
          {transaction && <span>{t("databases.transactionFor", { time: transaction })}</span>}
          {session.state_s !== null && <span>{t("databases.stateFor", { time: span(session.state_s) ?? "" })}</span>}
          {session.wait && (
            <span>
              {session.wait_type}: {session.wait}
            </span>
          )}
        </p>
      </div>
      {session.backend === "client backend" && (
        <div className="flex gap-1.5">
          <Button size="small" why={cannot} onClick={() => onEnd(false)}>
            {t("sessions.cancel")}
          </Button>
          <Button size="small" variant="danger" why={cannot} onClick={() => onEnd(true)}>
            {t("sessions.terminate")}
          </Button>
        </div>
      )}
    </div>
  );
}
