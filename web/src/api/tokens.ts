/** The access token lives in memory only; the refresh token is an HttpOnly cookie that scripts cannot read. */
import type { Tokens } from "./types";

/** Somebody signed in; they left; or their session ended while they were at work. */
export type SessionChange = "in" | "out" | "expired";
type Listener = (change: SessionChange) => void;

const BASE: string = (import.meta.env["VITE_API_URL"] as string | undefined) ?? "";

let token: string | null = null;
let expired = false;
let refreshing: Promise<string | null> | null = null;
let waiting: ((token: string | null) => void)[] = [];
const listeners = new Set<Listener>();

export function accessToken(): string | null {
  return token;
}

function change(value: string | null, what: SessionChange): void {
  const changed = (token === null) !== (value === null);
  token = value;
  expired = what === "expired" || (expired && what === "in");
  if (changed) for (const listener of listeners) listener(what);
}

/** Signs in, or leaves for good: what still waited for a session is given up. */
export function setAccessToken(value: string | null): void {
  change(value, value === null ? "out" : "in");
  if (value === null) release(null);
}

/** Nobody is signed in, because the session ended by itself. */
export function sessionIsOver(): boolean {
  return expired && token === null;
}

/**
 * What was asked for after the session had ended waits here, so that a sign-in in place loses nothing.
 * Gives null at once where there never was a session, and later when the person leaves.
 */
export function signedInAgain(): Promise<string | null> {
  return expired ? new Promise((resolve) => waiting.push(resolve)) : Promise.resolve(token);
}

/** The same person is back: lets everything go on that waits. Nobody else's requests may be sent in their name. */
export function goOn(): void {
  expired = false;
  release(token);
}

function release(value: string | null): void {
  const all = waiting;
  waiting = [];
  for (const go of all) go(value);
}

/** Tells when somebody signs in or the session ends; returns the way to stop listening. */
export function onSession(listener: Listener): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

async function askForToken(): Promise<string | null> {
  const response = await fetch(`${BASE}/api/auth/refresh`, { method: "POST", credentials: "include" });
  if (response.status === 401 || response.status === 403 || response.status === 400) return null;
  if (!response.ok) throw new Error(`HTTP ${response.status}`);
  return ((await response.json()) as Tokens).access_token;
}

/** Two tabs that rotate one cookie at once would sign each other out: tabs take turns. */
async function inTurn(work: () => Promise<string | null>): Promise<string | null> {
  // Absent outside secure contexts, whatever the types say.
  const locks = navigator.locks as LockManager | undefined;
  if (!locks) return work();
  return locks.request("stillroom.refresh", work);
}

/**
 * A fresh access token by the cookie, or null when the session is over.
 * Everyone who asks at the same time shares one request. Throws when the service did not answer:
 * an outage must not look like a sign-out.
 */
export function refreshAccessToken(): Promise<string | null> {
  refreshing ??= inTurn(askForToken)
    .then((fresh) => {
      // Without a token there was no session that could end: a first visit, or one that is over already.
      if (fresh !== null || token !== null) change(fresh, fresh === null ? "expired" : "in");
      return fresh;
    })
    .finally(() => {
      refreshing = null;
    });
  return refreshing;
}
