import type { ReactNode } from "react";
import { Button } from "./button";
import { cx } from "./cx";

interface Pages {
  hasNextPage: boolean;
  isFetchingNextPage: boolean;
  fetchNextPage: () => unknown;
}

/** The button below a list that has more pages; nothing where there are none. */
export function LoadMore({ pages, className = "justify-center p-4", children }: { pages: Pages; className?: string; children: ReactNode }) {
  if (!pages.hasNextPage) return null;
  return (
    <div className={cx("flex", className)}>
      <Button busy={pages.isFetchingNextPage} onClick={() => void pages.fetchNextPage()}>
        {children}
      </Button>
    </div>
  );
}
