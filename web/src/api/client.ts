/** The one way to the API: typed by its OpenAPI document, signed, refreshed once, errors as Problem. */
import createClient from "openapi-fetch";
import { networkProblem, problemFrom } from "./problem";
import type { paths } from "./schema.gen";
import { accessToken, refreshAccessToken, sessionIsOver, signedInAgain } from "./tokens";

export const API_BASE: string = (import.meta.env["VITE_API_URL"] as string | undefined) ?? "";

function signed(request: Request, token: string | null): Request {
  const copy = request.clone();
  if (token) copy.headers.set("Authorization", `Bearer ${token}`);
  return copy;
}

function isAuth(request: Request): boolean {
  return new URL(request.url).pathname.startsWith("/api/auth/");
}

/**
 * Sends with the token; on 401 takes a new one by the cookie and tries exactly once more.
 * When the session is over, waits until the person has signed in again.
 */
export async function signedFetch(request: Request): Promise<Response> {
  try {
    if (sessionIsOver() && !isAuth(request)) await signedInAgain();
    const response = await fetch(signed(request, accessToken()));
    if (response.status !== 401 || isAuth(request)) return response;
    const fresh = (await refreshAccessToken()) ?? (await signedInAgain());
    return fresh ? await fetch(signed(request, fresh)) : response;
  } catch (cause) {
    if (cause instanceof DOMException && cause.name === "AbortError") throw cause;
    throw networkProblem(cause);
  }
}

export const api = createClient<paths>({
  // Request needs an absolute address outside browsers' documents too.
  baseUrl: API_BASE || globalThis.location.origin,
  credentials: "include",
  fetch: signedFetch,
});

interface Answer<T> {
  data?: T;
  error?: unknown;
  response: Response;
}

/** The body of a good answer; a refused one becomes a thrown Problem. */
export async function unwrap<T>(answer: Promise<Answer<T>>): Promise<NonNullable<T>> {
  const { data, error, response } = await answer;
  if (!response.ok) throw problemFrom(response.status, error);
  return data as NonNullable<T>;
}

/** Where the live connection is, for the browser's WebSocket. */
export function liveAddress(): string {
  const base = new URL("/api/live", API_BASE || globalThis.location.origin);
  base.protocol = base.protocol === "https:" ? "wss:" : "ws:";
  return base.toString();
}
