/** What is chosen on the page stands in its address, so that it can be pasted to a colleague. */
import { useMemo } from "react";
import type { MoveAsked } from "./queries";
import type { MoveKind } from "./standing";
import { useSearch } from "@/ui/use-search";

const KINDS: readonly string[] = ["upgrade", "downgrade", "stamp"];

const TABS = ["upgrade", "downgrade", "file", "objects", "runs"] as const;
export type PaneTab = (typeof TABS)[number];

export interface PageState {
  revision: string | null;
  environment: string | null;
  filter: string;
  /** Long stretches that look alike are hidden. */
  folded: boolean;
  /** What the pane shows of the revision. */
  tab: PaneTab;
  move: MoveAsked | null;
}

function moveOf(search: URLSearchParams): MoveAsked | null {
  const kind = search.get("move");
  const environment = search.get("on");
  const revision = search.get("to");
  if (!kind || !KINDS.includes(kind) || !environment || !revision) return null;
  return { kind: kind as MoveKind, environment, revision, database: search.get("database"), commit: search.get("commit") };
}

export function useAddress() {
  const [search, change] = useSearch();
  const state = useMemo<PageState>(
    () => ({
      revision: search.get("revision"),
      environment: search.get("environment"),
      filter: search.get("q") ?? "",
      folded: search.get("fold") !== "off",
      tab: TABS.find((tab) => tab === search.get("tab")) ?? "upgrade",
      move: moveOf(search),
    }),
    [search],
  );
  return {
    ...state,
    select: (revision: string | null, environment: string | null) => change({ revision, environment }),
    setFilter: (q: string) => change({ q }),
    setTab: (tab: PaneTab) => change({ tab: tab === "upgrade" ? null : tab }),
    setFolded: (folded: boolean) => change({ fold: folded ? null : "off" }),
    ask: (move: MoveAsked | null) =>
      change(
        {
          move: move?.kind ?? null,
          on: move?.environment ?? null,
          to: move?.revision ?? null,
          database: move?.database ?? null,
          commit: move?.commit ?? null,
        },
        { push: move !== null },
      ),
  };
}
