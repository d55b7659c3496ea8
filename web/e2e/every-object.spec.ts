/** The pages of a database that holds every kind of object, hostile names, the widest table and the largest values. */
import { type BrowserContext, expect, type Page, test } from "@playwright/test";
import { faults, overflow } from "./accessible";
import { createEveryObject, hostileNames, MOST_COLUMNS } from "./every-object";
import { drawn, signIn, speaks } from "./people";
import { forbidden, watchesPolicy } from "./policy";
import { addProject, call, removeProject, Repository } from "./repository";



const name = `every_object_${Date.now()}`;
let project: string;
let context: BrowserContext;
let page: Page;
/** What ran that must not, and what fell over. */
let wrong: string[];

const at = (view: string, search: Record<string, string> = {}) => `/demo/projects/${project}/databases/dev/${name}/${view}?${new URLSearchParams(search)}`;
const table = (of: string, tab: string) => at("schema", { kind: "table", schema: "public", name: of, tab });
/** A name as a page shows it: what nobody would see has a sign. */
const shown = (text: string) => text.replace(/\n/g, "␊").replace(/[\u202a-\u202e]/g, "␣");
/** The heading of an object's page: the first one, since a tab that has nothing to show says so under a heading too. */
const title = () => page.getByRole("article").getByRole("heading", { level: 2 }).first();

test.beforeAll(async ({ browser, request }) => {
  test.setTimeout(240_000);
  await speaks(request, "en");
  createEveryObject(name);
  const repository = new Repository();
  repository.revision("aaa1", null, "made_by_a_revision");
  repository.commit("the first table");
  context = await browser.newContext({ reducedMotion: "reduce", viewport: { width: 1440, height: 900 } });
  await watchesPolicy(context);
  page = await context.newPage();
  wrong = [];
  page.on("dialog", (one) => {
    wrong.push(`dialog: ${one.message()}`);
    void one.dismiss();
  });
  page.on("pageerror", (error) => wrong.push(error.message));
  await signIn(page, "/demo/projects");
  project = await addProject(page, repository, name);
  await page.goto(at("schema"));
  await expect(page.getByRole("list", { name: "Objects" }).getByRole("button").first()).toBeVisible({ timeout: 60_000 });
});

test.afterEach(async () => {
  expect(wrong).toEqual([]);
  expect(await forbidden(page)).toEqual([]);
});

test.afterAll(async () => {
  await removeProject(page, project);
  await context.close();
});

test("a table with a hostile name is found, opened, read, filtered and saved under its very name", async () => {
  test.setTimeout(240_000);
  for (const one of hostileNames()) {
    await page.goto(at("schema"));
    await page.getByRole("searchbox", { name: "Find an object" }).fill(one.split("\n")[0] ?? "");
    await page.getByRole("list", { name: "Objects" }).getByTitle(one, { exact: true }).first().click();
    const pane = page.getByRole("article");
    await expect(title()).toContainText(shown(one));
    for (const tab of await pane.getByRole("tab").all()) {
      await tab.click();
      await expect(pane.getByRole("tabpanel")).toBeVisible();
      await drawn(page);
      await expect(page.getByRole("alert")).toHaveCount(0);
    }
    await pane.getByRole("tab", { name: "Rows" }).click();
    await pane.getByRole("button", { name: "Add a condition" }).click();
    await pane.getByLabel("Column", { exact: true }).selectOption(one);
    await pane.getByLabel("Value", { exact: true }).fill("'; drop table x; --");
    await pane.getByRole("button", { name: "Apply" }).click();
    await expect(pane.getByRole("status")).toContainText("0 rows");
    const saved = page.waitForEvent("download");
    await pane.getByRole("button", { name: "CSV" }).click();
    expect((await saved).suggestedFilename()).not.toMatch(/[/\\\n]/);
  }
});

test("every object of every kind has its page, and every part of it can be looked at", async () => {
  test.setTimeout(300_000);
  const { environments } = (await call(page, "GET", `/api/migrations/current?project=demo/${project}`)) as { environments: { databases: { id: string }[] }[] };
  const catalogue = `/api/orgs/demo/projects/${project}/environments/dev/databases/${environments[0]?.databases[0]?.id}/catalogue`;
  const { items } = (await call(page, "GET", catalogue)) as { items: { kind: string; schema_name: string; name: string }[] };
  const seen = new Set<string>();
  for (const one of items.filter(({ kind }) => kind !== "role")) {
    const first = !seen.has(one.kind);
    seen.add(one.kind);
    await page.goto(at("schema", { kind: one.kind, schema: one.schema_name, name: one.name }));
    const pane = page.getByRole("article");
    await expect(title()).toContainText(shown(one.name));
    if (!first) continue;
    for (const tab of await pane.getByRole("tab").all()) {
      await tab.click();
      await drawn(page);
    }
    expect(await faults(page)).toEqual([]);
  }
  expect([...seen].sort()).toEqual(["composite", "domain", "enum", "extension", "function", "materialized_view", "range", "schema", "sequence", "table", "view"]);
});

for (const view of ["overview", "diagram", "activity", "sql", "ledger"])
  test(`the page ${view} of such a database is whole on a screen, in the dark and on a phone`, async () => {
    test.setTimeout(120_000);
    await page.goto(at(view));
    await drawn(page);
    await page.screenshot({ path: test.info().outputPath(`${view}.png`) });
    expect(await faults(page)).toEqual([]);
    await page.emulateMedia({ colorScheme: "dark" });
    await page.setViewportSize({ width: 360, height: 740 });
    try {
      await drawn(page);
      expect(await faults(page)).toEqual([]);
      expect(await overflow(page)).toBe(0);
      await page.screenshot({ path: test.info().outputPath(`${view}-phone.png`) });
    } finally {
      await page.emulateMedia({ colorScheme: "light" });
      await page.setViewportSize({ width: 1440, height: 900 });
    }
  });

test("a table of 1,600 columns is read to its last column, and draws only what is seen", async () => {
  await page.goto(table("wide", "columns"));
  await expect(page.getByRole("article")).toContainText("1,600 columns");
  await page.goto(table("wide", "rows"));
  const grid = page.getByRole("grid", { name: "Rows" });
  await expect(grid.getByRole("columnheader", { name: /^c1 ?smallint/ })).toBeVisible();
  expect(await grid.getByRole("columnheader").count()).toBeLessThan(60);
  await grid.evaluate((one) => one.scrollTo({ left: one.scrollWidth }));
  await expect(grid.getByRole("columnheader", { name: new RegExp(`^c${MOST_COLUMNS} ?smallint`) })).toBeVisible();
  await expect(grid.getByRole("gridcell", { name: String(MOST_COLUMNS), exact: true })).toBeVisible();
});

test("a value of a hundred megabytes is shown by its beginning, and what is binary, empty or unseen is told apart", async () => {
  let most = 0;
  page.on("response", (answer) => {
    if (/rows|query/.test(answer.url())) void answer.body().then((body) => (most = Math.max(most, body.length)), () => undefined);
  });
  await page.goto(table("odd_values", "rows"));
  const grid = page.getByRole("grid", { name: "Rows" });
  const row = (what: string) => grid.getByRole("row").filter({ has: page.getByRole("gridcell", { name: what, exact: true }) });
  await expect(row("a hundred megabytes")).toContainText("xxxx…");
  await expect(row("binary")).toContainText("\\x00ff10c3");
  await expect(row("control")).toContainText("␁␛[31mred␛[0m ␣esrever␣␉tab␊line two");
  await expect(row("markup")).toContainText("<img src=x onerror=alert(1)>");
  await expect(row("empty").getByRole("gridcell", { name: '""', exact: true })).toHaveCount(1);
  await page.screenshot({ path: test.info().outputPath("odd.png") });
  expect(most).toBeLessThan(1024 * 1024);
});

test("a cell is reached and opened by keyboard alone, and says that only its beginning is shown", async () => {
  await page.goto(table("odd_values", "rows"));
  const grid = page.getByRole("grid", { name: "Rows" });
  await grid.focus();
  await page.keyboard.press("ArrowRight");
  await page.keyboard.press("ArrowRight");
  await page.keyboard.press("Enter");
  const dialog = page.getByRole("dialog", { name: "body" });
  await expect(dialog).toContainText("Only the beginning is shown");
  await page.keyboard.press("Escape");
  await expect(grid).toBeFocused();
  await page.keyboard.press("End");
  await page.keyboard.press("ArrowDown");
  await page.keyboard.press("Enter");
  await expect(page.getByRole("dialog", { name: "bytes" })).toContainText("\\x00ff10c3");
  await page.keyboard.press("Escape");
});

test("the console takes hostile names and values as they are, and its errors quote them without harm", async () => {
  const run = async (sql: string) => {
    await page.goto(at("sql"));
    await page.getByRole("textbox", { name: "SQL to run" }).focus();
    await page.keyboard.press("Control+a"); // the console keeps what was typed there last
    await page.keyboard.insertText(sql);
    await page.keyboard.press("Escape");
    await page.keyboard.press("Control+Enter");
  };
  await run(`select * from odd_values order by id`);
  await expect(page.getByRole("grid", { name: "Result" })).toContainText("xxxx…");
  await run(`select '<img src=x onerror=alert(3)>' as "<script>alert(4)</script>", chr(8238) || 'abc' as "b${"ы".repeat(30)}"`);
  await expect(page.getByRole("columnheader", { name: /<script>alert\(4\)<\/script>/ })).toBeVisible();
  await run(`select * from "<script>alert(5)</script>nothing"`);
  await expect(page.getByRole("alert")).toContainText("<script>alert(5)</script>nothing");
  await run(`select * from wide`);
  await expect(page.getByRole("grid", { name: "Result" })).toBeVisible();
});

test("the diagram draws what a name tries to hide", async () => {
  await page.goto(at("diagram"));
  const diagram = page.getByRole("group", { name: "Diagram" });
  for (const one of hostileNames()) await expect(diagram.locator("text").filter({ hasText: shown(one) }).first()).toBeVisible();
});
