/** Rows and columns of data; hundreds of columns and thousands of rows stay quick, because only what is seen is drawn. */
import { useVirtualizer } from "@tanstack/react-virtual";
import { ArrowDown, ArrowUp } from "lucide-react";
import { useRef, useState } from "react";
import { useLanguage } from "@/i18n";
import { CopyButton } from "./copy-button";
import { cx } from "./cx";
import { Dialog } from "./dialog";
import { Name } from "./name";

export interface GridColumn {
  name: string;
  type: string;
  category: string;
}

interface DataGridProps {
  label: string;
  columns: GridColumn[];
  rows: (string | null)[][];
  isCut?: (row: number, column: number) => boolean;
  sort?: { column: string; descending: boolean } | null;
  onSort?: (column: string) => void;
}

const ROW = 26;

/** As wide as what is in it asks for, between limits. */
function widthOf(column: GridColumn, rows: (string | null)[][], at: number): number {
  let longest = Math.max(column.name.length + 2, Math.min(column.type.length, 16));
  for (const row of rows.slice(0, 50)) longest = Math.max(longest, Math.min(40, row[at]?.length ?? 4));
  return Math.round(longest * 7.4) + 20;
}

export function DataGrid({ label, columns, rows, isCut, sort, onSort }: DataGridProps) {
  const { t } = useLanguage();
  const scroller = useRef<HTMLDivElement>(null);
  const [open, setOpen] = useState<{ row: number; column: number } | null>(null);
  const down = useVirtualizer({ count: rows.length, getScrollElement: () => scroller.current, estimateSize: () => ROW, overscan: 10 });
  const across = useVirtualizer({
    horizontal: true,
    count: columns.length,
    getScrollElement: () => scroller.current,
    estimateSize: (at) => (columns[at] ? widthOf(columns[at], rows, at) : 100),
    overscan: 3,
  });
  const seen = across.getVirtualItems();
  const value = open ? rows[open.row]?.[open.column] : undefined;
  return (
    <div ref={scroller} tabIndex={0} role="region" aria-label={label} className="h-full min-h-0 overflow-auto outline-offset-[-2px]">
      <div role="table" aria-label={label} aria-rowcount={rows.length + 1} aria-colcount={columns.length} style={{ width: across.getTotalSize(), height: down.getTotalSize() + 42 }} className="relative text-sm">
        <div role="rowgroup" className="sticky top-0 z-10">
          <div role="row" aria-rowindex={1} className="relative h-[42px] border-b border-line bg-side">
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
                  {onSort ? (
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
                <div key={line.index} role="row" aria-rowindex={line.index + 2} style={{ top: line.start + 42, height: ROW }} className="absolute inset-x-0 border-b border-line hover:bg-hover">
                  {seen.map((place) => {
                    const text = row[place.index];
                    return (
                      <div
                        key={place.index}
                        role="cell"
                        aria-colindex={place.index + 1}
                        onDoubleClick={() => setOpen({ row: line.index, column: place.index })}
                        style={{ left: place.start, width: place.size }}
                        className={cx(
                          "absolute inset-y-0 truncate border-r border-line px-2 leading-[26px]",
                          text === null || text === undefined ? "text-muted italic" : "font-mono text-[12px]",
                          columns[place.index]?.category === "N" && "text-right",
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
        {open && isCut?.(open.row, open.column) && <p className="mt-2 text-sm text-muted">{t("ui.cutValue")}</p>}
      </Dialog>
    </div>
  );
}
