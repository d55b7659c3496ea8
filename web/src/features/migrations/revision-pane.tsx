import { ArrowDownToLine, ArrowUpToLine, ExternalLink, Link2, Lock, MoreHorizontal, Stamp, X } from "lucide-react";
import { type ReactNode, useRef, useState } from "react";
import { useTrouble } from "@/api/use-trouble";
import type { CurrentEnvironment, Revision, RevisionDetail } from "@/api/types";
import { useLanguage } from "@/i18n";
import { Button, IconButton } from "@/ui/button";
import { Chip } from "@/ui/chip";
import { Code } from "@/ui/code";
import { CopyButton } from "@/ui/copy-button";
import { Menu, MenuItem } from "@/ui/menu";
import { TroubleNotice } from "@/ui/notice";
import { StateMark } from "@/ui/state-mark";
import { Skeleton } from "@/ui/states";
import { Tabs } from "@/ui/tabs";
import { Ago } from "@/ui/time";
import type { MoveAsked } from "./queries";
import { commitLink, fileLink } from "./host-link";
import { useRevision, useStatements } from "./queries";
import { type ObjectAsked, RevisionObjects } from "./revision-objects";
import { RevisionRuns } from "./revision-runs";
import type { PaneTab } from "./use-address";
import { MARKS, useCellText } from "./revision-row";
import { cellOf, type DatabaseStanding, type EnvironmentStanding, type Graph, type Move, type MoveKind, movesTo, type RunningSteps } from "./standing";

/** What may hurt in one direction of a revision; asked to show a line, the pane lights it. */
export type RevisionChecks = (revision: string, direction: "upgrade" | "downgrade", onLine: (line: number) => void) => ReactNode;

interface PaneProps {
  project: string;
  /** Where the code comes from, and at which commit: for links to the host's own pages. */
  gitUrl: string;
  head: string;
  tab: PaneTab;
  onTab: (tab: PaneTab) => void;
  jobAddress: (job: string) => string;
  objectAddress: (object: ObjectAsked) => string | null;
  checks: RevisionChecks;
  graph: Graph;
  revision: Revision;
  standings: EnvironmentStanding[];
  running: RunningSteps;
  environment: string | null;
  whyNot: (kind: MoveKind, environment: CurrentEnvironment, one?: DatabaseStanding) => string | null;
  onMove: (move: MoveAsked) => void;
  onSelect: (revision: string) => void;
  onClose: () => void;
}

export function RevisionPane(props: PaneProps) {
  const { project, gitUrl, graph, revision, standings, running, onClose, onSelect } = props;
  const { t } = useLanguage();
  const detail = useRevision(project, revision.id);
  const trouble = useTrouble();
  const states = standings.map((standing) => cellOf(standing, revision.id, running));
  const pending = states.filter((cell) => cell.state === "pending" || cell.state === "partial").length;
  return (
    <section aria-label={t("migrations.pane", { revision: revision.id })} className="flex h-full min-h-0 flex-col">
      <header className="px-4 pt-3.5 pb-2">
        <div className="flex items-center gap-1.5">
          <code className="min-w-0 truncate text-sm text-muted">{revision.id}</code>
          <CopyButton text={revision.id} label={t("migrations.copyId")} />
          <CopyButton text={globalThis.location.href} label={t("migrations.copyLink")} icon={<Link2 className="size-3.5" />} />
          {pending > 0 && <Chip tone="pending">{t("migrations.pendingOn", { count: pending })}</Chip>}
          {revision.is_merge && <Chip>{t("migrations.merge")}</Chip>}
          {revision.labels.map((label) => (
            <Chip key={label} tone="accent">
              {label}
            </Chip>
          ))}
          <IconButton label={t("common.close")} size="small" className="ml-auto" onClick={onClose}>
            <X className="size-4" />
          </IconButton>
        </div>
        <h2 className="mt-1 text-lg leading-snug font-semibold text-balance">{revision.message || revision.id}</h2>
        <Metadata revision={revision} graph={graph} gitUrl={gitUrl} onSelect={onSelect} />
      </header>
      <div className="min-h-0 flex-1 overflow-y-auto">
        {detail.isError ? (
          <TroubleNotice className="m-4" trouble={trouble(detail.error)} onRetry={() => void detail.refetch()} />
        ) : detail.data ? (
          <Source {...props} detail={detail.data} />
        ) : (
          <div className="flex flex-col gap-2 p-4">
            <Skeleton className="h-3 w-2/3" />
            <Skeleton className="h-3 w-1/2" />
            <Skeleton className="h-24 w-full" />
          </div>
        )}
      </div>
      <Moves {...props} />
    </section>
  );
}

/** Opens the host's page beside ours. */
function Outside({ to, children }: { to: string | null; children: ReactNode }) {
  const { t } = useLanguage();
  if (!to) return <>{children}</>;
  return (
    <a href={to} target="_blank" rel="noreferrer" className="inline-flex items-center gap-0.5 text-accent-text hover:underline">
      {children}
      <ExternalLink aria-label={t("migrations.onHost")} className="size-3" />
    </a>
  );
}

interface MetadataProps {
  revision: Revision;
  graph: Graph;
  gitUrl: string;
  onSelect: (id: string) => void;
}

function Metadata({ revision, graph, gitUrl, onSelect }: MetadataProps) {
  const { t, rich } = useLanguage();
  const link = (id: string) =>
    graph.byId.has(id) ? (
      <button key={id} type="button" onClick={() => onSelect(id)} className="font-mono text-xs text-accent-text hover:underline" title={graph.byId.get(id)?.message}>
        {id.slice(0, 12)}
      </button>
    ) : (
      <span key={id} className="font-mono text-xs text-failed" title={t("migrations.missingParent")}>
        {id.slice(0, 12)} ✕
      </span>
    );
  const links = (ids: string[]) => <span className="inline-flex flex-wrap gap-x-1.5">{ids.map(link)}</span>;
  const facts: ReactNode[] = [
    revision.author,
    revision.date && <Ago at={revision.date} />,
    revision.commit && rich("migrations.commit", {
        commit: (
          <Outside to={commitLink(gitUrl, revision.commit)}>
            <code className="text-xs">{revision.commit.slice(0, 7)}</code>
          </Outside>
        ),
      }),
    revision.down.length === 0
      ? t("migrations.isBase")
      : rich("migrations.parents", { count: revision.down.length, parents: links(revision.down) }),
    revision.depends_on.length > 0 && rich("migrations.dependsOn", { revisions: links(revision.depends_on) }),
  ].filter(Boolean);
  return (
    <p className="mt-1 flex flex-wrap gap-x-1.5 text-sm text-muted">
      {facts.map((fact, index) => (
        <span key={index}>
          {fact}
          {index < facts.length - 1 && <span aria-hidden> ·</span>}
        </span>
      ))}
    </p>
  );
}

function part(detail: RevisionDetail, lines: readonly number[] | null): { source: string; from: number } | null {
  const [first, last] = lines ?? [];
  if (!detail.source || first === undefined || last === undefined) return null;
  return { source: detail.source.split("\n").slice(first - 1, last).join("\n"), from: first };
}

/** The line whose statement runs now in a job, if one runs this revision. */
function useRunningLine(standings: EnvironmentStanding[], revision: string) {
  const job = standings
    .flatMap((standing) => standing.databases)
    .map((one) => one.database.job)
    .find((one) => one?.running?.revision === revision);
  const statements = useStatements(job?.id ?? null, revision, job !== undefined && job !== null);
  const last = job ? statements.data?.at(-1) : undefined;
  return { kind: job?.kind, line: last && last.ms === null && !last.failed ? (last.line ?? null) : null };
}

function Source({ detail, project, gitUrl, head, revision, standings, tab, onTab, jobAddress, objectAddress, checks }: PaneProps & { detail: RevisionDetail }) {
  const { t } = useLanguage();
  const { kind, line } = useRunningLine(standings, revision.id);
  const place = useRef<HTMLDivElement>(null);
  const [chosen, setChosen] = useState<number | null>(null);
  const showLine = (wanted: number) => {
    setChosen(wanted);
    const row = place.current?.querySelector<HTMLElement>(`[data-line="${wanted}"]`);
    row?.scrollIntoView({ block: "center" });
    // Whoever came by keyboard goes on in the source.
    row?.closest<HTMLElement>("[tabindex]")?.focus({ preventScroll: true });
  };
  const show = (label: string, piece: { source: string; from: number } | null, lit: number | null) =>
    piece ? <Code label={label} source={piece.source} from={piece.from} lit={lit} chosen={chosen} /> : <p className="px-4 py-3 text-sm text-muted">{t("migrations.noSource")}</p>;
  const checked = (direction: "upgrade" | "downgrade", source: ReactNode) => (
    <div ref={place}>
      {checks(revision.id, direction, showLine)}
      {source}
    </div>
  );
  const body = detail.doc.split("\n").slice(1).join("\n").replace(/^(Revision ID|Revises|Create Date|Branch Labels|Depends On):.*$/gim, "").trim();
  const up = t("migrations.tab.upgrade");
  const down = t("migrations.tab.downgrade");
  const moved = standings.flatMap((standing) => standing.databases.map(({ database }) => [database.heads, database.job?.id, database.job?.running?.revision]));
  return (
    <>
      {body && <p className="px-4 pb-3 whitespace-pre-line text-muted">{body}</p>}
      <Tabs
        label={t("migrations.source")}
        value={tab}
        onChange={onTab}
        tabs={[
          { value: "upgrade", label: up, content: checked("upgrade", show(up, part(detail, detail.upgrade_lines), kind === "upgrade" ? line : null)) },
          { value: "downgrade", label: down, content: checked("downgrade", show(down, part(detail, detail.downgrade_lines), kind === "downgrade" ? line : null)) },
          { value: "file", label: t("migrations.tab.file"), content: show(t("migrations.tab.file"), detail.source ? { source: detail.source, from: 1 } : null, line) },
          {
            value: "objects",
            label: t("migrations.tab.objects"),
            content: <RevisionObjects project={project} revision={revision.id} moved={moved} jobAddress={jobAddress} objectAddress={objectAddress} />,
          },
          {
            value: "runs",
            label: t("migrations.tab.runs"),
            content: <RevisionRuns project={project} revision={revision.id} moved={moved} jobAddress={jobAddress} />,
          },
        ]}
      />
      {tab !== "runs" && tab !== "objects" && (
        <p className="flex items-center gap-1 px-4 py-2 text-xs text-muted">
          <Outside to={fileLink(gitUrl, head, detail.path)}>
            <code className="min-w-0 truncate">{detail.path}</code>
          </Outside>
          <CopyButton text={detail.path} label={t("migrations.copyPath")} />
          {detail.source && <CopyButton text={detail.source} label={t("migrations.copySource")} />}
        </p>
      )}
    </>
  );
}

function Moves({ graph, revision, standings, running, environment, whyNot, onMove }: PaneProps) {
  const { t } = useLanguage();
  const cellText = useCellText();
  const ordered = [...standings].sort(
    (a, b) => Number(b.environment.slug === environment) - Number(a.environment.slug === environment),
  );
  if (ordered.length === 0) return null;
  return (
    <footer className="max-h-[45%] shrink-0 overflow-y-auto border-t border-line px-4 py-2">
      <h3 className="sr-only">{t("migrations.moves")}</h3>
      <ul>
        {ordered.flatMap((standing) => {
          const moves = movesTo(graph, standing, revision.id);
          return standing.databases.map((one) => {
            const mine = moves.filter((move) => move.database.id === one.database.id);
            const main = mine.find((move) => move.kind !== "stamp");
            const stamp = mine.find((move) => move.kind === "stamp");
            const name = standing.databases.length > 1 ? `${standing.environment.name} · ${one.database.name}` : standing.environment.name;
            const cell = cellOf({ ...standing, databases: [one] }, revision.id, running);
            return (
              <li key={one.database.id} className="flex h-9.5 items-center gap-2">
                <StateMark mark={MARKS[cell.state]} />
                {main ? (
                  <MoveButton move={main} name={name} why={whyNot(main.kind, standing.environment, one)} onMove={onMove} primary={standing.environment.slug === environment} />
                ) : (
                  <span className="flex-1 truncate text-sm text-muted">
                    {cell.headOf.length > 0 ? t("migrations.isHere", { name }) : `${name}: ${cellText(cell)}`}
                  </span>
                )}
                {stamp && (
                  <Menu
                    trigger={
                      <IconButton label={t("migrations.moreMoves", { name })}>
                        <MoreHorizontal className="size-4" />
                      </IconButton>
                    }
                  >
                    <MenuItem
                      icon={<Stamp className="size-3.5" />}
                      disabled={whyNot("stamp", standing.environment, one) !== null}
                      onSelect={() => onMove({ kind: "stamp", environment: standing.environment.slug, database: one.database.id, revision: revision.id })}
                    >
                      {t("migrations.stampHere", { name })}
                    </MenuItem>
                  </Menu>
                )}
              </li>
            );
          });
        })}
      </ul>
    </footer>
  );
}

interface MoveButtonProps {
  move: Move;
  name: string;
  why: string | null;
  primary: boolean;
  onMove: (move: MoveAsked) => void;
}

function MoveButton({ move, name, why, primary, onMove }: MoveButtonProps) {
  const { t } = useLanguage();
  const Icon = move.kind === "upgrade" ? ArrowUpToLine : ArrowDownToLine;
  return (
    <Button
      variant={primary && move.kind === "upgrade" ? "primary" : "plain"}
      why={why}
      className="min-w-0 flex-1 !justify-start"
      onClick={() => onMove({ kind: move.kind, environment: move.environment.slug, database: move.database.id, revision: move.target })}
    >
      <Icon aria-hidden className="size-3.5 shrink-0" />
      <span className="truncate">{t(move.kind === "upgrade" ? "migrations.upgradeHere" : "migrations.downgradeHere", { name })}</span>
      {move.environment.protected && <Lock aria-label={t("migrations.protected")} className="size-3 shrink-0" />}
      {move.count !== null && (
        <span className={primary && move.kind === "upgrade" ? "ml-auto pl-2 font-normal" : "ml-auto pl-2 font-normal text-muted"}>
          {t("migrations.revisions", { count: move.count })}
        </span>
      )}
    </Button>
  );
}
