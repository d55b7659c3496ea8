import { useSyncExternalStore } from "react";

export function useMedia(query: string): boolean {
  return useSyncExternalStore(
    (listener) => {
      const media = globalThis.matchMedia(query);
      media.addEventListener("change", listener);
      return () => media.removeEventListener("change", listener);
    },
    () => globalThis.matchMedia(query).matches,
  );
}

/** Where there is room for a pane beside the table. */
export function useWide(): boolean {
  return useMedia("(min-width: 1024px)");
}
