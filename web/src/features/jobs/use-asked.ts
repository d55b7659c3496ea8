import { useSearchParams } from "react-router";

/** A question of the job's page that stands in its address: "?ask=cancel" opens it, for a colleague too. */
export function useAsked(what: "cancel" | "resume"): [boolean, (open: boolean) => void] {
  const [search, setSearch] = useSearchParams();
  const ask = (open: boolean) =>
    setSearch(
      (before) => {
        const next = new URLSearchParams(before);
        if (open) next.set("ask", what);
        else next.delete("ask");
        return next;
      },
      { replace: true, preventScrollReset: true },
    );
  return [search.get("ask") === what, ask];
}
