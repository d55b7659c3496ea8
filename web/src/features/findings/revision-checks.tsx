/** What in one direction of a revision may hurt; beside its source, whose lines it shows. */
import { useTrouble } from "@/api/use-trouble";
import { useLanguage } from "@/i18n";
import { TroubleNotice } from "@/ui/notice";
import { Skeleton } from "@/ui/states";
import { FindingList } from "./finding-list";
import { type Direction, useRevisionFindings } from "./queries";
import { countsOf } from "./sum";
import { useFindingTexts } from "./texts";

interface ChecksProps {
  project: string;
  commit: string;
  revision: string;
  direction: Direction;
  onLine: (line: number) => void;
}

export function RevisionChecks({ project, commit, revision, direction, onLine }: ChecksProps) {
  const { t } = useLanguage();
  const trouble = useTrouble();
  const texts = useFindingTexts();
  const found = useRevisionFindings(project, commit, revision, direction);
  if (found.isError) return <TroubleNotice className="m-4" trouble={trouble(found.error)} onRetry={() => void found.refetch()} />;
  if (!found.data)
    return (
      <div className="px-4 py-3" role="status" aria-label={t("common.loading")}>
        <Skeleton className="h-3 w-1/2" />
      </div>
    );
  const { findings } = found.data;
  return (
    <section aria-label={t("findings.checks")} className="border-b border-line px-4 py-2.5">
      {findings && findings.length > 0 && (
        <h3 className="mb-2 text-sm font-semibold">
          {t("findings.checks")} <span className="font-normal text-muted">· {texts.counts(countsOf([findings]))}</span>
        </h3>
      )}
      <FindingList findings={findings} onLine={onLine} />
    </section>
  );
}
