/** The access token lives in memory only; the refresh token is an HttpOnly cookie that scripts cannot read. */
import type { Tokens } from "./types";

type Listener = (signedIn: boolean) => void;

const BASE: string = (import.meta.env["VITE_API_URL"] as string | undefined) ?? "";

let token: string | null = null;
let refreshing: Promise<string | null> | null = null;
const listeners = new Set<Listener>();

export function accessToken(): string | null {
  return token;
}

export function setAccessToken(value: string | null): void {
  const changed = (token === null) !== (value === null);
  token = value;
  if (changed) for (const listener of listeners) listener(value !== null);
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
      setAccessToken(fresh);
      return fresh;
    })
    .finally(() => {
      refreshing = null;
    });
  return refreshing;
}
