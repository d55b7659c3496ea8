/** Every state has an address; each page is loaded when it is first opened. */
import { createBrowserRouter, type RouteObject } from "react-router";
import { needPart, type PartName } from "@/i18n/parts";
import { Gate } from "./gate";
import { Shell } from "./layout/shell";
import { Crash } from "./pages/crash";
import { Home } from "./pages/home";
import { NotFound } from "./pages/not-found";

/** A page that breaks leaves the frame around it whole. */
function framed(children: RouteObject[]): RouteObject[] {
  return [{ errorElement: <Crash />, children }];
}

/** A page with what it says besides the rest, both on their way at once. */
function withPart<Page>(part: PartName, load: () => Promise<Page>): () => Promise<Page> {
  return async () => (await Promise.all([load(), needPart(part)]))[0];
}

/** A route that is new here also gets a line in e2e/pages.ts. */
export const routes: RouteObject[] = [
  {
    errorElement: <Crash />,
    hydrateFallbackElement: <div />,
    children: [
      { path: "/sign-in", lazy: async () => ({ Component: (await import("./pages/sign-in")).SignIn }) },
      { path: "/sign-up", lazy: async () => ({ Component: (await import("./pages/outside")).SignUp }) },
      { path: "/forgot", lazy: async () => ({ Component: (await import("./pages/outside")).Forgot }) },
      { path: "/reset", lazy: async () => ({ Component: (await import("./pages/outside")).Reset }) },
      { path: "/verify", lazy: async () => ({ Component: (await import("./pages/outside")).Verify }) },
      { path: "/invitation", lazy: async () => ({ Component: (await import("./pages/invitation")).Invitation }) },
      { path: "/outbox", lazy: async () => ({ Component: (await import("./pages/outbox")).Outbox }) },
      { path: "/ui", lazy: withPart("findings", async () => ({ Component: (await import("./pages/components")).Components })) },
      {
        element: <Gate />,
        children: [
          { path: "/", element: <Home /> },
          { path: "/account", lazy: async () => ({ Component: (await import("./pages/account")).Account }) },
          { path: "/terminal", lazy: async () => ({ Component: (await import("./pages/terminal")).Terminal }) },
          { path: "/installation", lazy: async () => ({ Component: (await import("./pages/installation")).Installation }) },
          { path: "/jobs/:job", lazy: async () => ({ Component: (await import("./pages/job-by-id")).JobById }) },
          {
            path: "/:org",
            element: <Shell />,
            errorElement: <Crash />,
            children: framed([
              { index: true, lazy: async () => ({ Component: (await import("./pages/projects")).Projects }) },
              { path: "projects", lazy: async () => ({ Component: (await import("./pages/projects")).Projects }) },
              { path: "projects/new", lazy: async () => ({ Component: (await import("./pages/new-project")).NewProject }) },
              { path: "tokens", lazy: async () => ({ Component: (await import("./pages/tokens")).Tokens }) },
              { path: "webhooks", lazy: async () => ({ Component: (await import("./pages/webhooks")).Webhooks }) },
              { path: "approvals", lazy: async () => ({ Component: (await import("./pages/approvals")).Approvals }) },
              { path: "approvals/:request", lazy: async () => ({ Component: (await import("./pages/approval")).Approval }) },
              { path: "audit", lazy: async () => ({ Component: (await import("./pages/audit")).Audit }) },
              { path: "jobs", lazy: async () => ({ Component: (await import("./pages/jobs")).Jobs }) },
              {
                path: "projects/:project",
                lazy: async () => ({ Component: (await import("./pages/migrations")).Migrations }),
              },
              {
                path: "projects/:project/migrations",
                lazy: async () => ({ Component: (await import("./pages/migrations")).Migrations }),
              },
              { path: "projects/:project/jobs", lazy: async () => ({ Component: (await import("./pages/jobs")).Jobs }) },
              { path: "projects/:project/jobs/:job", lazy: async () => ({ Component: (await import("./pages/job")).JobPage }) },
              { path: "projects/:project/drafts", lazy: async () => ({ Component: (await import("./pages/drafts")).Drafts }) },
              { path: "projects/:project/drafts/:draft", lazy: async () => ({ Component: (await import("./pages/draft")).DraftPage }) },
              {
                path: "projects/:project/databases",
                lazy: withPart("databases", async () => ({ Component: (await import("./pages/databases")).Databases })),
              },
              { path: "projects/:project/compare", lazy: withPart("databases", async () => ({ Component: (await import("./pages/compare")).Compare })) },
              {
                path: "projects/:project/databases/:environment/:database/:view?",
                lazy: withPart("databases", async () => ({ Component: (await import("./pages/database")).DatabasePage })),
              },
              {
                path: "projects/:project/settings",
                lazy: async () => ({ Component: (await import("./pages/project-settings")).ProjectSettings }),
              },
              {
                path: "settings",
                lazy: async () => ({ Component: (await import("./pages/organization-settings")).OrganizationSettings }),
              },
              { path: "*", element: <NotFound /> },
            ]),
          },
        ],
      },
      { path: "*", element: <NotFound /> },
    ],
  },
];

export function createRouter() {
  return createBrowserRouter(routes);
}
