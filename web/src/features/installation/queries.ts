import { useQuery } from "@tanstack/react-query";
import { api, unwrap } from "@/api/client";

/** How the installation stands; asked again while the page is looked at, because nothing of it is told live. */
export function useInstallation() {
  return useQuery({
    queryKey: ["installation"],
    queryFn: () => unwrap(api.GET("/api/installation")),
    refetchInterval: 10_000,
  });
}
