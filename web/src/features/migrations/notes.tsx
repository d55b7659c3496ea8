/** What people should know before they trust the graph, each with the way out. */
import type { ReactNode } from "react";
import type { CurrentEnvironment, GraphProblem, History } from "@/api/types";
import { useLanguage } from "@/i18n";
import { Button } from "@/ui/button";
import { CopyButton } from "@/ui/copy-button";
import { Notice } from "@/ui/notice";
import { type MoveAsked, useTrace } from "./queries";
import type { DatabaseStanding, EnvironmentStanding, Graph, MoveKind } from "./standing";

interface NotesProps {
  project: string;
  history: History;
  graph: Graph;
  standings: EnvironmentStanding[];
  settingsLink: (label: string, section: "environments" | "repository") => ReactNode;
  whyNot: (kind: MoveKind, environment: CurrentEnvironment, one?: DatabaseStanding) => string | null;
  onMove: (move: MoveAsked) => void;
  onSelect: (revision: string) => void;
  onMerge: () => void;
  whyNoDraft: string | null;
  /** The button that has a missing revision's file brought back. */
  restore: (revision: string) => ReactNode;
}

/** Many findings of one kind are one page of noise; the first ones lead to the rest. */
const MOST = 4;

export function GraphNotes(props: NotesProps) {
  const { t } = useLanguage();
  const { history, graph, standings } = props;
  const fatal = history.problems.filter((problem) => problem.fatal);
  const unknown = standings.flatMap(({ environment, databases }) =>
    databases.flatMap((one) => one.database.unknown.map((revision) => ({ environment, one, revision }))),
  );
  const several = history.heads.length > 1;
  if (!several && fatal.length === 0 && unknown.length === 0 && history.notes.length === 0 && history.source === "static") return null;
  return (
    <div className="flex max-h-[45%] shrink-0 flex-col gap-2 overflow-y-auto border-b border-line px-4 py-2">
      {fatal.slice(0, MOST).map((problem) => (
        <ProblemNotice key={`${problem.code} ${problem.revisions.join(" ")}`} {...props} problem={problem} />
      ))}
      {fatal.length > MOST && <p className="text-sm text-muted">{t("migrations.trouble.more", { count: fatal.length - MOST })}</p>}
      {unknown.slice(0, MOST).map(({ environment, one, revision }) => (
        <UnknownNotice key={`${one.database.id} ${revision}`} {...props} environment={environment} one={one} revision={revision} />
      ))}
      {several && (
        <Notice
          kind="warning"
          title={t("migrations.severalHeads", { count: history.heads.length })}
          action={
            <Button size="small" why={props.whyNoDraft} onClick={props.onMerge}>
              {t("drafts.new.merge")}
            </Button>
          }
        >
          <p className="break-words">
            <Revisions ids={history.heads} graph={graph} onSelect={props.onSelect} />
            {". "}
            {t("migrations.severalHeadsDetail")}
          </p>
          <Command text={`alembic merge -m "merge heads" ${history.heads.slice(0, 20).map(word).join(" ")}`} />
        </Notice>
      )}
      {history.source === "alembic" && <Notice>{t("migrations.sourceAlembic")}</Notice>}
      {history.notes.map((note) => (
        <Notice key={`${note.code}-${note.detail}`} kind="warning">
          {note.detail || note.code}
        </Notice>
      ))}
    </div>
  );
}

/** An id or a path within a command that somebody will paste into a shell: it comes from a stranger's file. */
function word(text: string): string {
  return /^[\w./@-]+$/.test(text) && !text.startsWith("-") ? text : `'${text.replaceAll("'", "'\\''")}'`;
}

function Command({ text }: { text: string }) {
  const { t } = useLanguage();
  return (
    <p className="mt-1 flex items-center gap-1">
      <code className="min-w-0 truncate rounded bg-code px-1.5 py-0.5 text-xs">{text}</code>
      <CopyButton text={text} label={t("migrations.copyCommand")} />
    </p>
  );
}

function Revisions({ ids, graph, onSelect }: { ids: readonly string[]; graph: Graph; onSelect: (id: string) => void }) {
  return ids.slice(0, 12).map((id, index) => (
    <span key={id}>
      {index > 0 && ", "}
      {graph.byId.has(id) ? (
        <button type="button" className="font-mono text-xs text-accent-text hover:underline" onClick={() => onSelect(id)}>
          {id.slice(0, 12)}
        </button>
      ) : (
        <code className="text-xs">{id.slice(0, 12)}</code>
      )}
    </span>
  ));
}

function ProblemNotice({ project, problem, graph, onSelect, restore }: NotesProps & { problem: GraphProblem }) {
  const { t } = useLanguage();
  const missing =
    problem.code === "missing_parent"
      ? problem.revisions.flatMap((id) => (graph.byId.get(id)?.down ?? []).filter((down) => !graph.byId.has(down)))
      : [];
  const known = ["missing_parent", "missing_dependency", "cycle", "duplicate_revision", "duplicate_label"] as const;
  const code = known.find((one) => one === problem.code);
  return (
    <Notice kind="error" title={code ? t(`migrations.trouble.${code}`) : problem.code}>
      <p className="break-words">
        <Revisions ids={problem.revisions} graph={graph} onSelect={onSelect} /> — {problem.detail}.
      </p>
      {code && <p className="mt-1">{t(`migrations.trouble.${code}.fix`)}</p>}
      {missing.map((id) => (
        <Trail key={id} project={project} revision={id} restore={restore} />
      ))}
    </Notice>
  );
}

/** Which commit had the revision, which had it no more, and how its file comes back. */
function Trail({ project, revision, database, restore }: { project: string; revision: string; database?: string; restore?: NotesProps["restore"] }) {
  const { t, rich, ago } = useLanguage();
  const trace = useTrace(project, revision, database);
  if (!trace.data) return null;
  const { commit, path, message, gone_in: gone } = trace.data;
  if (!commit || !path) return <p className="mt-1 text-muted">{t("migrations.trace.none", { revision })}</p>;
  const sha = (of: string) => <code className="text-xs">{of.slice(0, 7)}</code>;
  return (
    <div className="mt-1">
      <p>
        {rich("migrations.trace.seen", { revision: <code className="text-xs">{revision.slice(0, 12)}</code>, message: message ?? "", commit: sha(commit.sha), ref: commit.ref, when: ago(commit.authored_at) })}
        {gone && (
          <>
            {" "}
            {rich("migrations.trace.gone", { commit: sha(gone.sha), author: gone.author, subject: gone.subject })}
          </>
        )}
      </p>
      <Command text={`git checkout ${commit.sha} -- ${word(path)}`} />
      {restore?.(revision)}
    </div>
  );
}

interface UnknownProps extends NotesProps {
  environment: EnvironmentStanding["environment"];
  one: DatabaseStanding;
  revision: string;
}

/** The ways out, each with its button: back with the code that had it, another ref, or a stamp. */
function UnknownNotice({ project, history, environment, one, revision, settingsLink, whyNot, onMove }: UnknownProps) {
  const { t, rich } = useLanguage();
  const trace = useTrace(project, revision, one.database.id);
  const where = environment.databases.length > 1 ? `${environment.name} · ${one.database.name}` : environment.name;
  const place = { environment: environment.slug, database: one.database.id };
  const back = trace.data?.way_back;
  const earlier = trace.data?.commit;
  return (
    <Notice kind="error" title={t("migrations.unknown.title", { where, revision })}>
      <p>{t("migrations.unknown.detail", { ref: history.commit.ref, commit: history.commit.sha.slice(0, 7) })}</p>
      <Trail project={project} revision={revision} database={one.database.id} />
      <ul className="mt-2 flex flex-col gap-1.5">
        {back && earlier ? (
          <Repair
            text={rich("migrations.unknown.back", {
              commit: <code className="text-xs">{earlier.sha.slice(0, 7)}</code>,
              target: <code className="text-xs">{back.revision.slice(0, 26)}</code>,
              revisions: t("migrations.revisions", { count: back.undoes.length }),
            })}
          >
            <Button
              size="small"
              variant="primary"
              why={whyNot("downgrade", environment)}
              onClick={() => onMove({ kind: "downgrade", ...place, revision: back.revision, commit: earlier.sha })}
            >
              {t("migrations.unknown.backButton")}
            </Button>
          </Repair>
        ) : (
          trace.data && <Repair text={t("migrations.unknown.downgrade")} />
        )}
        <Repair text={t("migrations.unknown.ref")}>{settingsLink(t("migrations.unknown.chooseRef"), "repository")}</Repair>
        <Repair text={t("migrations.unknown.stampWhen")}>
          <Button size="small" why={whyNot("stamp", environment, one)} onClick={() => onMove({ kind: "stamp", ...place, revision: "heads" })}>
            {t("migrations.unknown.stamp")}
          </Button>
        </Repair>
      </ul>
    </Notice>
  );
}

function Repair({ text, children }: { text: ReactNode; children?: ReactNode }) {
  return (
    <li className="flex flex-wrap items-center gap-x-3 gap-y-1 border-t border-failed/20 pt-1.5">
      <span className="min-w-0 flex-1 basis-64">{text}</span>
      {children}
    </li>
  );
}
