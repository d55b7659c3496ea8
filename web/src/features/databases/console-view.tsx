/** SQL that reads: typed, run, stopped, explained; what was run stays in this browser. */
import { Bookmark, BookmarkPlus, History, Play, Square } from "lucide-react";
import { lazy, Suspense, useEffect, useMemo, useRef, useState } from "react";
import { asProblem } from "@/api/problem";
import { useTrouble } from "@/api/use-trouble";
import { useLanguage } from "@/i18n";
import { Button } from "@/ui/button";
import { DataGrid } from "@/ui/data-grid";
import { Menu, MenuItem } from "@/ui/menu";
import { TroubleNotice } from "@/ui/notice";
import { Segmented } from "@/ui/segmented";
import { Empty } from "@/ui/states";
import { namesOf } from "./completion";
import { history, remember } from "./history";
import { ConfirmWrite, WriteList } from "./write-view";
import { type QueryResult, runQuery, useExplain } from "./looking";
import { PlanTree } from "./plan-tree";
import { SavedQueries, SaveQuery } from "./saved-queries";
import { type Place, useDiagram, useFreshCatalogue } from "./queries";

/** The editor is heavy, and comes once the page is drawn. */
const SqlEditor = lazy(async () => ({ default: (await import("@/ui/sql-editor")).SqlEditor }));

interface ConsoleProps {
  place: Place;
  /** The database's, which several environments may have. */
  name: string;
  mayWrite: boolean;
}

export function ConsoleView({ place, name, mayWrite }: ConsoleProps) {
  const { t, duration } = useLanguage();
  const trouble = useTrouble();
  const [sql, setSql] = useState(() => history(place.database)[0] ?? "");
  const [result, setResult] = useState<QueryResult | null>(null);
  const [error, setError] = useState<unknown>(null);
  const [running, setRunning] = useState<AbortController | null>(null);
  const explain = useExplain(place);
  const catalogue = useFreshCatalogue(place).catalogue.data;
  const diagram = useDiagram(place, catalogue?.read_at).data;
  const names = useMemo(() => namesOf(catalogue?.items ?? [], diagram?.tables ?? []), [catalogue?.items, diagram?.tables]);
  const [kept, setKept] = useState<"save" | "open" | null>(null);
  const [mode, setMode] = useState<"read" | "write">("read");
  const [confirming, setConfirming] = useState(false);
  const writing = mayWrite && mode === "write";
  const aborted = useRef<AbortController | null>(null);
  // Whoever leaves the page does not leave a statement behind on the server.
  useEffect(() => () => aborted.current?.abort(), []);

  const run = async () => {
    const text = sql.trim();
    if (!text || running) return;
    if (writing) {
      remember(place.database, text);
      setConfirming(true);
      return;
    }
    const control = new AbortController();
    aborted.current = control;
    setRunning(control);
    setResult(null);
    setError(null);
    explain.reset();
    remember(place.database, text);
    try {
      await runQuery(place, text, control.signal, setResult);
    } catch (cause) {
      if (!control.signal.aborted) setError(asProblem(cause));
    } finally {
      setRunning(null);
    }
  };
  const askPlan = (analyze: boolean) => {
    setResult(null);
    setError(null);
    explain.mutate({ sql, analyze });
  };
  const shown = error ?? explain.error;
  return (
    <div
      className="flex h-full min-h-0 flex-col"
      onKeyDown={(event) => {
        if (!(event.ctrlKey || event.metaKey) || event.altKey || event.shiftKey || kept) return;
        if (event.key !== "s" && event.key !== "o") return;
        event.preventDefault();
        if (event.key === "o") setKept("open");
        else if (sql.trim()) setKept("save");
      }}
    >
      {kept === "save" && <SaveQuery place={place} database={name} sql={sql} onClose={() => setKept(null)} />}
      {kept === "open" && (
        <SavedQueries
          place={place}
          database={name}
          onClose={() => setKept(null)}
          onOpen={(query) => {
            setSql(query.sql);
            setKept(null);
          }}
        />
      )}
      {confirming && <ConfirmWrite place={place} name={name} sql={sql.trim()} onClose={() => setConfirming(false)} />}
      <div className="border-b border-line p-3">
        {mayWrite && (
          <div className="mb-2">
            <Segmented
              label={t("databases.write.mode")}
              value={mode}
              onChange={setMode}
              options={[
                { value: "read", label: t("databases.write.reading") },
                { value: "write", label: t("databases.write.writing") },
              ]}
            />
          </div>
        )}
        <Suspense fallback={<div className="h-34" />}>
          <SqlEditor value={sql} onChange={setSql} onRun={() => void run()} label={t("databases.sqlLabel")} suggestions={t("databases.suggestions")} hint={writing ? "update …" : "select …"} names={names} />
        </Suspense>
        <div className="mt-2 flex flex-wrap items-center gap-2">
          {running ? (
            <Button variant="danger" onClick={() => running.abort()}>
              <Square aria-hidden className="size-3.5" /> {t("databases.stop")}
            </Button>
          ) : (
            <Button variant={writing ? "danger-primary" : "primary"} disabled={!sql.trim()} onClick={() => void run()}>
              <Play aria-hidden className="size-3.5" /> {t(writing ? "databases.write.run" : "databases.run")}
            </Button>
          )}
          {!writing && <Button busy={explain.isPending && !explain.variables.analyze} disabled={!sql.trim()} onClick={() => askPlan(false)}>
            {t("databases.explain")}
          </Button>}
          {!writing && <Button busy={explain.isPending && explain.variables.analyze} disabled={!sql.trim()} onClick={() => askPlan(true)}>
            {t("databases.analyze")}
          </Button>}
          <Menu
            align="start"
            trigger={
              <Button>
                <History aria-hidden className="size-3.5" /> {t("databases.history")}
              </Button>
            }
          >
            {history(place.database).map((one) => (
              <MenuItem key={one} onSelect={() => setSql(one)}>
                <code className="max-w-96 truncate text-xs">{one}</code>
              </MenuItem>
            ))}
            {history(place.database).length === 0 && <MenuItem disabled>{t("databases.noHistory")}</MenuItem>}
          </Menu>
          <Button onClick={() => setKept("open")} title="Ctrl+O">
            <Bookmark aria-hidden className="size-3.5" /> {t("databases.saved.title")}
          </Button>
          <Button disabled={!sql.trim()} onClick={() => setKept("save")} title="Ctrl+S">
            <BookmarkPlus aria-hidden className="size-3.5" /> {t("databases.saved.save")}
          </Button>
          <span role="status" className="min-w-0 flex-1 text-right text-xs text-muted">
            {running && t("databases.rowsSoFar", { count: result?.rows.length ?? 0 })}
            {result?.end && `${t(result.end.more ? "databases.firstRows" : "databases.allRows", { count: result.end.count })} · ${duration(result.end.ms)}`}
          </span>
        </div>
        <p className="mt-1.5 text-xs text-muted">{t(writing ? "databases.write.hint" : "databases.readOnlyHint")}</p>
      </div>
      {shown ? <TroubleNotice className="m-3" trouble={trouble(shown)} /> : null}
      <div className="min-h-0 flex-1">
        {writing ? (
          <WriteList place={place} />
        ) : explain.data ? (
          <PlanTree plan={explain.data.plan} />
        ) : result && result.columns.length > 0 ? (
          <DataGrid label={t("databases.result")} columns={result.columns} rows={result.rows} isCut={(row, column) => result.limit !== null && (result.rows[row]?.[column]?.length ?? 0) > result.limit} />
        ) : (
          !shown && !running && <Empty title={t("databases.consoleEmpty")}>{t("databases.consoleHint")}</Empty>
        )}
      </div>
    </div>
  );
}
