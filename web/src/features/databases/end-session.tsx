import type { SessionOfDatabase } from "@/api/types";
import { useTrouble } from "@/api/use-trouble";
import { useLanguage } from "@/i18n";
import { Button } from "@/ui/button";
import { Dialog } from "@/ui/dialog";
import { Name } from "@/ui/name";
import { TroubleNotice } from "@/ui/notice";
import { useEndSession } from "./looking";
import type { Place } from "./queries";

export type EndableSession = Pick<SessionOfDatabase, "pid" | "started" | "application" | "username" | "query"> & { ours?: boolean };

interface EndSessionProps {
  place: Place;
  session: EndableSession;
  /** The session itself; otherwise its statement alone. */
  terminate: boolean;
  onClose: () => void;
}

/** Asks before a session of a database, or its statement, is ended. */
export function EndSession({ place, session, terminate, onClose }: EndSessionProps) {
  const { t } = useLanguage();
  const trouble = useTrouble();
  const end = useEndSession(place);
  return (
    <Dialog
      open
      onClose={onClose}
      title={t(terminate ? "sessions.terminateTitle" : "sessions.cancelTitle", { pid: session.pid })}
      description={t(terminate ? "sessions.terminateHint" : "sessions.cancelHint")}
      footer={
        <>
          <Button onClick={onClose}>{t("common.close")}</Button>
          <Button variant="danger-primary" busy={end.isPending} onClick={() => end.mutate({ session, terminate }, { onSuccess: onClose })}>
            {t(terminate ? "sessions.terminate" : "sessions.cancel")}
          </Button>
        </>
      }
    >
      <p className="text-sm">
        <Name text={session.application || session.username || ""} />
      </p>
      {session.query && <pre className="mt-1 max-h-40 overflow-auto bg-code p-2 font-mono text-[12px] whitespace-pre-wrap">{session.query}</pre>}
      {session.ours && <p className="mt-2 text-sm text-failed">{t("sessions.oursHint")}</p>}
      {end.isError && <TroubleNotice className="mt-2" trouble={trouble(end.error)} />}
    </Dialog>
  );
}
