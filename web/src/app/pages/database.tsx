/** One database: its parts are tabs, and every state has an address. */
import { Lock } from "lucide-react";
import { lazy, type ReactNode, Suspense } from "react";
import { Link, useNavigate, useParams } from "react-router";
import { asProblem } from "@/api/problem";
import type { CatalogueObject, Database, Environment } from "@/api/types";
import { useTrouble } from "@/api/use-trouble";
import { WaysProvider } from "@/features/databases/lives";
import type { Place } from "@/features/databases/queries";
import { RowsTab } from "@/features/databases/rows-tab";
import { SchemaView } from "@/features/databases/schema-view";
import { useEnvironments } from "@/features/environments/queries";
import { useOutcome } from "@/features/jobs/outcome";
import { useLanguage } from "@/i18n";
import { cx } from "@/ui/cx";
import { Select } from "@/ui/field";
import { Empty, Failed, SkeletonRows } from "@/ui/states";
import { useTitle } from "@/ui/use-title";
import { addresses, DATABASE_VIEWS, type DatabaseView } from "../addresses";
import { NotFound } from "./not-found";

/** Each part of the page is loaded when it is first looked at. */
const ActivityView = lazy(async () => ({ default: (await import("@/features/databases/activity-view")).ActivityView }));
const ConsoleView = lazy(async () => ({ default: (await import("@/features/databases/console-view")).ConsoleView }));
const LedgerView = lazy(async () => ({ default: (await import("@/features/databases/ledger-view")).LedgerView }));
const DiagramView = lazy(async () => ({ default: (await import("@/features/databases/diagram-view")).DiagramView }));
const OverviewView = lazy(async () => ({ default: (await import("@/features/databases/overview-view")).OverviewView }));

export function DatabasePage() {
  const { t } = useLanguage();
  const { org = "", project = "", environment: slug, database: name, view: asked } = useParams();
  const trouble = useTrouble();
  const outcomeOf = useOutcome();
  const environments = useEnvironments(org, project);
  useTitle(name, slug, t("nav.databases"));
  if (environments.isError)
    return asProblem(environments.error).status === 404 ? (
      <NotFound />
    ) : (
      <Failed trouble={trouble(environments.error)} onRetry={() => void environments.refetch()} />
    );
  if (!environments.data) return <SkeletonRows />;
  const environment = environments.data.find((one) => one.slug === slug);
  const database = environment?.databases.find((one) => one.name === name);
  const view = DATABASE_VIEWS.find((one) => one === (asked ?? "schema"));
  if (!environment || !database || !view) return <NotFound />;
  const may = (permission: string) => (environment.permissions.includes(permission) ? null : t("common.noPermission", { permission }));
  const place: Place = { org, project, environment: environment.slug, database: database.id };
  const ways = {
    revision: (revision: string) => addresses.revision(org, project, revision),
    job: (job: string) => addresses.job(org, project, job),
    table: (schema: string, table: string) => `${addresses.database(org, project, environment.slug, database.name)}?${new URLSearchParams({ kind: "table", schema, name: table })}`,
  };
  return (
    <div className="flex h-full min-h-0 flex-col">
      <DatabaseHead place={place} environments={environments.data} environment={environment} database={database} view={view} />
      <div key={database.id} className="min-h-0 flex-1">
        <WaysProvider value={ways}>
        <Suspense fallback={<SkeletonRows />}>
        {view === "overview" && <Permitted why={may("activity.read")}><OverviewView place={place} /></Permitted>}
        {view === "schema" && (
          <SchemaView place={place} more={(object) => (may("data.read") || object.columns.length === 0 || object.kind === "composite" ? [] : [rowsTab(place, object, t("databases.tabs.rows"))])} />
        )}
        {view === "diagram" && <DiagramView place={place} name={database.name} />}
        {view === "sql" && <Permitted why={may("sql.read")}><ConsoleView place={place} name={database.name} mayWrite={!environment.protected && environment.permissions.includes("sql.write")} /></Permitted>}
        {view === "activity" && <Permitted why={may("activity.read")}><ActivityView place={place} why={may("activity.cancel")} /></Permitted>}
        {view === "ledger" && (
          <LedgerView
            place={place}
            outcomeOf={outcomeOf}
            jobLink={(job, label) => (
              <Link to={addresses.job(org, project, job)} className="font-medium hover:underline">
                {label}
              </Link>
            )}
          />
        )}
        </Suspense>
        </WaysProvider>
      </div>
    </div>
  );
}

function rowsTab(place: Place, object: CatalogueObject, label: string) {
  return { value: "rows", label, content: <RowsTab place={place} object={object} /> };
}

/** A part of the page that not everybody may see. */
function Permitted({ why, children }: { why: string | null; children: ReactNode }) {
  return why ? <Empty icon={<Lock className="size-5" />} title={why} /> : children;
}

interface HeadProps {
  place: Place;
  environments: Environment[];
  environment: Environment;
  database: Database;
  view: DatabaseView;
}

function DatabaseHead({ place, environments, environment, database, view }: HeadProps) {
  const { t } = useLanguage();
  const navigate = useNavigate();
  const { org, project } = place;
  const choices = environments.flatMap((one) => one.databases.map((of) => ({ slug: one.slug, id: of.id, name: of.name, label: `${one.name} · ${of.name}` })));
  return (
    <header className="flex flex-wrap items-center gap-x-4 gap-y-1 border-b border-line px-4 pt-2">
      <h1 className="sr-only">
        {environment.name} · {database.name}
      </h1>
      <div className="mb-2 w-56 max-w-full">
        <Select
          aria-label={t("databases.choose")}
          value={database.id}
          onChange={(event) => {
            const chosen = choices.find((one) => one.id === event.target.value);
            if (chosen) void navigate(addresses.database(org, project, chosen.slug, chosen.name, view) + location.search);
          }}
        >
          {choices.map((one) => (
            <option key={one.id} value={one.id}>
              {one.label}
            </option>
          ))}
        </Select>
      </div>
      <nav aria-label={t("databases.views")} className="flex gap-4 self-end overflow-x-auto">
        {DATABASE_VIEWS.map((one) => (
          <Link
            key={one}
            to={addresses.database(org, project, environment.slug, database.name, one)}
            aria-current={one === view ? "page" : undefined}
            className={cx("-mb-px h-8 border-b-2 text-sm leading-8 whitespace-nowrap hover:text-text", one === view ? "border-accent font-medium text-text" : "border-transparent text-muted")}
          >
            {t(`databases.view.${one}`)}
          </Link>
        ))}
        {choices.length > 1 && (
          <Link to={addresses.compare(org, project, database.id)} className="-mb-px h-8 border-b-2 border-transparent text-sm leading-8 whitespace-nowrap text-muted hover:text-text">
            {t("nav.compare")}…
          </Link>
        )}
      </nav>
    </header>
  );
}
