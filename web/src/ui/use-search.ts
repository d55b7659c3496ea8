import { useCallback } from "react";
import { useSearchParams } from "react-router";

export type Changes = Record<string, string | null | undefined>;

/** What follows the "?" of the address, and how it changes: null and "" take a name away; `push` lets people go back. */
export function useSearch(): [URLSearchParams, (changes: Changes, options?: { push?: boolean }) => void] {
  const [search, setSearch] = useSearchParams();
  const change = useCallback(
    (changes: Changes, options?: { push?: boolean }) =>
      setSearch(
        () => {
          // The address itself, not what the last drawing knew of it: two changes may follow within one drawing.
          const next = new URLSearchParams(globalThis.location.search);
          for (const [name, value] of Object.entries(changes)) {
            if (value) next.set(name, value);
            else next.delete(name);
          }
          return next;
        },
        { replace: !options?.push, preventScrollReset: true },
      ),
    [setSearch],
  );
  return [search, change];
}
