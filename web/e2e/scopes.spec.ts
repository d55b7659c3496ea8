/** Where tokens, trusts and webhooks count: several projects, or several environments of one. */
import { existsSync } from "node:fs";
import { expect, type Page, test } from "@playwright/test";
import { faults } from "./accessible";
import { calling, signIn } from "./people";

const ADDED = `scope-${Date.now()}`;

test.beforeAll(async ({ request }) => {
  const call = await calling(request);
  expect((await call("POST", "/api/orgs/demo/projects", { slug: ADDED, name: "Second", git_url: "https://git.example/second.git", git_ref: "main" })).ok()).toBe(true);
  expect((await call("POST", "/api/orgs/demo/service-accounts", { name: "Pipeline", roles: [] })).ok()).toBe(true);
});

test.afterAll(async ({ request }) => {
  const call = await calling(request);
  for (const what of ["trusts", "webhooks", "service-accounts", "tokens"]) {
    const { items } = (await (await call("GET", `/api/orgs/demo/${what}`)).json()) as { items: { id: string }[] };
    for (const { id } of items) await call("DELETE", `/api/orgs/demo/${what}/${id}`);
  }
  await call("DELETE", `/api/orgs/demo/projects/${ADDED}`);
});

async function shot(page: Page, name: string): Promise<void> {
  const folder = process.env["SHOTS"] ?? "";
  if (existsSync(folder)) await page.screenshot({ path: `${folder}/${name}.png` });
}

test("a webhook tells of two projects, and changing its name leaves them", async ({ page, request }) => {
  await signIn(page, "/demo/webhooks");
  await page.getByRole("button", { name: "Add a webhook" }).first().click();
  const dialog = page.getByRole("dialog");
  await dialog.getByLabel("Name").fill("Both");
  await dialog.getByLabel("Address").fill("http://127.0.0.1:9/x");
  const projects = dialog.getByRole("group", { name: "Of which projects" });
  await projects.getByLabel("Shop", { exact: true }).check();
  await projects.getByLabel("Second").check();
  expect(await faults(page)).toEqual([]);
  await shot(page, "webhook");
  await dialog.getByRole("button", { name: "Add" }).click();
  await page.getByRole("button", { name: "I have kept it" }).click();
  await expect(page.getByText(/Shop, Second|Second, Shop/)).toBeVisible();
  await page.getByRole("button", { name: "Change" }).click();
  await expect(projects.getByRole("checkbox", { checked: true })).toHaveCount(2);
  await dialog.getByLabel("Name").fill("Both of them");
  await dialog.getByRole("button", { name: "Save" }).click();
  await expect(page.getByText("Both of them")).toBeVisible();
  const call = await calling(request);
  const { items } = (await (await call("GET", "/api/orgs/demo/webhooks")).json()) as { items: { name: string; project_ids: string[] }[] };
  expect(items.find((one) => one.name === "Both of them")?.project_ids).toHaveLength(2);
});

test("a trust counts in two projects, or in two environments of one, and keeps them when it is changed", async ({ page, request }) => {
  await signIn(page, "/demo/tokens");
  await page.getByRole("button", { name: "Trust a pipeline" }).click();
  const dialog = page.getByRole("dialog");
  const [projects, environments] = [dialog.getByRole("group", { name: "Projects" }), dialog.getByRole("group", { name: "Environments" })];
  await dialog.getByLabel("Name").fill("Deploys");
  await projects.getByLabel("Shop", { exact: true }).check();
  await environments.getByLabel("Dev").check();
  await environments.getByLabel("Staging").check();
  expect(await faults(page)).toEqual([]);
  await shot(page, "trust");
  await dialog.getByRole("button", { name: "Add" }).click();
  await expect(dialog).toBeHidden();
  const call = await calling(request);
  const stored = async () => ((await (await call("GET", "/api/orgs/demo/trusts")).json()) as { items: { project_ids: string[]; environment_ids: string[] | null }[] }).items[0];
  expect((await stored())?.environment_ids).toHaveLength(2);

  const change = page.getByRole("region", { name: "Pipelines without a secret" }).getByRole("button", { name: "Change" });
  await change.click();
  await expect(environments.getByRole("checkbox", { checked: true })).toHaveCount(2);
  await projects.getByLabel("Second").check();
  await expect(environments.getByRole("checkbox")).toHaveCount(0);
  await dialog.getByRole("button", { name: "Save" }).click();
  await expect(dialog).toBeHidden();
  expect(await stored()).toMatchObject({ environment_ids: null });
  expect((await stored())?.project_ids).toHaveLength(2);
});

test("a token for two projects is made and shown once", async ({ page }) => {
  await page.setViewportSize({ width: 360, height: 780 });
  await signIn(page, "/demo/tokens");
  await page.getByRole("button", { name: "Make a token" }).first().click();
  const dialog = page.getByRole("dialog");
  await dialog.getByLabel("Name").fill("Reports");
  await dialog.getByRole("group", { name: "Projects" }).getByLabel("Shop", { exact: true }).check();
  await dialog.getByRole("group", { name: "Projects" }).getByLabel("Second").check();
  await shot(page, "token-phone");
  await dialog.getByRole("button", { name: "Make it" }).click();
  await expect(page.getByTestId("token")).toHaveText(/\w{20}/);
  await page.getByRole("button", { name: "I have kept it" }).click();
  await expect(page.getByText(/Shop, Second|Second, Shop/).first()).toBeVisible();
});
