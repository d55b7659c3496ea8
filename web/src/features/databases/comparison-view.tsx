/** How two databases differ: the objects on the left, both definitions of the chosen one beside each other. */
import { useVirtualizer } from "@tanstack/react-virtual";
import { ArrowLeftRight, Equal, GitCompareArrows } from "lucide-react";
import { useMemo, useRef } from "react";
import { useTrouble } from "@/api/use-trouble";
import { useLanguage } from "@/i18n";
import { IconButton } from "@/ui/button";
import { Chip, type Tone } from "@/ui/chip";
import { cx } from "@/ui/cx";
import { Checkbox, Input, Select } from "@/ui/field";
import { Name } from "@/ui/name";
import { TroubleNotice } from "@/ui/notice";
import { Toggles } from "@/ui/segmented";
import { Spinner } from "@/ui/spinner";
import { Empty, Failed, SkeletonRows } from "@/ui/states";
import { Ago } from "@/ui/time";
import { useKeys } from "@/ui/use-keys";
import { useMedia } from "@/ui/use-media";
import { useSearch } from "@/ui/use-search";
import { type Difference, pairs, type Sides, useComparedObject, useComparison, type What, WHATS } from "./comparison";
import { KINDS, type ObjectName, type Place, useFreshCatalogue } from "./queries";

export interface ComparedDatabase {
  id: string;
  environment: string;
  label: string;
}

const TONES: Record<What, Tone> = { different: "pending", missing: "failed", added: "applied" };
const ROW = 30;

interface ComparisonViewProps {
  org: string;
  project: string;
  databases: ComparedDatabase[];
}

export function ComparisonView({ org, project, databases }: ComparisonViewProps) {
  const { t } = useLanguage();
  const [search, change] = useSearch();
  const known = (id: string | null, otherwise: string) => databases.find((one) => one.id === id)?.id ?? otherwise;
  const left = known(search.get("left"), databases[0]?.id ?? "");
  const right = known(search.get("right"), databases.find((one) => one.id !== left)?.id ?? left);
  const sides: Sides = { org, project, left, right, rights: search.get("rights") === "on" };
  const kind = KINDS.find((one) => one === search.get("kind"));
  const name = search.get("name");
  const object: ObjectName | null = kind && name !== null ? { kind, schema: search.get("schema") ?? "", name } : null;
  const choose = (one: Difference | null) => change({ kind: one?.kind ?? null, schema: one?.schema_name ?? null, name: one?.name ?? null }, { push: true });
  return (
    <div className="flex h-full min-h-0 flex-col">
      <div className="flex flex-wrap items-center gap-2 border-b border-line px-4 py-2">
        <SideSelect label={t("databases.compare.left")} value={left} databases={databases} onChange={(id) => change({ left: id })} />
        <IconButton label={t("databases.compare.swap")} onClick={() => change({ left: right, right: left })}>
          <ArrowLeftRight className="size-4" />
        </IconButton>
        <SideSelect label={t("databases.compare.right")} value={right} databases={databases} onChange={(id) => change({ right: id })} />
        <Checkbox label={t("databases.compare.rights")} checked={sides.rights} onChange={(event) => change({ rights: event.target.checked ? "on" : null })} />
      </div>
      {[left, right].map((id) => {
        const one = databases.find((of) => of.id === id);
        return one && <Fresh key={id} place={{ org, project, environment: one.environment, database: id }} label={one.label} />;
      })}
      {left === right ? (
        <Empty icon={<GitCompareArrows className="size-5" />} title={t("databases.compare.sameTitle")}>
          {t(databases.length < 2 ? "databases.compare.onlyOne" : "databases.compare.choose")}
        </Empty>
      ) : (
        <Found sides={sides} object={object} filter={search.get("q") ?? ""} whats={search.get("what")} onChange={change} onChoose={choose} />
      )}
    </div>
  );
}

/** Keeps one side as it is in the database; says so where that cannot be read. */
function Fresh({ place, label }: { place: Place; label: string }) {
  const trouble = useTrouble();
  const { again } = useFreshCatalogue(place);
  if (!again.isError) return null;
  const found = trouble(again.error);
  return <TroubleNotice className="m-3 mb-0" trouble={{ ...found, title: `${label}: ${found.title}` }} onRetry={() => again.mutate()} />;
}

function SideSelect({ label, value, databases, onChange }: { label: string; value: string; databases: ComparedDatabase[]; onChange: (id: string) => void }) {
  return (
    <div className="w-60 max-w-full max-sm:w-full">
      <Select aria-label={label} value={value} onChange={(event) => onChange(event.target.value)}>
        {databases.map((one) => (
          <option key={one.id} value={one.id}>
            {one.label}
          </option>
        ))}
      </Select>
    </div>
  );
}

interface FoundProps {
  sides: Sides;
  object: ObjectName | null;
  filter: string;
  whats: string | null;
  onChange: (values: Record<string, string | null>) => void;
  onChoose: (one: Difference | null) => void;
}

function Found({ sides, object, filter, whats, onChange, onChoose }: FoundProps) {
  const { t } = useLanguage();
  const trouble = useTrouble();
  const found = useComparison(sides);
  const narrow = useMedia("(max-width: 767px)");
  const shownWhats = WHATS.filter((what) => whats === null || whats.split(",").includes(what));
  const all = useMemo(() => (found.data?.differences ?? []) as Difference[], [found.data]);
  const words = filter.toLowerCase().split(/\s+/).filter(Boolean);
  const rows = all.filter((one) => shownWhats.includes(one.what) && words.every((word) => `${one.schema_name}.${one.name} ${one.kind}`.toLowerCase().includes(word)));
  const at = rows.findIndex((one) => object !== null && one.kind === object.kind && one.schema_name === object.schema && one.name === object.name);
  const step = (by: number) => {
    const next = rows[Math.max(0, Math.min(rows.length - 1, at + by))];
    if (next) onChoose(next);
  };
  useKeys({ j: () => step(1), k: () => step(-1) });
  if (found.isError) return <Failed trouble={trouble(found.error)} onRetry={() => void found.refetch()} />;
  if (!found.data) return <SkeletonRows />;
  const unread = [found.data.left, found.data.right].filter((side) => side.read_at === null).length;
  if (unread > 0)
    return (
      <Empty icon={<Spinner className="size-5 text-running" />} title={t("databases.firstReading")}>
        <span role="status">{t("databases.firstReadingDetail")}</span>
      </Empty>
    );
  if (all.length === 0)
    return (
      <Empty icon={<Equal className="size-5" />} title={t("databases.compare.alike")}>
        {t("databases.compare.alikeHint", { count: found.data.same })}
      </Empty>
    );
  const list = (
    <div className="flex h-full min-h-0 flex-col">
      <div className="flex flex-col gap-2 border-b border-line p-2">
        <Input type="search" aria-label={t("databases.filter")} placeholder={t("databases.filter")} value={filter} onChange={(event) => onChange({ q: event.target.value })} />
        <Toggles
          label={t("databases.compare.kinds")}
          value={shownWhats}
          onChange={(next) => onChange({ what: next.length === WHATS.length ? null : next.join(",") || "none" })}
          options={WHATS.map((what) => ({ value: what, label: `${t(`databases.compare.${what}`)} ${all.filter((one) => one.what === what).length}` }))}
        />
      </div>
      <Rows rows={rows} at={at} onChoose={onChoose} />
      <p className="border-t border-line px-3 py-1.5 text-xs text-muted">
        {t("databases.compare.same", { count: found.data.same })}
        {[found.data.left, found.data.right].map((side) => side.read_at && <span key={side.database}> · <Ago at={side.read_at} /></span>)}
      </p>
    </div>
  );
  const pane = object ? (
    <Pair sides={sides} object={object} />
  ) : (
    <Empty icon={<GitCompareArrows className="size-5" />} title={t("databases.compare.chooseObject")}>
      {t("databases.compare.chooseObjectHint")}
    </Empty>
  );
  if (narrow)
    return (
      <div className="flex min-h-0 flex-1 flex-col">
        {object && (
          <button type="button" className="border-b border-line px-4 py-2 text-left text-sm text-accent-text" onClick={() => onChoose(null)}>
            ← {t("databases.compare.all")}
          </button>
        )}
        <div className="min-h-0 flex-1">{object ? pane : list}</div>
      </div>
    );
  return (
    <div className="flex min-h-0 flex-1">
      <div className="w-80 shrink-0 border-r border-line">{list}</div>
      <div className="min-w-0 flex-1">{pane}</div>
    </div>
  );
}

function Rows({ rows, at, onChoose }: { rows: Difference[]; at: number; onChoose: (one: Difference) => void }) {
  const { t } = useLanguage();
  const scroller = useRef<HTMLDivElement>(null);
  const virtual = useVirtualizer({ count: rows.length, getScrollElement: () => scroller.current, estimateSize: () => ROW, overscan: 12 });
  return (
    <div ref={scroller} className="min-h-0 flex-1 overflow-auto" tabIndex={-1}>
      {rows.length === 0 && <p className="p-4 text-sm text-muted">{t("databases.nothingFound")}</p>}
      <ul aria-label={t("nav.compare")} style={{ height: virtual.getTotalSize() }} className="relative">
        {virtual.getVirtualItems().map((place) => {
          const one = rows[place.index];
          return (
            one && (
              <li key={`${one.kind} ${one.schema_name} ${one.name}`} style={{ transform: `translateY(${place.start}px)`, height: ROW }} className="absolute inset-x-0 top-0">
                <button
                  type="button"
                  aria-current={place.index === at || undefined}
                  onClick={() => onChoose(one)}
                  className={cx("flex h-full w-full items-center gap-2 px-3 text-left text-sm outline-offset-[-2px] hover:bg-hover", place.index === at && "bg-selected shadow-[inset_2px_0_0_var(--accent)]")}
                >
                  <span className="min-w-0 flex-1 truncate font-mono text-[12.5px]">
                    {one.schema_name && (
                      <span className="text-muted">
                        <Name text={one.schema_name} />.
                      </span>
                    )}
                    <Name text={one.name} />
                  </span>
                  <span className="shrink-0 text-xs text-muted">{t(`databases.kind.${one.kind}`)}</span>
                  <Chip tone={TONES[one.what]}>{t(`databases.compare.${one.what}`)}</Chip>
                </button>
              </li>
            )
          );
        })}
      </ul>
    </div>
  );
}

function Pair({ sides, object }: { sides: Sides; object: ObjectName }) {
  const { t } = useLanguage();
  const trouble = useTrouble();
  const found = useComparedObject(sides, object);
  const lines = useMemo(() => (found.data ? pairs(found.data.left ?? "", found.data.right ?? "") : []), [found.data]);
  if (found.isError) return <Failed trouble={trouble(found.error)} onRetry={() => void found.refetch()} />;
  if (!found.data) return <SkeletonRows />;
  const absent = [found.data.left, found.data.right].map((text) => text === null);
  return (
    <article aria-label={object.name} className="flex h-full min-h-0 flex-col">
      <h2 className="border-b border-line px-4 py-2.5 font-mono text-[15px] font-semibold break-all">
        {object.schema && (
          <span className="font-normal text-muted">
            <Name text={object.schema} />.
          </span>
        )}
        <Name text={object.name} />
      </h2>
      <div tabIndex={0} role="region" aria-label={t("databases.compare.lines")} className="min-h-0 flex-1 overflow-auto bg-code outline-offset-[-2px]">
        <table className="w-full min-w-160 table-fixed border-collapse font-mono text-[12px] leading-[18px]">
          <thead>
            <tr className="text-left text-xs text-muted">
              {(["left", "right"] as const).map((side, index) => (
                <th key={side} scope="col" className="border-b border-line px-4 py-1 font-sans font-normal not-first:border-l">
                  {t(`databases.compare.${side}`)}
                  {absent[index] && ` · ${t("databases.compare.notThere")}`}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {lines.map((line, index) => (
              <tr key={index} className="align-top">
                <Line text={line.left} same={line.same} sign="−" className="bg-failed-soft" />
                <Line text={line.right} same={line.same} sign="+" className="border-l border-line bg-applied-soft" />
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </article>
  );
}

/** The sign stands before what differs, so that colour is not the only one. */
function Line({ text, same, sign, className }: { text: string | null; same: boolean; sign: string; className: string }) {
  const border = className.includes("border-l") ? "border-l border-line" : "";
  if (text === null) return <td className={cx("px-2", border)} />;
  return (
    <td className={cx("px-2 break-words whitespace-pre-wrap", same ? border : className)}>
      <span aria-hidden className="inline-block w-3 text-muted select-none">
        {same ? "" : sign}
      </span>
      <bdi dir="ltr">{text}</bdi>
    </td>
  );
}
