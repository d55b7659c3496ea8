/** What in a plan may hurt: a line above its steps, and a mark on each that opens what was found. */
import { ChevronDown } from "lucide-react";
import { type ReactNode, useState } from "react";
import type { PlanFindings } from "@/api/types";
import { useLanguage } from "@/i18n";
import { Button } from "@/ui/button";
import { Notice } from "@/ui/notice";
import { Skeleton } from "@/ui/states";
import { Ago } from "@/ui/time";
import { FindingList } from "./finding-list";
import { LevelChip, LevelIcon } from "./level";
import { usePlanFindings } from "./queries";
import { countsOf, stepFinder } from "./sum";
import { useFindingTexts } from "./texts";

/** What stands beside a step and below it. */
export interface StepMark {
  beside: ReactNode;
  below: ReactNode;
}

export type MarkOf = (step: { revision: string; direction: string }) => StepMark | null;

interface ChecksProps {
  plan: string;
  /** The steps of the plan; they are there whatever becomes of the findings. */
  children: (markOf: MarkOf) => ReactNode;
}

export function PlanChecks({ plan, children }: ChecksProps) {
  const { t } = useLanguage();
  const found = usePlanFindings(plan);
  const [opened, setOpened] = useState<ReadonlySet<string>>(new Set());
  const stepOf = found.data && stepFinder(found.data.steps);
  const markOf: MarkOf = ({ revision, direction }) => {
    const step = stepOf?.(revision, direction);
    const counts = step ? countsOf([step.findings]) : [];
    const [worst] = counts;
    if (!step || !worst) return null;
    const key = `${direction} ${revision}`;
    const open = opened.has(key);
    return {
      beside: <Mark counts={counts} open={open} onOpen={() => setOpened(open ? new Set([...opened].filter((one) => one !== key)) : new Set(opened).add(key))} />,
      below: open && (
        <div className="border-t border-line bg-code px-2.5 py-2">
          <FindingList findings={step.findings} />
        </div>
      ),
    };
  };
  return (
    <>
      <div aria-live="polite" className="text-sm">
        {found.isError ? (
          <p className="flex items-center gap-2 text-muted">
            {t("findings.failed")}
            <Button size="small" onClick={() => void found.refetch()}>
              {t("common.retry")}
            </Button>
          </p>
        ) : found.data ? (
          <PlanSum findings={found.data} />
        ) : (
          <div role="status" aria-label={t("common.loading")} className="flex h-5 items-center">
            <Skeleton className="h-3 w-1/2" />
          </div>
        )}
      </div>
      {children(markOf)}
    </>
  );
}

interface MarkProps {
  counts: ReturnType<typeof countsOf>;
  open: boolean;
  onOpen: () => void;
}

function Mark({ counts, open, onOpen }: MarkProps) {
  const texts = useFindingTexts();
  const [worst] = counts;
  if (!worst) return null;
  return (
    <button type="button" aria-expanded={open} onClick={onOpen} title={texts.counts(counts)} className="ml-auto inline-flex shrink-0 items-center gap-1 rounded">
      <LevelChip level={worst.level} count={counts.reduce((sum, { count }) => sum + count, 0)} />
      <ChevronDown aria-hidden className={`size-3 text-muted ${open ? "rotate-180" : ""}`} />
    </button>
  );
}

/** "2 dangers, 1 warning; sizes as read 5 minutes ago". */
function PlanSum({ findings }: { findings: PlanFindings }) {
  const { t, rich } = useLanguage();
  const texts = useFindingTexts();
  const counts = countsOf(findings.steps.map((step) => step.findings));
  const [worst] = counts;
  if (findings.steps.length === 0) return null;
  if (!worst) return <p className="text-muted">{t("findings.none")}</p>;
  const said = texts.counts(counts);
  // A size matters to what looks at every row.
  const timed = findings.steps.some((step) => step.findings?.some(({ rows }) => rows !== null));
  const read = findings.read_at && rich("findings.sizesRead", { counts: said, when: <Ago at={findings.read_at} /> });
  return (
    <p className="flex items-start gap-1.5">
      <span className="mt-0.5">
        <LevelIcon level={worst.level} />
      </span>
      <span>{timed ? (read ?? t("findings.sizesUnknown", { counts: said })) : said}</span>
    </p>
  );
}

/** Said to whoever decides about a plan before they do; nothing where there is no danger. */
export function PlanDangers({ plan }: { plan: string }) {
  const { t } = useLanguage();
  const texts = useFindingTexts();
  const found = usePlanFindings(plan);
  const files = found.data?.steps.map((step) => step.findings) ?? [];
  const counts = countsOf(files);
  if (counts[0]?.level !== "danger") return null;
  const dangers = files.flatMap((findings) => findings?.filter(({ severity }) => severity === "danger") ?? []);
  return (
    <Notice kind="warning" title={t("findings.beforeDeciding", { counts: texts.counts(counts) })}>
      <div className="mt-1.5 max-h-72 overflow-y-auto">
        <FindingList findings={dangers} />
      </div>
    </Notice>
  );
}
