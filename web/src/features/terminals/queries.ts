import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { api, unwrap } from "@/api/client";
import { asProblem } from "@/api/problem";
import type { Terminal } from "@/api/types";

const keyOf = (code: string) => ["terminal", code];

/** The terminal that shows this code; it is asked for once, since wrong codes are counted. */
export function useTerminal(code: string) {
  return useQuery({
    queryKey: keyOf(code),
    queryFn: () => unwrap<Terminal>(api.GET("/api/me/terminals/{code}", { params: { path: { code } } })),
    enabled: code !== "",
    staleTime: Infinity,
    gcTime: 0,
    retry: false,
  });
}

export function useAnswerTerminal(code: string) {
  const client = useQueryClient();
  return useMutation({
    mutationFn: (answer: "approve" | "refuse") =>
      unwrap<Terminal>(api.POST("/api/me/terminals/{code}", { params: { path: { code } }, body: { answer } })),
    onSuccess: (terminal) => client.setQueryData(keyOf(code), terminal),
    // It ended meanwhile, or another tab has answered it: how it stands is asked again.
    onError: (cause) => ([404, 409].includes(asProblem(cause).status) ? client.invalidateQueries({ queryKey: keyOf(code) }) : undefined),
  });
}
