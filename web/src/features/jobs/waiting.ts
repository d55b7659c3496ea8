import type { Job } from "@/api/types";
import { useLanguage } from "@/i18n";

type Waiting = NonNullable<Job["waiting"]>;

/** Why a job does not go on: who holds its database, and its place in the line. */
export function useWaiting(): (waiting: Waiting) => string {
  const { t, duration } = useLanguage();
  return ({ holder, session, unread, position }) => {
    const place = position > 1 ? ` ${t("jobs.place", { position })}` : "";
    if (session) {
      const since = session.since ? duration(Math.max(0, Date.now() - Date.parse(session.since))) : "";
      const name = session.application || t("jobs.unnamed");
      return t("jobs.waitsForSession", { name, username: session.username, pid: String(session.pid), since }).trim() + place;
    }
    if (holder) return t("jobs.waitsForPerson", { number: holder.number, name: holder.actor.name }) + place;
    return (unread ? t("jobs.waitsForReading") : t("jobs.waitsForWorker")) + place;
  };
}
