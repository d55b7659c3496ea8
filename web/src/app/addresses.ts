import type { Current } from "@/api/types";

/** Where things are: the only place that spells an address of a page. */

/** The parts of a database's page, in the order of its tabs. */
export const DATABASE_VIEWS = ["overview", "schema", "diagram", "sql", "activity", "ledger"] as const;
export type DatabaseView = (typeof DATABASE_VIEWS)[number];

export const addresses = {
  account: (section?: string) => (section ? `/account?section=${section}` : "/account"),
  installation: "/installation",
  organization: (org: string) => `/${org}/settings`,
  projects: (org: string) => `/${org}/projects`,
  newProject: (org: string) => `/${org}/projects/new`,
  migrations: (org: string, project: string) => `/${org}/projects/${project}/migrations`,
  revision: (org: string, project: string, revision: string) => `/${org}/projects/${project}/migrations?revision=${encodeURIComponent(revision)}`,
  jobs: (org: string, project?: string) => (project ? `/${org}/projects/${project}/jobs` : `/${org}/jobs`),
  job: (org: string, project: string, job: string) => `/${org}/projects/${project}/jobs/${job}`,
  databases: (org: string, project: string) => `/${org}/projects/${project}/databases`,
  database: (org: string, project: string, environment: string, database: string, view: DatabaseView = "schema") =>
    `/${org}/projects/${project}/databases/${environment}/${encodeURIComponent(database)}/${view}`,
  compare: (org: string, project: string, left?: string) => `/${org}/projects/${project}/compare${left ? `?left=${left}` : ""}`,
  tokens: (org: string) => `/${org}/tokens`,
  webhooks: (org: string, log?: string) => (log ? `/${org}/webhooks?log=${log}` : `/${org}/webhooks`),
  approvals: (org: string) => `/${org}/approvals`,
  approval: (org: string, request: string) => `/${org}/approvals/${request}`,
  audit: (org: string) => `/${org}/audit`,
  drafts: (org: string, project: string) => `/${org}/projects/${project}/drafts`,
  /** The dialog that has a revision written stands on the page of the migrations. */
  newRevision: (org: string, project: string) => `/${org}/projects/${project}/migrations?new=revision`,
  draft: (org: string, project: string, draft: string) => `/${org}/projects/${project}/drafts/${draft}`,
  settings: (org: string, project: string) => `/${org}/projects/${project}/settings`,
};

interface Asked {
  environment: string | null;
  database: string | null;
  kind: string;
  schema: string;
  name: string;
}

/** What a statement calls by the very name under which the schema's page has it. */
const BY_NAME = new Set(["table", "foreign_table", "view", "materialized_view", "sequence", "schema", "extension", "role", "enum", "domain"]);

/** The page of an object that a revision touches: on the database where it ran, else on the first that has any. */
export function objectAddress(org: string, project: string, current: Current | undefined, asked: Asked): string | null {
  const first = current?.environments.flatMap((one) => one.databases.filter((of) => of.heads?.length).map((of) => ({ environment: one.slug, database: of.name })))[0];
  const place = asked.environment && asked.database ? { environment: asked.environment, database: asked.database } : first;
  if (!place) return null;
  const apart = asked.kind === "schema" || asked.kind === "extension" || asked.kind === "role";
  const search = BY_NAME.has(asked.kind)
    ? new URLSearchParams({ kind: asked.kind, ...(apart ? {} : { schema: asked.schema || "public" }), name: asked.name })
    : new URLSearchParams({ q: asked.name });
  return `${addresses.database(org, project, place.environment, place.database)}?${search}`;
}
