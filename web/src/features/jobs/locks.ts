/** Who waits for whom around a running job, as its stream tells it. */

export interface LockSession {
  pid: number;
  application: string;
  username: string;
  state: string;
  /** Null: the database user may not see what others run. */
  query: string | null;
  /** Whom this session waits for. */
  blockers: number[];
  wants: string | null;
  waits_s: number | null;
  transaction_s: number | null;
}

export interface Build {
  pid: number;
  phase: string;
  relation: string;
  percent: number | null;
}

export interface Locks {
  /** When the server was looked at. */
  at: number;
  waiting: LockSession[];
  blockers: LockSession[];
  blocked: LockSession[];
  builds: Build[];
}

function list<Item>(value: unknown): Item[] {
  return Array.isArray(value) ? (value as Item[]) : [];
}

/** Null when nobody waits and nothing is built: then there is nothing to show. */
export function locksOf(at: number, data: Record<string, unknown>): Locks | null {
  const locks: Locks = {
    at,
    waiting: list(data["waiting"]),
    blockers: list(data["blockers"]),
    blocked: list(data["blocked"]),
    builds: list(data["builds"]),
  };
  return locks.waiting.length + locks.blocked.length + locks.builds.length > 0 ? locks : null;
}

export interface Branch {
  session: LockSession;
  ours: boolean;
  children: Branch[];
}

/** Holders above those who wait for them. A session that waits for two holders stands below both; circles are cut. */
export function treeOf({ waiting, blockers, blocked }: Locks): Branch[] {
  const all = new Map([...waiting, ...blockers, ...blocked].map((session) => [session.pid, session]));
  const ours = new Set(waiting.map((session) => session.pid));
  // The job's own session is not told when it only holds: those who wait for it name it.
  const known = (session: LockSession) => session.blockers.filter((pid) => all.has(pid));
  const below = (pid: number, above: ReadonlySet<number>): Branch[] =>
    [...all.values()]
      .filter((session) => session.blockers.includes(pid) && !above.has(session.pid))
      .map((session) => ({ session, ours: ours.has(session.pid), children: below(session.pid, new Set([...above, session.pid])) }));
  const roots = [...all.values()].filter((session) => known(session).length === 0);
  return roots.map((session) => ({ session, ours: ours.has(session.pid), children: below(session.pid, new Set([session.pid])) }));
}
