/** What may hurt in revisions and plans, for the pages that show these; it comes after them, with its own texts. */
import { type ComponentType, lazy, type ReactNode, Suspense } from "react";
import type { MarkOf } from "@/features/findings/plan-checks";
import { needPart } from "@/i18n/parts";
import { Skeleton } from "@/ui/states";

/** A part of a page with what it says, both on their way at once; without it the page is what it was. */
function later<Props>(load: () => Promise<ComponentType<Props>>, without: ComponentType<Props>) {
  return lazy(async () => {
    try {
      return { default: (await Promise.all([load(), needPart("findings")]))[0] };
    } catch {
      return { default: without };
    }
  });
}

const unmarked: MarkOf = () => null;

const RevisionChecks = later(async () => (await import("@/features/findings/revision-checks")).RevisionChecks, () => null);
const PlanChecks = later(async () => (await import("@/features/findings/plan-checks")).PlanChecks, ({ children }) => children(unmarked));
const PlanDangers = later(async () => (await import("@/features/findings/plan-checks")).PlanDangers, () => null);

interface RevisionProps {
  project: string;
  commit: string;
  revision: string;
  direction: "upgrade" | "downgrade";
  onLine: (line: number) => void;
}

export function ChecksOfRevision(props: RevisionProps) {
  return (
    <Suspense fallback={<Skeleton className="mx-4 my-3 h-3 w-1/2" />}>
      <RevisionChecks {...props} />
    </Suspense>
  );
}

/** The steps are drawn at once, and marked when it is known what is in them. */
export function ChecksOfPlan({ plan, children }: { plan: string; children: (markOf: MarkOf) => ReactNode }) {
  return (
    <Suspense
      fallback={
        <>
          <div className="flex h-5 items-center">
            <Skeleton className="h-3 w-1/2" />
          </div>
          {children(unmarked)}
        </>
      }
    >
      <PlanChecks plan={plan}>{children}</PlanChecks>
    </Suspense>
  );
}

export function DangersOfPlan({ plan }: { plan: string }) {
  return (
    <Suspense>
      <PlanDangers plan={plan} />
    </Suspense>
  );
}
