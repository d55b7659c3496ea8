import { memo } from "react";
import type { Revision } from "@/api/types";
import { useLanguage } from "@/i18n";
import { clock } from "@/i18n/format";
import { Chip, PointerTag } from "@/ui/chip";
import { cx } from "@/ui/cx";
import { type Mark, StateMark } from "@/ui/state-mark";
import { Ago } from "@/ui/time";
import { useNow } from "@/ui/use-now";
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

/** "running 0:07", counting. */
function Running({ text, since }: { text: string; since: string | null }) {
  const now = useNow(since ? 1_000 : null);
  return <>{since ? `${text} ${clock(now - Date.parse(since))}` : text}</>;
}

/** "Mira Aalto" is "MA" where a column is narrow; the whole name stands in the title. */
function initials(name: string): string {
  const [first = "", second] = name.split(/[\s@._-]+/).filter(Boolean);
  const [letter = ""] = Array.from(second ?? "");
  return letter ? `${Array.from(first)[0] ?? ""}${letter}`.toUpperCase() : Array.from(first).slice(0, 2).join("");
}

/** Who brought it there and how long it took; the whole story stands in the title. */
function useStory(): (cell: Cell, name: string) => { text: string; short: string | null } {
  const { t, duration, ago } = useLanguage();
  const cellText = useCellText();
  return (cell, name) => {
    const text = `${name}: ${cellText(cell)}`;
    const { run } = cell;
    if (!run || (cell.state !== "applied" && cell.state !== "partial" && cell.state !== "failed")) return { text, short: null };
    const facts = [run.actor, ...(run.at ? [ago(run.at)] : []), ...(run.ms === null ? [] : [duration(run.ms)]), t("migrations.jobNumber", { number: run.number })];
    return { text: `${text} · ${facts.join(" · ")}`, short: run.ms === null ? initials(run.actor) : `${initials(run.actor)} · ${duration(run.ms)}` };
  };
}

export const CellView = memo(function CellView({ cell, name, several, narrow }: CellViewProps) {
  const text = useCellText()(cell);
  const story = useStory()(cell, name);
  const loud = cell.state === "running" || cell.state === "partial" || cell.state === "failed" || cell.state === "queued";
  return (
    <span className={cx("flex h-full min-w-0 items-center gap-1.5", narrow ? "justify-center" : "px-3")} title={story.text}>
      <StateMark mark={MARKS[cell.state]} />
      <span className="sr-only">{story.text}</span>
      {cell.headOf.length > 0 && !narrow && (
        <PointerTag title={cell.headOf.join(", ")}>{several ? `HEAD ${cell.headOf.length}` : "HEAD"}</PointerTag>
      )}
      {cell.headOf.length > 0 && narrow && <span className="h-3 w-1 rounded-sm bg-pointer" />}
      {!narrow && (loud || story.short) && (
        <span
          aria-hidden
          className={cx("truncate text-xs", cell.state === "running" ? "text-running tabular-nums" : cell.state === "failed" ? "text-failed" : "text-muted")}
        >
          {cell.state === "running" ? <Running text={text} since={cell.since} /> : loud ? text : story.short}
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
