import { memo } from "react";
import type { Revision } from "@/api/types";
import { useLanguage } from "@/i18n";
import { Chip, PointerTag } from "@/ui/chip";
import { cx } from "@/ui/cx";
import { type Mark, StateMark } from "@/ui/state-mark";
import { Ago } from "@/ui/time";
import type { Cell, CellState } from "./standing";

export const MARKS: Record<CellState, Mark> = {
  applied: "applied",
  partial: "partial",
  pending: "pending",
  queued: "pending",
  running: "running",
  failed: "failed",
  unknown: "unknown",
};

export function useCellText(): (cell: Cell) => string {
  const { t } = useLanguage();
  return (cell) => {
    if (cell.state === "partial") return t("migrations.cell.partial", { applied: cell.applied, total: cell.total });
    return t(`migrations.cell.${cell.state}`);
  };
}

interface CellViewProps {
  cell: Cell;
  name: string;
  several: boolean;
  narrow: boolean;
}

export const CellView = memo(function CellView({ cell, name, several, narrow }: CellViewProps) {
  const text = useCellText()(cell);
  const loud = cell.state === "running" || cell.state === "partial" || cell.state === "failed" || cell.state === "queued";
  return (
    <span className={cx("flex h-full min-w-0 items-center gap-1.5", narrow ? "justify-center" : "px-3")} title={`${name}: ${text}`}>
      <StateMark mark={MARKS[cell.state]} />
      <span className="sr-only">{`${name}: ${text}`}</span>
      {cell.headOf.length > 0 && !narrow && (
        <PointerTag title={cell.headOf.join(", ")}>{several ? `HEAD ${cell.headOf.length}` : "HEAD"}</PointerTag>
      )}
      {cell.headOf.length > 0 && narrow && <span className="h-3 w-1 rounded-sm bg-pointer" />}
      {loud && !narrow && (
        <span aria-hidden className={cx("truncate text-xs", cell.state === "running" ? "text-running" : "text-muted")}>
          {text}
        </span>
      )}
    </span>
  );
});

interface RevisionTextProps {
  revision: Revision;
  strong: boolean;
  narrow: boolean;
  compact: boolean;
  /** How many letters of an id tell it from the others. */
  idLength: number;
  heads: boolean;
}

export function RevisionText({ revision, strong, narrow, compact, idLength, heads }: RevisionTextProps) {
  const { t } = useLanguage();
  return (
    <>
      {!narrow && (
        <code className="shrink-0 truncate text-xs text-muted" style={{ width: `${idLength + 0.6}ch` }} title={revision.id}>
          {revision.id.slice(0, idLength)}
        </code>
      )}
      <span className={cx("min-w-0 truncate", strong && "font-semibold")}>{revision.message || revision.id}</span>
      {revision.is_merge && !narrow && <Chip>{t("migrations.merge")}</Chip>}
      {heads && revision.is_head && !narrow && <Chip tone="pending">{t("migrations.headChip")}</Chip>}
      {revision.labels.map((label) => (
        <Chip key={label} tone="accent" className={narrow ? "max-w-16" : undefined}>
          <span className="truncate">{label}</span>
        </Chip>
      ))}
      {!narrow && (
        <span className="ml-auto flex shrink-0 gap-1 pl-2 text-xs text-muted">
          {revision.author && !compact && <span className="max-w-28 truncate max-xl:hidden">{revision.author}</span>}
          {revision.author && revision.date && !compact && <span className="max-xl:hidden">·</span>}
          {revision.date && <Ago at={revision.date} short />}
        </span>
      )}
    </>
  );
}
