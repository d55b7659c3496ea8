/** Adding a project: from its address to its graph, with every failing step mended in place. */
import { mkdtempSync, readFileSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, type Page, test } from "@playwright/test";
import { python } from "./python";
import { faults } from "./accessible";
import { drawn, signIn } from "./people";

/** The repository of a well-known project, made of what it publishes. */
function realRepository(): string {
  const folder = join(mkdtempSync(join(tmpdir(), "stillroom-real-")), "optuna");
  const script = "import sys; from pathlib import Path; from real.chains import CHAINS; from real.distributions import make_repository; Path(sys.argv[1]).mkdir(); make_repository(CHAINS[0], Path(sys.argv[1]))";
  python(script, [folder]);
  return folder;
}

interface Place {
  host: string;
  port: string;
  password: string;
}

/** Where the sample's dev database stands, from its settings and from the notes of the stack that made it. */
async function devDatabase(page: Page): Promise<Place> {
  const answer = page.waitForResponse((one) => one.url().endsWith("/projects/shop/environments"));
  await page.goto("/demo/projects/shop/settings");
  const body = (await (await answer).json()) as { items: { slug: string; databases: { host: string; port: number }[] }[] };
  const dev = body.items.find((one) => one.slug === "dev")!.databases[0]!;
  const passwords = JSON.parse(readFileSync(join(process.env["STILLROOM_HOME"]!, "sample", "databases.json"), "utf8")) as Record<string, string>;
  return { host: dev.host, port: String(dev.port), password: passwords["dev"]! };
}

/** Counts what a person does, so that the journey cannot grow unnoticed. */
class Hands {
  actions = 0;

  async click(target: ReturnType<Page["locator"]>) {
    this.actions += 1;
    await target.click();
  }

  async fill(target: ReturnType<Page["locator"]>, text: string) {
    this.actions += 1;
    await target.fill(text);
  }
}

async function accessible(page: Page, name: string) {
  expect(await faults(page), name).toEqual([]);
}

async function remove(page: Page, slug: string) {
  await page.goto(`/demo/projects/${slug}/settings?section=danger`);
  await page.getByLabel(`Type ${slug} to delete it.`).fill(slug);
  await page.getByRole("button", { name: "Delete the project" }).click();
  await expect(page).toHaveURL(/\/demo\/projects$/);
}

test("a real project goes from the list of projects to its graph in fewer than twelve actions", async ({ page }) => {
  test.setTimeout(180_000);
  const repository = realRepository();
  await signIn(page, "/demo/projects");
  const { host, port, password } = await devDatabase(page);
  await page.goto("/demo/projects");
  const hands = new Hands();

  await hands.click(page.getByRole("link", { name: "Add a project" }));
  await hands.fill(page.getByLabel("Git URL"), repository);
  await hands.click(page.getByRole("button", { name: "Look at the repository" }));
  await expect(page.getByText(/optuna\/storages\/_rdb\/alembic\.ini/)).toBeVisible({ timeout: 60_000 });
  await expect(page.getByText(/packages from requirements\.txt · Python 3/)).toBeVisible();
  await expect(page.getByText("env.py takes the address from its ini file")).toBeVisible();
  await accessible(page, "a repository that was read");

  await hands.fill(page.getByLabel("Host"), host);
  await hands.fill(page.getByLabel("Port"), port);
  await hands.fill(page.getByLabel("Database", { exact: true }), "postgres");
  await hands.fill(page.getByLabel("User"), "shop_dev");
  await hands.fill(page.getByLabel("Password"), password);
  await hands.click(page.getByRole("button", { name: "Test the connection" }));
  await expect(page.getByText(/^PostgreSQL \d+/)).toBeVisible({ timeout: 30_000 });
  await expect(page.getByText("no version table yet")).toBeVisible();
  await accessible(page, "a database that was tested");
  await hands.click(page.getByRole("button", { name: "Add the project" }));

  await expect(page).toHaveURL(/\/demo\/projects\/optuna\/migrations/);
  await expect(page.locator("[data-revision]").first()).toBeVisible({ timeout: 60_000 });
  await expect(page.getByRole("columnheader", { name: "dev" })).toBeVisible();
  expect(hands.actions).toBeLessThan(12);
  await remove(page, "optuna");
});

test("a pasted URL fills the database's fields, so that six actions are enough", async ({ page }) => {
  test.setTimeout(120_000);
  await signIn(page, "/demo/projects");
  const source = await page.locator("li", { has: page.locator(`a[href="/demo/projects/shop/migrations"]`) }).locator("code").first().innerText();
  const { host, port, password } = await devDatabase(page);
  await page.goto("/demo/projects/new");
  await page.getByLabel("Git URL").fill(source);
  await page.keyboard.press("Enter");
  await expect(page.getByLabel("Value of variable DATABASE_URL")).toHaveValue("{{url:psycopg}}", { timeout: 60_000 });
  await page.getByLabel("Host").focus();
  await page.evaluate((text) => {
    const data = new DataTransfer();
    data.setData("text", text);
    document.activeElement?.dispatchEvent(new ClipboardEvent("paste", { clipboardData: data, bubbles: true, cancelable: true }));
  }, `postgresql://shop_dev:${password}@${host}:${port}/shop_dev`);
  await expect(page.getByLabel("Database", { exact: true })).toHaveValue("shop_dev");
  await page.getByLabel("Short name").fill(`again-${Date.now()}`);
  await page.getByLabel("Password").focus();
  await page.keyboard.press("Enter");
  await expect(page.getByText("The database can be migrated by this user")).toBeVisible({ timeout: 30_000 });
});

test("each failing step says cause and fix, and what was typed outlives a reload", async ({ page }) => {
  test.setTimeout(150_000);
  const broken = mkdtempSync(join(tmpdir(), "stillroom-empty-"));
  writeFileSync(join(broken, "README.md"), "nothing here");
  await signIn(page, "/demo/projects/new");

  await page.getByLabel("Git URL").fill("ftp://nowhere/shop.git");
  await page.getByRole("button", { name: "Look at the repository" }).click();
  await expect(page.getByRole("alert").first()).toContainText("https://");
  await expect(page.getByLabel("Git URL")).toHaveValue("ftp://nowhere/shop.git");

  await page.getByLabel("Git URL").fill(broken);
  await page.getByRole("button", { name: "Look at the repository" }).click();
  await expect(page.getByRole("alert").filter({ hasText: "This commit holds no Alembic project." })).toContainText("Choose the branch", { timeout: 60_000 });
  await expect(page).toHaveURL(/setup=/);
  await page.reload();
  await expect(page.getByLabel("Git URL")).toHaveValue(broken);
  await expect(page.getByRole("alert").filter({ hasText: "This commit holds no Alembic project." })).toBeVisible();

  const repository = join(process.env["STILLROOM_HOME"]!, "sample", "shop");
  await page.getByLabel("Git URL").fill(repository);
  await page.getByRole("button", { name: "Look again" }).click();
  await expect(page.getByLabel("Value of variable DATABASE_URL")).toBeVisible({ timeout: 60_000 });
  const saved = page.waitForResponse(async (one) => one.request().method() === "PATCH" && (await one.text()).includes("Kept by the service"));
  await page.getByLabel("Name", { exact: true }).fill("Kept by the service");
  await saved;
  await page.getByLabel("Host").fill("127.0.0.1");
  await page.getByLabel("Port").fill("1");
  await page.getByLabel("Database", { exact: true }).fill("nothing");
  await page.getByLabel("User").fill("nobody");
  await page.getByLabel("Password").fill("canary-typed-by-a-person");
  await page.getByRole("button", { name: "Test the connection" }).click();
  await expect(page.getByRole("alert").filter({ hasText: "The database is not reachable." })).toContainText("Check host and port", { timeout: 30_000 });
  await expect(page.getByRole("button", { name: "Add without a database" })).toBeEnabled();

  await page.reload();
  await expect(page.getByLabel("Name", { exact: true })).toHaveValue("Kept by the service");
  await expect(page.getByLabel("Port")).toHaveValue("1");
  await expect(page.getByLabel("Password")).toHaveValue("");
  const stored = await page.evaluate(() => JSON.stringify([localStorage, sessionStorage].map((one) => Object.entries(one))));
  expect(stored).not.toContain("canary-typed-by-a-person");
  await drawn(page);
  await accessible(page, "a database that cannot be reached");

  await page.goto("/demo/projects/new");
  const begun = page.getByRole("region", { name: "Begun and not finished" });
  await expect(begun.getByText(repository).first()).toBeVisible();
  const discards = begun.getByRole("button", { name: /^Discard/ });
  for (let left = await discards.count(); left > 0; left -= 1) {
    await discards.first().click();
    await expect(discards).toHaveCount(left - 1);
  }
});
