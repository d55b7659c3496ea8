/** The migrations of a project on all its databases: table, pane, dialog. */
import { ListFilter, X } from "lucide-react";
import { type ReactNode, useDeferredValue, useEffect, useMemo, useRef, useState } from "react";
import type { Current, History, Job } from "@/api/types";
import { useLanguage } from "@/i18n";
import { IconButton } from "@/ui/button";
import { Sheet } from "@/ui/dialog";
import { Kbd } from "@/ui/kbd";
import { Empty } from "@/ui/states";
import { useKeys } from "@/ui/use-keys";
import { useMedia, useWide } from "@/ui/use-media";
import { ColumnHead } from "./column-head";
import { assignLanes } from "./lanes";
import { MoveDialog } from "./move-dialog";
import { GraphNotes } from "./notes";
import { type MoveAsked, useReadDatabase, useRunningSteps } from "./queries";
import { RevisionPane } from "./revision-pane";
import { filteredRows, foldedRows, stretchOf } from "./rows";
import { RunningStrip } from "./running-strip";
import { type DatabaseStanding, Graph, type MoveKind, standingOf } from "./standing";
import { MigrationsTable } from "./table";
import { useAddress } from "./use-address";

interface MigrationsViewProps {
  org: string;
  slug: string;
  /** As the migrations endpoints name it. */
  project: string;
  history: History;
  current: Current | undefined;
  permissions: readonly string[];
  jobLink: (job: string, label: string) => ReactNode;
  settingsLink: (label: string) => ReactNode;
  onStarted: (job: Job) => void;
}

const PERMISSION: Record<MoveKind, string> = { upgrade: "job.upgrade", downgrade: "job.downgrade", stamp: "job.stamp" };

/** Why a move is refused before asking; null lets it through to the server, which has the last word. */
function useWhyNot(permissions: readonly string[]) {
  const { t } = useLanguage();
  return (kind: MoveKind, one?: DatabaseStanding): string | null => {
    if (!permissions.includes(PERMISSION[kind])) return t("common.noPermission", { permission: PERMISSION[kind] });
    if (one && !one.database.trusted) return t("migrations.status.untrustedDetail");
    if (one && kind !== "stamp" && one.database.unknown.length > 0)
      return t("migrations.status.unknownDetail", { revisions: one.database.unknown.join(", ") });
    return null;
  };
}

export function MigrationsView(props: MigrationsViewProps) {
  const { org, slug, project, history, current, permissions, jobLink, settingsLink, onStarted } = props;
  const { t } = useLanguage();
  const address = useAddress();
  const wide = useWide();
  const narrow = useMedia("(max-width: 767px)");
  const read = useReadDatabase(org, slug);
  const whyNot = useWhyNot(permissions);
  const filterInput = useRef<HTMLInputElement>(null);
  const [opened, setOpened] = useState<ReadonlySet<string>>(new Set());

  const graph = useMemo(() => new Graph(history.revisions, history.heads), [history]);
  const lanes = useMemo(() => assignLanes(history.revisions), [history]);
  const standings = useMemo(
    () => (current?.environments ?? []).map((environment) => standingOf(graph, environment)),
    [graph, current],
  );
  const running = useRunningSteps(current);
  const filter = useDeferredValue(address.filter.trim());
  const chosen = address.revision;
  const rows = useMemo(() => {
    if (filter) return filteredRows(history.revisions, filter, standings);
    const databases = standings.flatMap((standing) => standing.databases);
    return foldedRows(
      history.revisions,
      lanes.rows,
      (revision) =>
        revision.id !== chosen &&
        databases.every((one) => one.applied.has(revision.id) && !one.database.heads?.includes(revision.id)),
      opened,
    );
  }, [filter, history, lanes, standings, opened, chosen]);

  const selected = chosen === null ? undefined : graph.byId.get(chosen);
  const step = (by: number) => {
    const visible = rows.flatMap((row) => (row.kind === "revision" ? [row.revision.id] : []));
    const at = chosen === null ? -1 : visible.indexOf(chosen);
    const next = visible[Math.max(0, Math.min(visible.length - 1, at + by))];
    if (next !== undefined) address.select(next, address.environment);
  };
  const stepping = (by: number) => (event: KeyboardEvent) => {
    event.preventDefault();
    step(by);
  };
  const down = stepping(1);
  const up = stepping(-1);
  useKeys({
    j: down,
    ArrowDown: down,
    k: up,
    ArrowUp: up,
    Escape: () => address.select(null, null),
    "/": (event) => {
      event.preventDefault();
      filterInput.current?.focus();
    },
    // Into the pane, where the moves are.
    Enter: (event) => {
      if (event.target instanceof HTMLElement && /^(BUTTON|A|SUMMARY)$/.test(event.target.tagName)) return;
      if (chosen === null) step(1);
      else document.querySelector<HTMLElement>("[data-pane] footer button")?.focus();
    },
  });

  const pane = selected && (
    <RevisionPane
      key={selected.id}
      project={project}
      graph={graph}
      revision={selected}
      standings={standings}
      running={running}
      environment={address.environment}
      whyNot={whyNot}
      onMove={address.ask}
      onSelect={(revision) => address.select(revision, address.environment)}
      onClose={() => address.select(null, null)}
    />
  );
  const compact = wide && Boolean(pane);
  const environment = address.move && current?.environments.find((one) => one.slug === address.move?.environment);
  return (
    <div className="flex h-full min-h-0">
      <div className="flex min-w-0 flex-1 flex-col">
        <GraphNotes history={history} />
        <MigrationsTable
          graph={graph}
          lanes={lanes}
          rows={rows}
          standings={standings}
          running={running}
          selected={chosen}
          selectedEnvironment={address.environment}
          filtered={filter !== ""}
          narrow={narrow}
          compact={compact}
          onSelect={address.select}
          onUnfold={(from) => {
            const name = stretchOf(history.revisions, { from });
            if (name !== undefined) setOpened((before) => new Set(before).add(name));
          }}
          head={
            <TableHead
              input={filterInput}
              filter={address.filter}
              onFilter={address.setFilter}
              history={history}
              shown={filter ? rows.length : null}
              noEnvironments={current !== undefined && standings.length === 0 ? settingsLink(t("migrations.addEnvironment")) : null}
            />
          }
          columnHead={(standing) => (
            <ColumnHead
              graph={graph}
              standing={standing}
              narrow={narrow}
              compact={compact}
              whyNot={whyNot}
              onMove={address.ask}
              onRead={(slugOf, database) => read.mutate({ environment: slugOf, database })}
              emptyLink={settingsLink(t("migrations.addDatabase"))}
            />
          )}
          empty={
            filter ? (
              <Empty title={t("migrations.noMatch.title")}>{t("migrations.noMatch.detail")}</Empty>
            ) : (
              <Empty title={t("migrations.empty.title")}>{t("migrations.empty.detail")}</Empty>
            )
          }
        />
        <RunningStrip current={current} jobLink={jobLink} />
      </div>
      {wide && pane && (
        <div data-pane className="w-[27rem] shrink-0 border-l border-line 2xl:w-[32rem]">
          {pane}
        </div>
      )}
      {!wide && (
        <Sheet open={Boolean(pane) && !address.move} onClose={() => address.select(null, null)} label={t("migrations.pane", { revision: chosen ?? "" })}>
          <div data-pane className="flex max-h-[86dvh] min-h-0 flex-col">{pane}</div>
        </Sheet>
      )}
      {address.move && environment && (
        <MoveDialog
          // Another move is another question: nothing typed for the first counts for the second.
          key={`${address.move.kind}-${address.move.environment}-${address.move.revision}`}
          project={project}
          move={address.move}
          environment={environment}
          onChange={(move: MoveAsked) => address.ask(move)}
          onClose={() => address.ask(null)}
          onStarted={onStarted}
        />
      )}
    </div>
  );
}

interface TableHeadProps {
  input: React.RefObject<HTMLInputElement | null>;
  filter: string;
  onFilter: (text: string) => void;
  history: History;
  shown: number | null;
  noEnvironments: ReactNode;
}

function TableHead({ input, filter, onFilter, history, shown, noEnvironments }: TableHeadProps) {
  const { t } = useLanguage();
  // Typed letters appear at once; the address follows, and never overwrites what is being typed.
  const [text, setText] = useState(filter);
  const timer = useRef<ReturnType<typeof setTimeout>>(undefined);
  useEffect(() => {
    if (document.activeElement !== input.current) setText(filter);
  }, [filter, input]);
  const change = (value: string, delay = 0) => {
    setText(value);
    clearTimeout(timer.current);
    if (delay === 0) onFilter(value);
    else timer.current = setTimeout(() => onFilter(value), delay);
  };
  const merges = history.revisions.filter((revision) => revision.is_merge).length;
  const facts = [
    t("migrations.count.revisions", { count: history.revisions.length }),
    t("migrations.count.heads", { count: history.heads.length }),
    ...(merges > 0 ? [t("migrations.count.merges", { count: merges })] : []),
  ];
  return (
    <div className="flex max-w-lg flex-col gap-1.5">
      <div className="relative">
        <ListFilter aria-hidden className="absolute top-1/2 left-2.5 size-3.5 -translate-y-1/2 text-muted" />
        <input
          ref={input}
          type="search"
          value={text}
          onChange={(event) => change(event.target.value, 120)}
          onKeyDown={(event) => {
            if (event.key === "Escape") {
              if (text) change("");
              else event.currentTarget.blur();
            } else if (event.key === "Enter" || event.key === "ArrowDown") {
              change(text);
              event.currentTarget.blur();
            }
          }}
          aria-label={t("migrations.filter")}
          placeholder={t("migrations.filterPlaceholder")}
          className="h-8 w-full rounded-md border border-line bg-bg pr-8 pl-8 text-sm font-normal hover:border-line-strong max-sm:text-[16px] [&::-webkit-search-cancel-button]:hidden"
        />
        <span className="absolute top-1/2 right-1.5 -translate-y-1/2">
          {text ? (
            <IconButton size="small" label={t("migrations.clearFilter")} onClick={() => change("")}>
              <X className="size-3.5" />
            </IconButton>
          ) : (
            <Kbd>/</Kbd>
          )}
        </span>
      </div>
      <p className="truncate text-xs text-muted" aria-live="polite">
        {shown === null ? facts.join(" · ") : t("migrations.count.found", { count: shown })}
      </p>
      {noEnvironments && <div className="text-sm font-normal">{noEnvironments}</div>}
    </div>
  );
}
