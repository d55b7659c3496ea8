/** The table that is the revision graph and the fleet at once. */
import { useVirtualizer } from "@tanstack/react-virtual";
import { ChevronsUpDown } from "lucide-react";
import { type ReactNode, useEffect, useMemo, useRef, useState } from "react";
import { useLanguage } from "@/i18n";
import { cx } from "@/ui/cx";
import { FoldCell, GraphCell, graphWidth, ROW_HEIGHT } from "./graph-cell";
import type { Lanes } from "./lanes";
import { CellView, RevisionText } from "./revision-row";
import { type Row, shortIdLength } from "./rows";
import { cellOf, type EnvironmentStanding, type Graph, type RunningSteps } from "./standing";

interface TableProps {
  graph: Graph;
  lanes: Lanes;
  rows: Row[];
  standings: EnvironmentStanding[];
  running: RunningSteps;
  selected: string | null;
  selectedEnvironment: string | null;
  filtered: boolean;
  narrow: boolean;
  /** The pane stands beside it: every column gives a little. */
  compact: boolean;
  head: ReactNode;
  columnHead: (standing: EnvironmentStanding) => ReactNode;
  empty: ReactNode;
  onSelect: (revision: string, environment: string | null) => void;
  onUnfold: (from: number) => void;
}

/** Keeps the chosen row in sight, and finds it when a pasted address names it. */
function useScrollToSelected(rows: Row[], selected: string | null, ready: boolean, scrollTo: (index: number) => void) {
  const shown = useRef<string | null>(null);
  useEffect(() => {
    if (!ready || selected === null || shown.current === selected) return;
    const index = rows.findIndex((row) => row.kind === "revision" && row.revision.id === selected);
    if (index === -1) return;
    shown.current = selected;
    scrollTo(index);
  }, [rows, selected, ready, scrollTo]);
}

export function MigrationsTable(props: TableProps) {
  const { graph, lanes, rows, standings, narrow, compact, selected, head, columnHead, empty } = props;
  const { t } = useLanguage();
  // State, not a ref: the rows are drawn once the element that scrolls them is there.
  const [scroller, setScroller] = useState<HTMLDivElement | null>(null);
  const width = Math.min(graphWidth(lanes.width), narrow ? 64 : 400);
  const [text, cell] = narrow ? ["6rem", "3.9rem"] : compact ? ["14rem", "8.2rem"] : ["18rem", "9.5rem"];
  const columns = `${width}px minmax(${text},1fr) repeat(${standings.length}, ${cell})`;
  return (
    <div
      ref={setScroller}
      role="grid"
      aria-label={t("migrations.table")}
      aria-rowcount={rows.length + 1}
      tabIndex={0}
      aria-activedescendant={selected ? `revision-${selected}` : undefined}
      className="min-h-0 flex-1 overflow-auto outline-none focus-visible:shadow-[inset_0_0_0_1px_var(--accent)]"
    >
      {/* As wide as its columns: what sticks to the left does so within its row. */}
      <div style={{ minWidth: `calc(${width}px + ${text} + ${standings.length} * ${cell})` }}>
        <div role="row" className="sticky top-0 z-10 grid border-b border-line bg-bg" style={{ gridTemplateColumns: columns }}>
          <div role="columnheader" className={cx("sticky left-0 z-1 col-span-2 min-w-0 bg-bg px-3 py-2.5", EDGE)}>
            {head}
          </div>
          {standings.map((standing) => (
            <div key={standing.environment.id} className="contents">
              {columnHead(standing)}
            </div>
          ))}
        </div>
        {rows.length === 0 ? empty : <Body {...props} graph={graph} columns={columns} width={width} scroller={scroller} />}
      </div>
    </div>
  );
}

/** Where the columns of environments pass under what stays. */
const EDGE = "shadow-[1px_0_0_var(--line)]";

interface BodyProps extends TableProps {
  columns: string;
  /** Of the lanes, in pixels. */
  width: number;
  scroller: HTMLDivElement | null;
}

function Body({ rows, lanes, standings, running, selected, selectedEnvironment, filtered, narrow, compact, columns, width, scroller, graph, onSelect, onUnfold }: BodyProps) {
  const { t, number } = useLanguage();
  const virtual = useVirtualizer({
    count: rows.length,
    getScrollElement: () => scroller,
    estimateSize: () => ROW_HEIGHT,
    overscan: 20,
    scrollPaddingStart: 110,
  });
  useScrollToSelected(rows, selected, scroller !== null, (index) => virtual.scrollToIndex(index, { align: "auto" }));
  const idLength = useMemo(() => shortIdLength(graph.revisions), [graph]);
  const severalHeads = graph.heads.length > 1;
  return (
    <div className="relative" style={{ height: virtual.getTotalSize() }} role="rowgroup">
      {virtual.getVirtualItems().map((item) => {
        const row = rows[item.index];
        if (!row) return null;
        const place = { transform: `translateY(${item.start}px)`, height: ROW_HEIGHT };
        if (row.kind === "fold") {
          const lane = lanes.rows[row.from];
          return (
            <div key={item.key} role="row" aria-rowindex={item.index + 2} className="absolute inset-x-0 top-0 border-b border-line" style={place}>
              <div role="gridcell" className="h-full">
                <button type="button" onClick={() => onUnfold(row.from)} className="flex h-full w-full items-center bg-bg text-muted hover:bg-hover hover:text-text">
                  <span className="sticky left-0 flex h-full items-center pr-3">
                    {lane && <FoldCell row={lane} lanes={lanes.width} />}
                    <ChevronsUpDown aria-hidden className="mr-2 size-3.5 shrink-0" />
                    {t(row.applied ? "migrations.folded" : "migrations.foldedAlike", { count: row.count, number: number(row.count) })}
                  </span>
                </button>
              </div>
            </div>
          );
        }
        const { revision } = row;
        const cells = standings.map((standing) => cellOf(standing, revision.id, running));
        const full = cells.length > 0 && cells.every((cell) => cell.state === "applied");
        const isSelected = revision.id === selected;
        const lane = lanes.rows[row.index];
        return (
          <div
            key={item.key}
            id={`revision-${revision.id}`}
            role="row"
            aria-rowindex={item.index + 2}
            aria-selected={isSelected}
            data-revision={revision.id}
            onClick={() => onSelect(revision.id, null)}
            className={cx(
              "absolute inset-x-0 top-0 grid cursor-default border-b border-line",
              isSelected ? "bg-selected shadow-[inset_2px_0_0_var(--accent)]" : "bg-bg hover:bg-hover",
            )}
            // Without the rows' height the taller lanes would push what sticks over the border between rows.
            style={{ ...place, gridTemplateColumns: columns, gridTemplateRows: "100%" }}
          >
            {/* Lines run over the border between rows: a lane has no gaps. */}
            <div role="gridcell" className={cx("sticky left-0 z-1 overflow-x-clip bg-inherit", isSelected && "shadow-[inset_2px_0_0_var(--accent)]")}>
              {lane && <GraphCell row={lane} lanes={lanes.width} full={full} merge={revision.is_merge} bare={filtered} />}
            </div>
            <div role="gridcell" className={cx("sticky z-1 flex min-w-0 items-center gap-2 bg-inherit pr-3", EDGE)} style={{ left: width }}>
              <RevisionText revision={revision} strong={!full && cells.length > 0} narrow={narrow} compact={compact} idLength={idLength} heads={severalHeads} />
            </div>
            {standings.map((standing, index) => {
              const cell = cells[index];
              return (
                <div
                  key={standing.environment.id}
                  role="gridcell"
                  data-environment={standing.environment.slug}
                  data-state={cell?.state}
                  onClick={(event) => {
                    event.stopPropagation();
                    onSelect(revision.id, standing.environment.slug);
                  }}
                  className={cx(
                    "border-l border-line",
                    isSelected && selectedEnvironment === standing.environment.slug && "shadow-[inset_0_0_0_1.5px_var(--accent)]",
                  )}
                >
                  {cell && <CellView cell={cell} name={standing.environment.name} several={standing.databases.length > 1} narrow={narrow} />}
                </div>
              );
            })}
          </div>
        );
      })}
    </div>
  );
}
