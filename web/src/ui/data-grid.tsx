/** Rows and columns of data; hundreds of columns and thousands of rows stay quick, because only what is seen is drawn. */
import { useVirtualizer } from "@tanstack/react-virtual";
import { ArrowDown, ArrowUp, EyeOff } from "lucide-react";
import { type KeyboardEvent, useId, useRef, useState } from "react";
import { useLanguage } from "@/i18n";
import { CopyButton } from "./copy-button";
import { cx } from "./cx";
import { Dialog } from "./dialog";
import { Name } from "./name";
import { Tooltip } from "./tooltip";

export interface GridColumn {
  name: string;
  type: string;
  category: string;
  /** Why its values are not shown in clear; there is no sorting by it then. */
  masked?: string | null;
}

interface DataGridProps {
  label: string;
  columns: GridColumn[];
  rows: (string | null)[][];
  isCut?: (row: number, column: number) => boolean;
  sort?: { column: string; descending: boolean } | null;
  onSort?: (column: string) => void;
}

interface Cell {
  row: number;
  column: number;
}

const HEAD = 42;
const ROW = 26;
/** Rows that a page key goes. */
const PAGE = 20;

/** As wide as what is in it asks for, between limits. */
function widthOf(column: GridColumn, rows: (string | null)[][], at: number): number {
  let longest = Math.max(column.name.length + 2, Math.min(column.type.length, 16));
  for (const row of rows.slice(0, 50)) longest = Math.max(longest, Math.min(40, row[at]?.length ?? 4));
  return Math.round(longest * 7.4) + 20;
}

export function DataGrid({ label, columns, rows, isCut, sort, onSort }: DataGridProps) {
  const { t } = useLanguage();
  const scroller = useRef<HTMLDivElement>(null);
  const [open, setOpen] = useState<Cell | null>(null);
  const [chosen, setChosen] = useState<Cell>({ row: 0, column: 0 });
  const id = useId();
  const down = useVirtualizer({
    count: rows.length,
    getScrollElement: () => scroller.current,
    estimateSize: () => ROW,
    paddingStart: HEAD,
    scrollPaddingStart: HEAD,
    overscan: 10,
  });
  const across = useVirtualizer({
    horizontal: true,
    count: columns.length,
    getScrollElement: () => scroller.current,
    estimateSize: (at) => (columns[at] ? widthOf(columns[at], rows, at) : 100),
    overscan: 3,
  });
  const seen = across.getVirtualItems();
  const value = open ? rows[open.row]?.[open.column] : undefined;
  const active = { row: Math.min(chosen.row, rows.length - 1), column: Math.min(chosen.column, columns.length - 1) };
  const go = (row: number, column: number) => {
    const to = { row: Math.max(0, Math.min(rows.length - 1, row)), column: Math.max(0, Math.min(columns.length - 1, column)) };
    setChosen(to);
    down.scrollToIndex(to.row);
    across.scrollToIndex(to.column);
  };
  const onKeyDown = (event: KeyboardEvent) => {
    // Keys on a column's button are that button's.
    if (event.target !== scroller.current || event.altKey || rows.length === 0) return;
    const far = event.ctrlKey || event.metaKey;
    const keys: Record<string, () => void> = {
      ArrowDown: () => go(active.row + 1, active.column),
      ArrowUp: () => go(active.row - 1, active.column),
      ArrowRight: () => go(active.row, active.column + 1),
      ArrowLeft: () => go(active.row, active.column - 1),
      PageDown: () => go(active.row + PAGE, active.column),
      PageUp: () => go(active.row - PAGE, active.column),
      Home: () => go(far ? 0 : active.row, 0),
      End: () => go(far ? rows.length - 1 : active.row, columns.length - 1),
      Enter: () => setOpen(active),
      " ": () => setOpen(active),
    };
    const act = keys[event.key];
    if (!act || (far && event.key !== "Home" && event.key !== "End")) return;
    event.preventDefault();
    act();
  };
  return (
    <div
      ref={scroller}
      tabIndex={0}
      role="grid"
      aria-label={label}
      aria-rowcount={rows.length + 1}
      aria-colcount={columns.length}
      aria-activedescendant={rows.length > 0 ? `${id}-${active.row}-${active.column}` : undefined}
      onKeyDown={onKeyDown}
      className="group h-full min-h-0 overflow-auto outline-offset-[-2px]"
    >
      <div role="presentation" style={{ width: across.getTotalSize(), height: down.getTotalSize() }} className="relative text-sm">
        <div role="rowgroup" className="sticky top-0 z-10">
          <div role="row" aria-rowindex={1} style={{ height: HEAD }} className="relative border-b border-line bg-side">
            {seen.map((place) => {
              const column = columns[place.index];
              if (!column) return null;
              const sorted = sort?.column === column.name;
              return (
                <div
                  key={place.index}
                  role="columnheader"
                  aria-colindex={place.index + 1}
                  aria-sort={sorted ? (sort.descending ? "descending" : "ascending") : undefined}
                  style={{ left: place.start, width: place.size }}
                  className="absolute inset-y-0 overflow-hidden border-r border-line px-2 py-1"
                >
                  {column.masked ? (
                    <Tooltip text={column.masked}>
                      <span tabIndex={0} className="flex w-fit max-w-full items-center gap-1 font-medium">
                        <Name text={column.name} className="truncate font-mono text-[12px]" />
                        <EyeOff aria-label={column.masked} role="img" className="size-3 shrink-0 text-muted" />
                      </span>
                    </Tooltip>
                  ) : onSort ? (
                    <button type="button" onClick={() => onSort(column.name)} className="flex w-full items-center gap-1 text-left font-medium hover:text-accent-text">
                      <Name text={column.name} className="truncate font-mono text-[12px]" />
                      {sorted && (sort.descending ? <ArrowDown aria-hidden className="size-3" /> : <ArrowUp aria-hidden className="size-3" />)}
                    </button>
                  ) : (
                    <Name text={column.name} className="block truncate font-mono text-[12px] font-medium" />
                  )}
                  <span className="block truncate text-[11px] text-muted">{column.type}</span>
                </div>
              );
            })}
          </div>
        </div>
        <div role="rowgroup">
          {down.getVirtualItems().map((line) => {
            const row = rows[line.index];
            return (
              row && (
                <div key={line.index} role="row" aria-rowindex={line.index + 2} style={{ top: line.start, height: ROW }} className="absolute inset-x-0 border-b border-line hover:bg-hover">
                  {seen.map((place) => {
                    const text = row[place.index];
                    return (
                      <div
                        key={place.index}
                        id={`${id}-${line.index}-${place.index}`}
                        role="gridcell"
                        aria-colindex={place.index + 1}
                        onClick={() => setChosen({ row: line.index, column: place.index })}
                        onDoubleClick={() => setOpen({ row: line.index, column: place.index })}
                        title={columns[place.index]?.masked ?? undefined}
                        style={{ left: place.start, width: place.size }}
                        className={cx(
                          "absolute inset-y-0 truncate border-r border-line px-2 leading-[26px]",
                          text === null || text === undefined ? "text-muted italic" : "font-mono text-[12px]",
                          columns[place.index]?.masked && "bg-side text-muted",
                          columns[place.index]?.category === "N" && "text-right",
                          line.index === active.row && place.index === active.column && "group-focus-visible:inset-ring-2 group-focus-visible:inset-ring-accent",
                        )}
                      >
                        {text === null || text === undefined ? "null" : text === "" ? <span className="text-muted">""</span> : <Name text={text.slice(0, 200)} />}
                        {isCut?.(line.index, place.index) && <span className="text-muted">…</span>}
                      </div>
                    );
                  })}
                </div>
              )
            );
          })}
        </div>
      </div>
      <Dialog open={open !== null} onClose={() => setOpen(null)} wide title={<Name text={open ? (columns[open.column]?.name ?? "") : ""} />}>
        <div className="flex items-start gap-2">
          <pre tabIndex={0} className="max-h-96 min-w-0 flex-1 overflow-auto bg-code p-2 font-mono text-[12px] break-all whitespace-pre-wrap">
            <bdi>{value ?? "null"}</bdi>
          </pre>
          <CopyButton text={value ?? ""} />
        </div>
        {open && columns[open.column]?.masked && <p className="mt-2 text-sm text-muted">{columns[open.column]?.masked}</p>}
        {open && isCut?.(open.row, open.column) && <p className="mt-2 text-sm text-muted">{t("ui.cutValue")}</p>}
      </Dialog>
    </div>
  );
}
