/** Everything that stands in a database, by schema and kind; thousands of objects stay one quick list. */
import { useVirtualizer } from "@tanstack/react-virtual";
import { ChevronRight } from "lucide-react";
import { type ReactNode, useMemo, useRef, useState } from "react";
import type { CatalogueItem } from "@/api/types";
import { useLanguage } from "@/i18n";
import { cx } from "@/ui/cx";
import { Input } from "@/ui/field";
import { Name } from "@/ui/name";
import { useKeys } from "@/ui/use-keys";
import type { ObjectName } from "./queries";
import { nameOf, sameObject, treeRows, type TreeRow } from "./tree";

interface ObjectTreeProps {
  items: readonly CatalogueItem[];
  selected: ObjectName | null;
  filter: string;
  onFilter: (text: string) => void;
  onSelect: (object: ObjectName) => void;
}

const ROW = 28;

export function ObjectTree({ items, selected, filter, onFilter, onSelect }: ObjectTreeProps) {
  const { t } = useLanguage();
  const [closed, setClosed] = useState<ReadonlySet<string>>(new Set());
  const rows = useMemo(() => treeRows(items, filter, closed), [items, filter, closed]);
  const scroller = useRef<HTMLDivElement>(null);
  const search = useRef<HTMLInputElement>(null);
  const virtual = useVirtualizer({ count: rows.length, getScrollElement: () => scroller.current, estimateSize: () => ROW, overscan: 12 });

  const toggle = (key: string) =>
    setClosed((before) => {
      const next = new Set(before);
      if (!next.delete(key)) next.add(key);
      return next;
    });
  const step = (by: number) => {
    const objects = rows.flatMap((row, at) => (row.item ? [{ item: row.item, at }] : []));
    const now = objects.findIndex((one) => selected && sameObject(one.item, selected));
    const next = objects[Math.max(0, Math.min(objects.length - 1, now + by))];
    if (!next) return;
    onSelect(nameOf(next.item));
    virtual.scrollToIndex(next.at);
  };
  useKeys({
    j: () => step(1),
    k: () => step(-1),
    "/": (event) => {
      event.preventDefault();
      search.current?.focus();
    },
  });

  return (
    <div className="flex h-full min-h-0 flex-col">
      <div className="border-b border-line p-2">
        <Input
          ref={search}
          type="search"
          aria-label={t("databases.filter")}
          placeholder={t("databases.filter")}
          value={filter}
          onChange={(event) => onFilter(event.target.value)}
          onKeyDown={(event) => {
            if (event.key === "Escape") onFilter("");
            if (event.key === "ArrowDown" || event.key === "Enter") step(event.key === "Enter" ? 0 : 1);
          }}
        />
      </div>
      <div ref={scroller} className="min-h-0 flex-1 overflow-auto" tabIndex={-1}>
        {rows.length === 0 && <p className="p-4 text-sm text-muted">{t("databases.nothingFound")}</p>}
        <ul aria-label={t("databases.objects")} style={{ height: virtual.getTotalSize() }} className="relative">
          {virtual.getVirtualItems().map((place) => {
            const row = rows[place.index];
            return (
              row && (
                <li key={row.key} style={{ transform: `translateY(${place.start}px)`, height: ROW }} className="absolute inset-x-0 top-0">
                  {row.item ? (
                    <ObjectRow item={row.item} current={selected !== null && sameObject(row.item, selected)} onSelect={onSelect} />
                  ) : (
                    <GroupRow row={row} onToggle={() => toggle(row.key)} />
                  )}
                </li>
              )
            );
          })}
        </ul>
      </div>
    </div>
  );
}

function GroupRow({ row, onToggle }: { row: TreeRow; onToggle: () => void }) {
  const { t, number } = useLanguage();
  return (
    <button
      type="button"
      aria-expanded={row.open}
      onClick={onToggle}
      className="flex h-full w-full items-center gap-1.5 pr-3 text-left text-sm hover:bg-hover"
      style={{ paddingLeft: row.depth === 0 ? 8 : 22 }}
    >
      <ChevronRight aria-hidden className={cx("size-3.5 shrink-0 text-muted transition-transform", row.open && "rotate-90")} />
      {row.group ? <span className="text-muted">{t(`databases.kinds.${row.group}`)}</span> : <Name text={row.schema} className="truncate font-medium" />}
      <span className="text-xs text-muted tabular-nums">{number(row.count)}</span>
    </button>
  );
}

function ObjectRow({ item, current, onSelect }: { item: CatalogueItem; current: boolean; onSelect: (object: ObjectName) => void }) {
  const { t, bytes } = useLanguage();
  const size = item.figures && item.figures.data_bytes + item.figures.index_bytes;
  const about: ReactNode = item.about === "partition" || item.about === "partitioned" ? t(`databases.about.${item.about}`) : item.about;
  return (
    <button
      type="button"
      aria-current={current || undefined}
      onClick={() => onSelect(nameOf(item))}
      className={cx("flex h-full w-full items-center gap-2 pr-3 pl-11 text-left text-sm outline-offset-[-2px] hover:bg-hover", current && "bg-selected shadow-[inset_2px_0_0_var(--accent)]")}
    >
      <Name text={item.name} className="min-w-0 flex-1 truncate font-mono text-[12.5px]" />
      {about && <span className="text-xs whitespace-nowrap text-muted">{about}</span>}
      {size ? <span className="text-xs whitespace-nowrap text-muted tabular-nums">{bytes(size)}</span> : null}
    </button>
  );
}
