/** The tables of a database as a picture: searched, narrowed to a neighbourhood, opened and closed, saved. */
import { Download, Maximize, Minus, Network, Plus } from "lucide-react";
import { type KeyboardEvent, type PointerEvent, useEffect, useMemo, useRef, useState, type WheelEvent } from "react";
import type { DiagramTable } from "@/api/types";
import { useTrouble } from "@/api/use-trouble";
import { useLanguage } from "@/i18n";
import { Button, IconButton } from "@/ui/button";
import { cx } from "@/ui/cx";
import { Input, Select } from "@/ui/field";
import { legible } from "@/ui/legible";
import { Menu, MenuItem } from "@/ui/menu";
import { saveFile } from "@/ui/save-file";
import { Segmented } from "@/ui/segmented";
import { Spinner } from "@/ui/spinner";
import { Empty, Failed, SkeletonRows } from "@/ui/states";
import { useSearch } from "@/ui/use-search";
import { type Box, boxes as boxesOf, cut, type Detail, HEAD, type Layout, type Line, linesOf, neighbourhood, pathOf, ROW } from "./diagram";
import { asPng, diagramSvg } from "./diagram-svg";
import { type Place, useDiagram, useFreshCatalogue } from "./queries";

const DETAILS: readonly Detail[] = ["names", "keys", "columns"];
/** Beyond so many tables their columns are no help at first. */
const MANY = 60;

/** The newest layout; while one is worked out, the former stays. */
function useLayout(boxes: readonly Box[], lines: readonly Line[]): { layout: Layout | null; busy: boolean } {
  const [found, setFound] = useState<{ of: readonly Box[]; layout: Layout } | null>(null);
  useEffect(() => {
    const worker = new Worker(new URL("./diagram-worker.ts", import.meta.url), { type: "module" });
    worker.onmessage = ({ data }: MessageEvent<{ layout: Layout }>) => setFound({ of: boxes, layout: data.layout });
    worker.postMessage({ number: 0, boxes, lines });
    return () => worker.terminate();
  }, [boxes, lines]);
  return { layout: found?.layout ?? null, busy: found?.of !== boxes };
}

export function DiagramView({ place, name }: { place: Place; name: string }) {
  const { t } = useLanguage();
  const trouble = useTrouble();
  const { catalogue, again } = useFreshCatalogue(place);
  const found = useDiagram(place, catalogue.data?.read_at);
  if (catalogue.isError) return <Failed trouble={trouble(catalogue.error)} onRetry={() => void catalogue.refetch()} />;
  if (found.isError) return <Failed trouble={trouble(found.error)} onRetry={() => void found.refetch()} />;
  if (found.data?.read === false && again.isError) return <Failed trouble={trouble(again.error)} onRetry={() => again.mutate()} />;
  if (!found.data) return <SkeletonRows />;
  if (!found.data.read)
    return (
      <Empty icon={<Spinner className="size-5 text-running" />} title={t("databases.firstReading")}>
        <span role="status">{t("databases.firstReadingDetail")}</span>
      </Empty>
    );
  if (found.data.tables.length === 0)
    return (
      <Empty icon={<Network className="size-5" />} title={t("databases.diagram.none")}>
        {t("databases.diagram.noneHint")}
      </Empty>
    );
  return <Drawn name={name} tables={found.data.tables} more={found.data.more} />;
}

function Drawn({ name, tables, more }: { name: string; tables: DiagramTable[]; more: number }) {
  const { t } = useLanguage();
  const [search, change] = useSearch();
  const [open, setOpen] = useState<ReadonlySet<string>>(new Set());
  const detail = DETAILS.find((one) => one === search.get("detail")) ?? (tables.length > MANY ? "names" : "columns");
  const focus = search.get("table");
  const steps = Number(search.get("steps")) || 1;
  const words = (search.get("q") ?? "").toLowerCase();
  const shown = useMemo(() => neighbourhood(tables, focus, steps), [tables, focus, steps]);
  const boxes = useMemo(() => boxesOf(shown, detail, open), [shown, detail, open]);
  const lines = useMemo(() => linesOf(shown), [shown]);
  const { layout, busy } = useLayout(boxes, lines);
  const hits = words ? boxes.filter((box) => `${box.table.schema_name}.${box.table.name}`.toLowerCase().includes(words)) : [];
  const toggle = (id: string) =>
    setOpen((before) => {
      const next = new Set(before);
      if (!next.delete(id)) next.add(id);
      return next;
    });
  const picture = () => {
    const styles = getComputedStyle(document.documentElement);
    return layout && diagramSvg(name, boxes, lines, layout, (colour) => styles.getPropertyValue(`--${colour}`).trim());
  };
  const save = async (format: "svg" | "png") => {
    const svg = picture();
    if (!svg || !layout) return;
    const file = format === "svg" ? new Blob([svg], { type: "image/svg+xml" }) : await asPng(svg, layout.width, layout.height);
    if (file) saveFile(`${name}.${format}`, file);
  };
  return (
    <div className="flex h-full min-h-0 flex-col">
      <div className="flex flex-wrap items-center gap-2 border-b border-line px-4 py-2">
        <div className="w-56 max-sm:w-full">
          <Input
            type="search"
            aria-label={t("databases.diagram.find")}
            placeholder={t("databases.diagram.find")}
            value={search.get("q") ?? ""}
            onChange={(event) => change({ q: event.target.value })}
            onKeyDown={(event) => {
              if (event.key === "Enter" && hits[0]) change({ table: hits[0].id, q: null });
            }}
          />
        </div>
        <Segmented label={t("databases.diagram.detail")} value={detail} onChange={(next) => change({ detail: next })} options={DETAILS.map((one) => ({ value: one, label: t(`databases.diagram.details.${one}`) }))} />
        {focus !== null && (
          <>
            <div className="w-44">
              <Select aria-label={t("databases.diagram.steps")} value={steps} onChange={(event) => change({ steps: event.target.value })}>
                {[1, 2, 3].map((one) => (
                  <option key={one} value={one}>
                    {t("databases.diagram.away", { count: one })}
                  </option>
                ))}
              </Select>
            </div>
            <Button onClick={() => change({ table: null, steps: null })}>{t("databases.diagram.all")}</Button>
          </>
        )}
        <span role="status" className="min-w-0 flex-1 truncate text-sm text-muted">
          {words ? t("databases.diagram.hits", { count: hits.length }) : t("databases.diagram.count", { count: shown.length })}
          {more > 0 && ` · ${t("databases.diagram.more", { count: more })}`}
          {busy && ` · ${t("databases.diagram.busy")}`}
        </span>
        <Menu
          trigger={
            <IconButton label={t("databases.diagram.save")}>
              <Download className="size-4" />
            </IconButton>
          }
        >
          <MenuItem disabled={!layout} onSelect={() => void save("svg")}>
            SVG
          </MenuItem>
          <MenuItem disabled={!layout} onSelect={() => void save("png")}>
            PNG
          </MenuItem>
        </Menu>
      </div>
      <div className="min-h-0 flex-1">
        {layout ? (
          <Canvas key={`${focus} ${steps} ${detail}`} boxes={boxes} lines={lines} layout={layout} hits={words ? new Set(hits.map((box) => box.id)) : null} focus={focus} onFocus={(id) => change({ table: id, q: null })} onToggle={toggle} />
        ) : (
          <Empty icon={<Spinner className="size-5 text-running" />} title={t("databases.diagram.busy")} />
        )}
      </div>
    </div>
  );
}

interface CanvasProps {
  boxes: readonly Box[];
  lines: readonly Line[];
  layout: Layout;
  /** The tables that a search found; null: nothing is searched. */
  hits: ReadonlySet<string> | null;
  focus: string | null;
  onFocus: (id: string) => void;
  onToggle: (id: string) => void;
}

interface View {
  x: number;
  y: number;
  scale: number;
}

const LEAST = 0.08;
const MOST = 2.5;

function fitted(frame: HTMLElement | null, layout: Layout): View {
  const { clientWidth = 800, clientHeight = 600 } = frame ?? {};
  const scale = Math.max(LEAST, Math.min(1, clientWidth / layout.width, clientHeight / layout.height));
  return { scale, x: (clientWidth - layout.width * scale) / 2, y: Math.max(0, (clientHeight - layout.height * scale) / 2) };
}

function Canvas({ boxes, lines, layout, hits, focus, onFocus, onToggle }: CanvasProps) {
  const { t } = useLanguage();
  const frame = useRef<HTMLDivElement>(null);
  const drag = useRef<{ x: number; y: number; view: View } | null>(null);
  const [lit, setLit] = useState<string | null>(null);
  const [view, setView] = useState<View | null>(null);
  const fitting = () => fitted(frame.current, layout);
  // Another picture is shown whole; opening a table in it leaves the view where it is.
  useEffect(() => setView((before) => before ?? fitted(frame.current, layout)), [layout]);
  const zoom = (by: number, at?: { x: number; y: number }) =>
    setView((before) => {
      const now = before ?? fitting();
      const { clientWidth = 0, clientHeight = 0 } = frame.current ?? {};
      const point = at ?? { x: clientWidth / 2, y: clientHeight / 2 };
      const scale = Math.max(LEAST, Math.min(MOST, now.scale * by));
      return { scale, x: point.x - ((point.x - now.x) * scale) / now.scale, y: point.y - ((point.y - now.y) * scale) / now.scale };
    });
  const pan = (x: number, y: number) => setView((before) => before && { ...before, x: before.x + x, y: before.y + y });
  const onWheel = (event: WheelEvent) => {
    const box = frame.current?.getBoundingClientRect();
    if (event.ctrlKey || event.metaKey) zoom(Math.exp(-event.deltaY / 300), box && { x: event.clientX - box.left, y: event.clientY - box.top });
    else pan(-event.deltaX, -event.deltaY);
  };
  const onKey = (event: KeyboardEvent) => {
    const moves: Record<string, () => void> = {
      ArrowLeft: () => pan(60, 0),
      ArrowRight: () => pan(-60, 0),
      ArrowUp: () => pan(0, 60),
      ArrowDown: () => pan(0, -60),
      "+": () => zoom(1.25),
      "=": () => zoom(1.25),
      "-": () => zoom(0.8),
      "0": () => setView(fitting()),
    };
    const act = moves[event.key];
    if (!act || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    act();
  };
  const now = view ?? { x: 0, y: 0, scale: 1 };
  return (
    <div ref={frame} role="group" aria-label={t("databases.view.diagram")} tabIndex={0} onKeyDown={onKey} onWheel={onWheel} className="relative h-full overflow-hidden bg-code outline-offset-[-2px]">
      <svg
        className="block size-full touch-none select-none"
        onPointerDown={(event: PointerEvent<SVGSVGElement>) => {
          if (event.button !== 0) return;
          drag.current = { x: event.clientX, y: event.clientY, view: now };
        }}
        onPointerMove={(event: PointerEvent<SVGSVGElement>) => {
          const from = drag.current;
          if (!from) return;
          const [x, y] = [event.clientX - from.x, event.clientY - from.y];
          if (Math.abs(x) + Math.abs(y) > 3) setView({ ...from.view, x: from.view.x + x, y: from.view.y + y });
        }}
        onPointerUp={() => (drag.current = null)}
        onPointerLeave={() => (drag.current = null)}
      >
        <defs>
          <marker id="diagram-arrow" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="7" markerHeight="7" orient="auto">
            <path d="M0 0L8 4L0 8z" fill="context-stroke" />
          </marker>
        </defs>
        <g transform={`translate(${now.x} ${now.y}) scale(${now.scale})`}>
          {lines.map((line) => {
            const points = layout.lines[line.id];
            const strong = lit !== null && (line.from === lit || line.to === lit);
            return (
              points && (
                <path key={line.id} d={pathOf(points)} fill="none" stroke={strong ? "var(--accent)" : "var(--line-strong)"} strokeWidth={strong ? 2 : 1} opacity={lit !== null && !strong ? 0.35 : 1} markerEnd="url(#diagram-arrow)">
                  <title>{line.label}</title>
                </path>
              )
            );
          })}
          {boxes.map((box) => {
            const at = layout.places[box.id];
            return (
              at && (
                <g
                  key={box.id}
                  role="button"
                  tabIndex={0}
                  aria-label={t("databases.diagram.tableLabel", { name: legible(`${box.table.schema_name}.${box.table.name}`), columns: box.table.columns.length, keys: box.table.keys.length })}
                  aria-expanded={box.columns.length > 0}
                  transform={`translate(${at.x} ${at.y})`}
                  opacity={hits && !hits.has(box.id) ? 0.25 : 1}
                  className={cx("cursor-pointer outline-none [&:focus-visible>rect:first-of-type]:stroke-(--accent)")}
                  onPointerEnter={() => setLit(box.id)}
                  onPointerLeave={() => setLit(null)}
                  onFocus={() => setLit(box.id)}
                  onBlur={() => setLit(null)}
                  onClick={() => onToggle(box.id)}
                  onDoubleClick={() => onFocus(box.id)}
                  onKeyDown={(event) => {
                    if (event.key === "Enter") onFocus(box.id);
                    if (event.key === " ") {
                      event.preventDefault();
                      onToggle(box.id);
                    }
                  }}
                >
                  <title>{legible(`${box.table.schema_name}.${box.table.name}`)}</title>
                  <rect width={box.width} height={box.height} rx={5} fill="var(--bg-raised)" stroke={focus === box.id || hits?.has(box.id) ? "var(--accent)" : "var(--line-strong)"} strokeWidth={focus === box.id || hits?.has(box.id) ? 2 : 1} />
                  <text x={10} y={17} fontSize={12} fontWeight={600} fill="var(--text)" className="font-mono">
                    {cut(box.table.name)}
                  </text>
                  {box.columns.map((column, row) => (
                    <text key={column.name} y={HEAD + row * ROW + 13} fontSize={12} className="font-mono">
                      <tspan x={10} fill="var(--text)" fontWeight={column.key ? 600 : 400}>
                        {column.key ? "● " : ""}
                        {cut(column.name)}
                      </tspan>
                      <tspan x={box.width - 10} textAnchor="end" fill="var(--text-muted)">
                        {cut(column.type)}
                      </tspan>
                    </text>
                  ))}
                  {box.hidden > 0 && (
                    <text x={10} y={HEAD + box.columns.length * ROW + 13} fontSize={12} fill="var(--text-muted)">
                      {t("databases.diagram.hidden", { count: box.hidden })}
                    </text>
                  )}
                </g>
              )
            );
          })}
        </g>
      </svg>
      <div className="absolute right-3 bottom-3 flex flex-col gap-1 rounded-md border border-line bg-raised p-0.5">
        <IconButton label={t("databases.diagram.closer")} onClick={() => zoom(1.25)}>
          <Plus className="size-4" />
        </IconButton>
        <IconButton label={t("databases.diagram.farther")} onClick={() => zoom(0.8)}>
          <Minus className="size-4" />
        </IconButton>
        <IconButton label={t("databases.diagram.whole")} onClick={() => setView(fitting())}>
          <Maximize className="size-4" />
        </IconButton>
      </div>
      <p className="pointer-events-none absolute bottom-3 left-3 max-w-[70%] text-xs text-muted max-sm:hidden">{t("databases.diagram.hint")}</p>
    </div>
  );
}
