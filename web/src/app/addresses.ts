/** Where things are: the only place that spells an address of a page. */

/** The parts of a database's page, in the order of its tabs. */
export const DATABASE_VIEWS = ["schema", "sql", "activity"] as const;
export type DatabaseView = (typeof DATABASE_VIEWS)[number];

export const addresses = {
  account: (section?: string) => (section ? `/account?section=${section}` : "/account"),
  organization: (org: string) => `/${org}/settings`,
  projects: (org: string) => `/${org}/projects`,
  newProject: (org: string) => `/${org}/projects/new`,
  migrations: (org: string, project: string) => `/${org}/projects/${project}/migrations`,
  jobs: (org: string, project?: string) => (project ? `/${org}/projects/${project}/jobs` : `/${org}/jobs`),
  job: (org: string, project: string, job: string) => `/${org}/projects/${project}/jobs/${job}`,
  databases: (org: string, project: string) => `/${org}/projects/${project}/databases`,
  database: (org: string, project: string, environment: string, database: string, view: DatabaseView = "schema") =>
    `/${org}/projects/${project}/databases/${environment}/${encodeURIComponent(database)}/${view}`,
  tokens: (org: string) => `/${org}/tokens`,
  audit: (org: string) => `/${org}/audit`,
  draft: (org: string, project: string, draft: string) => `/${org}/projects/${project}/drafts/${draft}`,
  settings: (org: string, project: string) => `/${org}/projects/${project}/settings`,
};
