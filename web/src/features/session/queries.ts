import { queryOptions, useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { api, unwrap } from "@/api/client";
import { PasskeyFailed, readPasskey } from "@/api/passkeys";
import { refreshAccessToken, setAccessToken } from "@/api/tokens";
import type { Me, PasskeyAnswer } from "@/api/types";

export const meQuery = queryOptions({
  queryKey: ["me"],
  queryFn: readMe,
  meta: { place: true },
  staleTime: 60_000,
});

/** Who the session belongs to now, whatever was known before. */
export function readMe(): Promise<Me> {
  return unwrap<Me>(api.GET("/api/me"));
}

export async function signIn(email: string, password: string, second: { code?: string; passkey?: PasskeyAnswer } = {}): Promise<void> {
  const tokens = await unwrap(api.POST("/api/auth/sign-in", { body: { email, password, ...second } }));
  setAccessToken(tokens.access_token);
}

/** What a passkey answers to a new challenge, unless it is no longer wanted when that comes. */
export async function askPasskey(mediation?: "conditional", over?: AbortSignal): Promise<PasskeyAnswer> {
  const { options } = await unwrap(api.POST("/api/auth/passkeys/begin"));
  if (over?.aborted) throw new PasskeyFailed("silent");
  return readPasskey(options, mediation);
}

export async function signInWithPasskey(mediation?: "conditional", over?: AbortSignal): Promise<void> {
  const credential = await askPasskey(mediation, over);
  const tokens = await unwrap(api.POST("/api/auth/passkeys/sign-in", { body: { credential } }));
  setAccessToken(tokens.access_token);
}

/** True when the cookie still opens a session; throws when the service does not answer. */
export async function resumeSession(): Promise<boolean> {
  return (await refreshAccessToken()) !== null;
}

export async function signOut(): Promise<void> {
  try {
    await api.POST("/api/auth/sign-out");
  } finally {
    setAccessToken(null);
  }
}

/** What is offered to people who are not signed in. */
export function useOptions() {
  return useQuery({ queryKey: ["options"], queryFn: () => unwrap(api.GET("/api/auth/options")), staleTime: Infinity });
}

/** The person's language and theme follow them to the next browser. */
export function useSavePreference() {
  const client = useQueryClient();
  return useMutation({
    mutationFn: (change: { name?: string; locale?: "en" | "ru"; theme?: "light" | "dark" | "system" }) =>
      unwrap<Me>(api.PATCH("/api/me", { body: change })),
    onSuccess: (me) => client.setQueryData(meQuery.queryKey, me),
  });
}
