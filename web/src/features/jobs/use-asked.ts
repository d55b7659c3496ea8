import { useSearch } from "@/ui/use-search";

/** A question of the job's page that stands in its address: "?ask=cancel" opens it, for a colleague too. */
export function useAsked(what: "cancel" | "resume"): [boolean, (open: boolean) => void] {
  const [search, change] = useSearch();
  return [search.get("ask") === what, (open) => change({ ask: open ? what : null })];
}
