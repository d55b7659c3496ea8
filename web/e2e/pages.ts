/**
 * Every page that a person can open: the axe tests, the phone and the photographs go through this list.
 * A route of src/app/router.tsx that is neither here nor in SAME fails src/app/routes.test.ts.
 */

/** What a page of a running stack needs to be addressed. */
export interface Facts {
  /** The path of a job that has run. */
  job: string;
  /** The path of a draft that was written. */
  draft: string;
  /** The path of a request for approval. */
  request: string;
  /** The path at which a terminal is answered that asked. */
  terminal: string;
}

export interface Page {
  /** Also the name of its photographs. */
  name: string;
  /** The route that draws it, as the router spells it. */
  route: string;
  address: string | ((facts: Facts) => string);
  /** Drawn for people who have not signed in. */
  signedOut?: true;
}

export const SHOP = "/demo/projects/shop/migrations";
const SETTINGS = "/demo/projects/shop/settings";

const DATABASE = "/demo/projects/shop/databases/staging/shop_staging";

export const PAGES: readonly Page[] = [
  { name: "sign-in", route: "/sign-in", address: "/sign-in", signedOut: true },
  { name: "sign-up", route: "/sign-up", address: "/sign-up", signedOut: true },
  { name: "forgot", route: "/forgot", address: "/forgot", signedOut: true },
  { name: "reset", route: "/reset", address: "/reset#secret", signedOut: true },
  { name: "verify", route: "/verify", address: "/verify#secret", signedOut: true },
  { name: "invitation", route: "/invitation", address: "/invitation#secret", signedOut: true },
  { name: "outbox", route: "/outbox", address: "/outbox", signedOut: true },
  { name: "account", route: "/account", address: "/account" },
  { name: "account-security", route: "/account", address: "/account?section=security" },
  { name: "account-sessions", route: "/account", address: "/account?section=sessions" },
  { name: "account-log", route: "/account", address: "/account?section=log" },
  { name: "account-organizations", route: "/account", address: "/account?section=organizations" },
  { name: "account-notifications", route: "/account", address: "/account?section=notifications" },
  { name: "terminal", route: "/terminal", address: "/terminal" },
  { name: "terminal-asks", route: "/terminal", address: ({ terminal }) => terminal },
  { name: "installation", route: "/installation", address: "/installation" },
  { name: "members", route: "/:org/settings", address: "/demo/settings" },
  { name: "invitations", route: "/:org/settings", address: "/demo/settings?section=invitations" },
  { name: "groups", route: "/:org/settings", address: "/demo/settings?section=groups" },
  { name: "rights", route: "/:org/settings", address: "/demo/settings?section=rights&project=shop&environment=prod" },
  { name: "single-sign-on", route: "/:org/settings", address: "/demo/settings?section=sso" },
  { name: "sign-in-refused", route: "/sign-in", address: "/sign-in?sso=sso_address", signedOut: true },
  { name: "organization", route: "/:org/settings", address: "/demo/settings?section=general" },
  { name: "projects", route: "/:org/projects", address: "/demo/projects" },
  { name: "project-new", route: "/:org/projects/new", address: "/demo/projects/new" },
  { name: "project-by-hand", route: "/:org/projects/new", address: "/demo/projects/new?by=hand" },
  { name: "migrations", route: "/:org/projects/:project/migrations", address: SHOP },
  { name: "revision", route: "/:org/projects/:project/migrations", address: `${SHOP}?revision=27e6c0f8b9d4&environment=staging` },
  { name: "revision-checks", route: "/:org/projects/:project/migrations", address: `${SHOP}?revision=0a7f5d38c6be&environment=prod` },
  { name: "move", route: "/:org/projects/:project/migrations", address: `${SHOP}?move=upgrade&on=prod&to=head` },
  { name: "jobs", route: "/:org/jobs", address: "/demo/jobs" },
  { name: "project-jobs", route: "/:org/projects/:project/jobs", address: "/demo/projects/shop/jobs" },
  { name: "job", route: "/:org/projects/:project/jobs/:job", address: ({ job }) => job },
  { name: "databases", route: "/:org/projects/:project/databases", address: "/demo/projects/shop/databases" },
  {
    name: "schema",
    route: "/:org/projects/:project/databases/:environment/:database/:view?",
    address: `${DATABASE}/schema?kind=table&schema=public&name=orders`,
  },
  { name: "rows", route: "/:org/projects/:project/databases/:environment/:database/:view?", address: `${DATABASE}/schema?kind=table&schema=public&name=customers&tab=rows` },
  { name: "overview", route: "/:org/projects/:project/databases/:environment/:database/:view?", address: `${DATABASE}/overview` },
  { name: "diagram", route: "/:org/projects/:project/databases/:environment/:database/:view?", address: `${DATABASE}/diagram` },
  { name: "sql", route: "/:org/projects/:project/databases/:environment/:database/:view?", address: `${DATABASE}/sql` },
  { name: "activity", route: "/:org/projects/:project/databases/:environment/:database/:view?", address: `${DATABASE}/activity` },
  { name: "compare", route: "/:org/projects/:project/compare", address: "/demo/projects/shop/compare?kind=table&schema=public&name=orders" },
  { name: "revision-objects", route: "/:org/projects/:project/migrations", address: `${SHOP}?revision=27e6c0f8b9d4&tab=objects` },
  { name: "object-history", route: "/:org/projects/:project/databases/:environment/:database/:view?", address: `${DATABASE}/schema?kind=table&schema=public&name=orders&tab=history` },
  { name: "settings", route: "/:org/projects/:project/settings", address: SETTINGS },
  { name: "environment-new", route: "/:org/projects/:project/settings", address: `${SETTINGS}?section=environments&add=environment` },
  { name: "settings-repository", route: "/:org/projects/:project/settings", address: `${SETTINGS}?section=repository` },
  { name: "settings-access", route: "/:org/projects/:project/settings", address: `${SETTINGS}?section=access` },
  { name: "settings-masks", route: "/:org/projects/:project/settings", address: `${SETTINGS}?section=masks` },
  { name: "settings-danger", route: "/:org/projects/:project/settings", address: `${SETTINGS}?section=danger` },
  { name: "approvals", route: "/:org/approvals", address: "/demo/approvals" },
  { name: "approvals-mine", route: "/:org/approvals", address: "/demo/approvals?show=mine" },
  { name: "approval", route: "/:org/approvals/:request", address: ({ request }) => request },
  { name: "ledger", route: "/:org/projects/:project/databases/:environment/:database/:view?", address: `${DATABASE}/ledger` },
  { name: "tokens", route: "/:org/tokens", address: "/demo/tokens" },
  { name: "webhooks", route: "/:org/webhooks", address: "/demo/webhooks" },
  { name: "audit", route: "/:org/audit", address: "/demo/audit" },
  { name: "drafts", route: "/:org/projects/:project/drafts", address: "/demo/projects/shop/drafts" },
  { name: "draft", route: "/:org/projects/:project/drafts/:draft", address: ({ draft }) => draft },
  { name: "not-found", route: "/:org/*", address: "/demo/no-such-page" },
  { name: "components", route: "/ui", address: "/ui" },
];

/** Routes that lead to another page, or draw it under a second address; by the name of that page. */
export const SAME: Readonly<Record<string, string>> = {
  "/": "projects",
  "/:org": "projects",
  "/:org/projects/:project": "migrations",
  "/jobs/:job": "job",
  "/*": "not-found",
};

export function addressOf(page: Page, facts: Facts): string {
  return typeof page.address === "string" ? page.address : page.address(facts);
}
