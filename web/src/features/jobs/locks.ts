/** Who waits for whom around a running job, as its stream tells it. */

export interface LockSession {
  pid: number;
  /** When it began, in seconds of the epoch; an older worker does not tell it. */
  started?: number | null;
  application: string;
  username: string;
  state: string;
  /** Null: the database user may not see what others run. */
  query: string | null;
  /** Whether it is hidden because the project masks columns. */
  masked?: boolean;
  /** What it waits for just now, in PostgreSQL's own words; null while it works. */
  wait_event: string | null;
  /** Seconds since its statement began; where it is idle, its last one. */
  query_s?: number | null;
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
  /** The job's own sessions, also where they only hold. */
  own: LockSession[];
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
    own: list(data["own"]),
    waiting: list(data["waiting"]),
    blockers: list(data["blockers"]),
    blocked: list(data["blocked"]),
    builds: list(data["builds"]),
  };
  return locks.waiting.length + locks.blocked.length + locks.builds.length > 0 ? locks : null;
}

export interface Branch {
  session: LockSession;
  children: Branch[];
}

/** The job is the root: on one side whom it waits for and whom those wait for, on the other who waits for it, and for those. */
export interface Tree {
  own: LockSession[];
  above: Branch[];
  below: Branch[];
}

/** A session that several lead to stands below each of them; circles, as in a deadlock that is about to be found, are cut. */
export function treeOf({ own, waiting, blockers, blocked }: Locks): Tree {
  const ours = new Map([...waiting, ...own].map((session) => [session.pid, session]));
  const others = new Map([...blockers, ...blocked].filter(({ pid }) => !ours.has(pid)).map((session) => [session.pid, session]));
  const grow = (pids: Iterable<number>, next: (pid: number) => Iterable<number>, path: ReadonlySet<number>): Branch[] =>
    [...new Set(pids)].flatMap((pid) => {
      const session = others.get(pid);
      return session && !path.has(pid) ? [{ session, children: grow(next(pid), next, new Set([...path, pid])) }] : [];
    });
  const heldBy = (pid: number) => (ours.get(pid) ?? others.get(pid))?.blockers ?? [];
  const waitingFor = (pid: number) => [...others.values()].filter((session) => session.blockers.includes(pid)).map((session) => session.pid);
  // A job of an older worker does not tell its sessions where they only hold: those who wait name them.
  const holding = [...others.values()].flatMap((session) => session.blockers).filter((pid) => !others.has(pid));
  const roots = [...ours.keys(), ...holding];
  return {
    own: [...ours.values()],
    above: grow(roots.flatMap(heldBy), heldBy, new Set()),
    below: grow(roots.flatMap(waitingFor), waitingFor, new Set()),
  };
}
