import { useInfiniteQuery, useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { api, unwrap } from "@/api/client";
import { createPasskey } from "@/api/passkeys";

export function useSecurity() {
  return useQuery({ queryKey: ["me", "security"], queryFn: () => unwrap(api.GET("/api/me/security")) });
}

export function useSignIns() {
  return useQuery({ queryKey: ["me", "sessions"], queryFn: async () => (await unwrap(api.GET("/api/me/sessions"))).items });
}

/** What happened to one's own account, newest first, a page at a time. */
export function useAccountLog() {
  return useInfiniteQuery({
    queryKey: ["me", "events"],
    queryFn: ({ pageParam }) => unwrap(api.GET("/api/me/events", { params: { query: pageParam ? { before: pageParam } : {} } })),
    initialPageParam: "",
    getNextPageParam: (last) => last.next_before ?? undefined,
  });
}

/** After any change of one's own account, it is asked for anew. */
function useChange<Value, Answer>(send: (value: Value) => Promise<Answer>) {
  const client = useQueryClient();
  return useMutation({ mutationFn: send, onSuccess: () => client.invalidateQueries({ queryKey: ["me"] }) });
}

export const useChangePassword = () =>
  useChange((body: { current: string; new: string }) => unwrap(api.POST("/api/me/password", { body })));

export const useChangeEmail = () =>
  useChange((body: { current: string; email: string }) => unwrap(api.POST("/api/me/email", { body })));

export const useBeginSecondFactor = () =>
  useChange((current: string) => unwrap(api.POST("/api/me/second-factor", { body: { current } })));

export const useConfirmSecondFactor = () =>
  useChange((code: string) => unwrap(api.POST("/api/me/second-factor/confirm", { body: { code } })));

export const useEndSecondFactor = () =>
  useChange((current: string) => unwrap(api.POST("/api/me/second-factor/off", { body: { current } })));

export function usePasskeys() {
  return useQuery({ queryKey: ["me", "passkeys"], queryFn: async () => (await unwrap(api.GET("/api/me/passkeys"))).items });
}

export const useAddPasskey = () =>
  useChange(async ({ name, current }: { name: string; current: string }) => {
    const { options } = await unwrap(api.POST("/api/me/passkeys/begin", { body: { current } }));
    return unwrap(api.POST("/api/me/passkeys", { body: { name, credential: await createPasskey(options) } }));
  });

export const useRenamePasskey = () =>
  useChange(({ id, name }: { id: string; name: string }) =>
    unwrap(api.PATCH("/api/me/passkeys/{passkey}", { params: { path: { passkey: id } }, body: { name } })),
  );

export const useRemovePasskey = () =>
  useChange(({ id, current }: { id: string; current: string }) =>
    unwrap(api.POST("/api/me/passkeys/{passkey}/remove", { params: { path: { passkey: id } }, body: { current } })),
  );

/** One sign-in, or with null every other one. */
export const useEndSignIn = () =>
  useChange((id: string | null) =>
    id === null
      ? unwrap(api.DELETE("/api/me/sessions"))
      : unwrap(api.DELETE("/api/me/sessions/{sign_in}", { params: { path: { sign_in: id } } })),
  );

export const useLeave = () =>
  useChange((org: string) => unwrap(api.DELETE("/api/me/organizations/{org}", { params: { path: { org } } })));

export const useFound = () =>
  useChange((body: { slug: string; name: string }) => unwrap(api.POST("/api/orgs", { body })));
