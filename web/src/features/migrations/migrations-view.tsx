/** The migrations of a project on all its databases: table, pane, dialog. */
import { lazy, type ReactNode, Suspense, useDeferredValue, useEffect, useMemo, useRef, useState } from "react";
import type { Current, CurrentEnvironment, History, Job } from "@/api/types";
import { useLanguage } from "@/i18n";
import { Button } from "@/ui/button";
import { Sheet } from "@/ui/dialog";
import { Notice } from "@/ui/notice";
import { Empty } from "@/ui/states";
import { saveFile } from "@/ui/save-file";
import { useKeys } from "@/ui/use-keys";
import { useMedia, useWide } from "@/ui/use-media";
import { ColumnHead } from "./column-head";
import { assignLanes } from "./lanes";
import type { PlanChecks } from "./move-dialog";
import { GraphNotes } from "./notes";
import { type MoveAsked, useReadDatabase, useRunningSteps, useRuns } from "./queries";
import type { ObjectAsked } from "./revision-objects";
import { type RevisionChecks, RevisionPane } from "./revision-pane";
import { APPLIED, filteredRows, foldedRows, type Look, stretchOf } from "./rows";
import { RunningStrip } from "./running-strip";
import { type DatabaseStanding, type EnvironmentStanding, Graph, type MoveKind, type RunningSteps, runsByDatabase, standingOf } from "./standing";
import { graphSvg, paletteOfPage } from "./svg";
import { MigrationsTable } from "./table";
import { TableHead } from "./table-head";
import { useAddress } from "./use-address";

/** Comes after the page, and before anybody has found the button. */
const loadMoveDialog = async () => ({ default: (await import("./move-dialog")).MoveDialog });
const MoveDialog = lazy(loadMoveDialog);

interface MigrationsViewProps {
  org: string;
  slug: string;
  /** As the migrations endpoints name it. */
  project: string;
  history: History;
  current: Current | undefined;
  gitUrl: string;
  jobAddress: (job: string) => string;
  objectAddress: (object: ObjectAsked) => string | null;
  compareAddress: (database: string) => string;
  jobLink: (job: string, label: string) => ReactNode;
  settingsLink: (label: string, section?: "environments" | "repository") => ReactNode;
  onStarted: (job: Job) => void;
  onAsked: (request: string) => void;
  requestLink: (request: string, label: string) => ReactNode;
  onNewRevision: () => void;
  /** Why no revision can be written; null where one can. */
  whyNoDraft: string | null;
  restore: (revision: string) => ReactNode;
  revisionChecks: RevisionChecks;
  planChecks: PlanChecks;
}

const PERMISSION: Record<MoveKind, string> = { upgrade: "job.upgrade", downgrade: "job.downgrade", stamp: "job.stamp" };

/** Why a move is refused before asking; null lets it through to the server, which has the last word. */
function useWhyNot() {
  const { t } = useLanguage();
  return (kind: MoveKind, environment: CurrentEnvironment, one?: DatabaseStanding): string | null => {
    // Where one may not start an upgrade one may perhaps ask for it: the plan says so.
    const asks = kind === "upgrade" && environment.permissions.includes("job.request");
    if (!asks && !environment.permissions.includes(PERMISSION[kind])) return t("common.noPermission", { permission: PERMISSION[kind] });
    if (one && !one.database.trusted) return t("migrations.status.untrustedDetail");
    if (one && kind !== "stamp" && one.database.unknown.length > 0)
      return t("migrations.status.unknownDetail", { revisions: one.database.unknown.join(", ") });
    return null;
  };
}

/** Rows that look alike on every database may fold; a head, a running or a chosen row is never hidden. */
function lookOf(standings: readonly EnvironmentStanding[], running: RunningSteps, chosen: string | null): Look {
  const databases = standings.flatMap((standing) => standing.databases);
  const heads = new Set(databases.flatMap((one) => one.database.heads ?? []));
  const moving = new Set([...running.values()].flatMap((steps) => [...steps.keys()]));
  return ({ id }) => {
    if (id === chosen || heads.has(id) || moving.has(id)) return null;
    const applied = databases.map((one) => (one.applied.has(id) ? 1 : one.runs.get(id)?.state === "failed" ? id : 0));
    return applied.every((one) => one === 1) ? APPLIED : applied.join(" ");
  };
}

export function MigrationsView(props: MigrationsViewProps) {
  const { org, slug, project, history, current, gitUrl, jobAddress, objectAddress, jobLink, settingsLink, requestLink, onStarted, onAsked, onNewRevision, whyNoDraft, restore } = props;
  const { t } = useLanguage();
  const address = useAddress();
  const wide = useWide();
  const narrow = useMedia("(max-width: 767px)");
  const read = useReadDatabase(org, slug);
  const whyNot = useWhyNot();
  const filterInput = useRef<HTMLInputElement>(null);
  const [opened, setOpened] = useState<ReadonlySet<string>>(new Set());

  useEffect(() => {
    // A failure is told where the dialog is opened.
    loadMoveDialog().catch(() => undefined);
  }, []);
  const graph = useMemo(() => new Graph(history.revisions, history.heads), [history]);
  const lanes = useMemo(() => assignLanes(history.revisions), [history]);
  const runs = useRuns(project, current);
  const byDatabase = useMemo(() => runsByDatabase(runs.data), [runs.data]);
  const standings = useMemo(
    () => (current?.environments ?? []).map((environment) => standingOf(graph, environment, byDatabase)),
    [graph, current, byDatabase],
  );
  const running = useRunningSteps(current);
  const filter = useDeferredValue(address.filter.trim());
  const chosen = useMemo(() => graph.named(address.revision), [graph, address.revision]);
  const rows = useMemo(() => {
    if (filter) return filteredRows(history.revisions, filter, standings);
    const look = address.folded ? lookOf(standings, running, chosen) : () => null;
    return foldedRows(history.revisions, lanes.rows, look, opened);
  }, [filter, history, lanes, standings, running, opened, chosen, address.folded]);

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
      gitUrl={gitUrl}
      head={history.commit.sha}
      tab={address.tab}
      onTab={address.setTab}
      jobAddress={jobAddress}
      objectAddress={objectAddress}
      checks={props.revisionChecks}
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
        <GraphNotes
          project={project}
          history={history}
          graph={graph}
          standings={standings}
          settingsLink={settingsLink}
          whyNot={whyNot}
          onMove={address.ask}
          onSelect={(revision) => address.select(revision, null)}
          onMerge={onNewRevision}
          whyNoDraft={whyNoDraft}
          restore={restore}
        />
        {address.revision !== null && !selected && (
          <Notice
            kind="warning"
            className="mx-4 my-2"
            title={t("migrations.notHere.title", { revision: address.revision })}
            action={
              <Button size="small" onClick={() => address.select(null, null)}>
                {t("common.close")}
              </Button>
            }
          >
            {t("migrations.notHere.detail", { ref: history.commit.ref, commit: history.commit.sha.slice(0, 7) })}
          </Notice>
        )}
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
              standings={standings}
              folded={address.folded}
              onFold={(folded) => {
                setOpened(new Set());
                address.setFolded(folded);
              }}
              onExport={() =>
                saveFile(
                  `${slug}-${history.commit.sha.slice(0, 7)}.svg`,
                  new Blob(
                    [graphSvg({ title: `${project} · ${history.commit.ref} ${history.commit.sha.slice(0, 7)}`, revisions: history.revisions, lanes, standings }, paletteOfPage())],
                    { type: "image/svg+xml" },
                  ),
                )
              }
              onNewRevision={whyNoDraft === null ? onNewRevision : null}
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
              compareAddress={props.compareAddress}
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
        <Suspense>
          <MoveDialog
            // Another move is another question: nothing typed for the first counts for the second.
            key={`${address.move.kind}-${address.move.environment}-${address.move.revision}-${address.move.commit}`}
            project={project}
            move={address.move}
            environment={environment}
            onChange={(move: MoveAsked) => address.ask(move)}
            onClose={() => address.ask(null)}
            onStarted={onStarted}
            onAsked={onAsked}
            requestLink={requestLink}
            checks={props.planChecks}
          />
        </Suspense>
      )}
    </div>
  );
}
