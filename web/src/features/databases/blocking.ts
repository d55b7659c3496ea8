/** Who waits for whom: those that hold something others wait for come first, each with who waits below. */
import type { SessionOfDatabase } from "@/api/types";

export interface SessionRow {
  session: SessionOfDatabase;
  depth: number;
}

export function sessionRows(sessions: readonly SessionOfDatabase[]): SessionRow[] {
  const byPid = new Map(sessions.map((session) => [session.pid, session]));
  const waiting = new Map<number, SessionOfDatabase[]>();
  for (const session of sessions)
    for (const pid of session.blockers) waiting.set(pid, [...(waiting.get(pid) ?? []), session]);
  const rows: SessionRow[] = [];
  const told = new Set<number>();
  const tell = (session: SessionOfDatabase, depth: number) => {
    if (told.has(session.pid)) return; // waits for several, or a circle that the server will break
    told.add(session.pid);
    rows.push({ session, depth });
    for (const below of waiting.get(session.pid) ?? []) tell(below, depth + 1);
  };
  const waitsHere = (session: SessionOfDatabase) => session.blockers.some((pid) => byPid.has(pid));
  for (const session of sessions) if (waiting.has(session.pid) && !waitsHere(session)) tell(session, 0);
  for (const session of sessions) if (!waitsHere(session)) tell(session, 0);
  for (const session of sessions) tell(session, 0);
  return rows;
}
