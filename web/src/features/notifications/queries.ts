import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { api, unwrap } from "@/api/client";
import type { NotificationChoiceNew } from "@/api/types";

const KEY = ["notifications"];

export function useNotifications() {
  return useQuery({ queryKey: KEY, queryFn: () => unwrap(api.GET("/api/me/notifications")) });
}

export function useChooseNotification() {
  const client = useQueryClient();
  return useMutation({
    mutationFn: (body: NotificationChoiceNew) => unwrap(api.PUT("/api/me/notifications", { body })),
    onSuccess: (all) => client.setQueryData(KEY, all),
  });
}
