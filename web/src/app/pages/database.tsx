/** One database: its parts are tabs, and every state has an address. */
import { useNavigate, useParams } from "react-router";
import { asProblem } from "@/api/problem";
import type { Database, Environment } from "@/api/types";
import { useTrouble } from "@/api/use-trouble";
import type { Place } from "@/features/databases/queries";
import { SchemaView } from "@/features/databases/schema-view";
import { useEnvironments } from "@/features/environments/queries";
import { useLanguage } from "@/i18n";
import { Select } from "@/ui/field";
import { Failed, SkeletonRows } from "@/ui/states";
import { useTitle } from "@/ui/use-title";
import { addresses } from "../addresses";
import { NotFound } from "./not-found";

export function DatabasePage() {
  const { t } = useLanguage();
  const { org = "", project = "", environment: slug, database: name, view: asked } = useParams();
  const trouble = useTrouble();
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
  if (!environment || !database || (asked ?? "schema") !== "schema") return <NotFound />;
  const place: Place = { org, project, environment: environment.slug, database: database.id };
  return (
    <div className="flex h-full min-h-0 flex-col">
      <DatabaseHead place={place} environments={environments.data} environment={environment} database={database} />
      <div key={database.id} className="min-h-0 flex-1">
        <SchemaView place={place} />
      </div>
    </div>
  );
}

interface HeadProps {
  place: Place;
  environments: Environment[];
  environment: Environment;
  database: Database;
}

function DatabaseHead({ place, environments, environment, database }: HeadProps) {
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
            if (chosen) void navigate(addresses.database(org, project, chosen.slug, chosen.name) + location.search);
          }}
        >
          {choices.map((one) => (
            <option key={one.id} value={one.id}>
              {one.label}
            </option>
          ))}
        </Select>
      </div>
    </header>
  );
}
