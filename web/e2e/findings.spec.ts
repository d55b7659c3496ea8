/** What may hurt in a revision and in a plan: beside the source, in the dialog, and for whoever approves it. */
import { expect, type Page, test } from "@playwright/test";
import { faults, overflow } from "./accessible";
import { signIn, speaks } from "./people";
import { addProject, call, change, createDatabase, moveTo, removeProject, Repository } from "./repository";

const LAST = "ddd4";
const PHONE = { width: 390, height: 844 };
const DROP = "The values of the column are gone, and code that still names it fails at once.";

/** A project whose pending revisions build an index, add a column and drop one, on a table that is large. */
async function shop(page: Page): Promise<string> {
  const database = `findings_${Date.now()}`;
  createDatabase(database);
  const repository = new Repository();
  repository.write("aaa1", null, 'op.execute("create table orders (id int, code text, note text)")');
  repository.write("bbb2", "aaa1", 'op.create_index("orders_code", "orders", ["code"])', 'op.drop_index("orders_code", "orders")');
  repository.write("ccc3", "bbb2", 'op.add_column("orders", sa.Column("place", sa.Text(), nullable=False))', 'op.drop_column("orders", "place")');
  repository.write(LAST, "ccc3", 'op.drop_column("orders", "note")', 'op.add_column("orders", sa.Column("note", sa.Text()))');
  repository.commit("pending");
  await signIn(page, "/demo/projects");
  const slug = await addProject(page, repository, database);
  await page.goto(`/demo/projects/${slug}/migrations`);
  await expect(page.locator("[data-revision]")).toHaveCount(4, { timeout: 90_000 });
  await moveTo(page, slug, "upgrade", "aaa1");
  change(database, "insert into orders select n, repeat('x', 100) from generate_series(1, 120000) n");
  change(database, "analyze orders");
  const places = `/api/orgs/demo/projects/${slug}/environments`;
  const { items } = (await call(page, "GET", places)) as { items: { databases: { id: string }[] }[] };
  await call(page, "POST", `${places}/dev/databases/${items[0]!.databases[0]!.id}/catalogue/read`);
  return slug;
}

// The account keeps its language for the tests after this one.
test.afterEach(({ request }) => speaks(request, "en"));

test("the pane leads to the line, the plan says what is in its steps, and a phone and Russian show the same", async ({ page, request }) => {
  test.setTimeout(240_000);
  const slug = await shop(page);
  const migrations = `/demo/projects/${slug}/migrations`;

  await page.goto(`${migrations}?revision=${LAST}`);
  const checks = page.getByRole("region", { name: "Checks" });
  await expect(checks).toContainText("Checks · 1 danger");
  await expect(checks.getByRole("listitem")).toContainText(["orders.note"]);
  await expect(checks).toContainText(DROP);
  await expect(checks).toContainText("ACCESS EXCLUSIVE");
  await expect(checks.getByText("keep a copy of what may be needed again")).toBeHidden();
  await checks.getByText("What to do instead").click();
  await expect(checks.getByText("keep a copy of what may be needed again")).toBeVisible();
  const line = checks.getByRole("button", { name: /^line \d+$/ });
  const number = /\d+/.exec(await line.innerText())![0];
  await line.focus();
  await page.keyboard.press("Enter");
  await expect(page.locator(`[data-line="${number}"]`)).toContainText('op.drop_column("orders", "note")');
  await expect(page.getByRole("region", { name: "Upgrade" })).toBeFocused();
  expect(await faults(page)).toEqual([]);
  await page.getByRole("tab", { name: "Downgrade" }).click();
  await expect(checks).toContainText("Nothing here is known to hurt.");

  await page.goto(`${migrations}?move=upgrade&on=dev&to=head`);
  const dialog = page.getByRole("dialog");
  await expect(dialog.getByText(/^2 dangers, 1 warning; sizes as read/)).toBeVisible();
  const steps = dialog.getByRole("list", { name: "Steps in order" });
  await expect(steps.getByRole("button")).toHaveText([/warning\s*1/, /danger\s*1/, /danger\s*1/]);
  await expect(steps).not.toContainText("Nobody writes to the table until the index is built.");
  await steps.getByRole("button").first().click();
  await expect(steps).toContainText("Nobody writes to the table until the index is built.");
  await expect(steps).toContainText(/about 120 thousand rows, \d+ MB/);
  expect(await faults(page)).toEqual([]);
  await page.emulateMedia({ colorScheme: "dark" });
  await expect(page.locator("html")).toHaveAttribute("data-theme", "dark");
  expect(await faults(page)).toEqual([]);

  await page.setViewportSize(PHONE);
  await expect(dialog.getByRole("button", { name: /^Upgrade/ })).toBeEnabled();
  expect(await overflow(page)).toBe(0);
  const [box, badge] = await Promise.all([dialog.boundingBox(), steps.getByRole("button").nth(1).boundingBox()]);
  expect(badge!.x + badge!.width).toBeLessThanOrEqual(box!.x + box!.width);
  expect(await faults(page)).toEqual([]);
  await page.screenshot({ path: test.info().outputPath("plan-390.png") });
  await speaks(request, "ru");
  await page.reload();
  await expect(dialog.getByText(/2 опасности, 1 предупреждение; размеры прочитаны/)).toBeVisible();
  await dialog.getByRole("list").first().getByRole("button").last().click();
  await expect(dialog).toContainText("Значения столбца пропадут");
  expect(await overflow(page)).toBe(0);
  await removeProject(page, slug);
});

test("a plan is confirmed although nobody could say what is in it", async ({ page }) => {
  test.setTimeout(240_000);
  const slug = await shop(page);
  // Away: the page waits for no answer, and takes a refusal as a fact.
  await page.route("**/api/plans/*/findings", (route) => route.fulfill({ status: 503, body: "{}" }));
  await page.goto(`/demo/projects/${slug}/migrations?move=upgrade&on=dev&to=bbb2`);
  const dialog = page.getByRole("dialog");
  await expect(dialog.getByText("What may hurt could not be found out.")).toBeVisible();
  await expect(dialog.getByRole("list", { name: "Steps in order" }).getByRole("listitem")).toHaveCount(1);
  await page.unroute("**/api/plans/*/findings");
  await dialog.getByRole("button", { name: "Try again" }).click();
  await expect(dialog.getByText(/^1 warning/)).toBeVisible();
  await page.route("**/api/plans/*/findings", () => undefined);
  await page.reload();
  await dialog.getByRole("button", { name: "Upgrade · 1 revision" }).click();
  await expect(page).toHaveURL(/\/jobs\//);
  await expect(page.getByRole("heading", { level: 1 })).toContainText("Succeeded", { timeout: 60_000 });
  await removeProject(page, slug);
});

test("whoever is to approve a plan sees its dangers before anything else", async ({ page }) => {
  test.setTimeout(240_000);
  const slug = await shop(page);
  await call(page, "PATCH", `/api/orgs/demo/projects/${slug}/environments/dev`, { approvals_needed: 1 });
  await page.goto(`/demo/projects/${slug}/migrations?move=upgrade&on=dev&to=head`);
  await page.getByRole("dialog").getByRole("button", { name: "Ask for approval" }).click();
  await expect(page).toHaveURL(/\/demo\/approvals\//);
  const dangers = page.getByRole("status").filter({ hasText: "Before you decide: 2 dangers, 1 warning" });
  await expect(dangers.getByRole("listitem")).toHaveCount(2);
  await expect(dangers).toContainText(DROP);
  await expect(page.getByRole("list", { name: "Steps in order" }).getByRole("button")).toHaveCount(3);
  expect(await faults(page)).toEqual([]);
  await page.setViewportSize(PHONE);
  expect(await overflow(page)).toBe(0);
  await page.screenshot({ path: test.info().outputPath("approval-390.png"), fullPage: true });
  await page.getByRole("button", { name: "Withdraw the request" }).click();
  await expect(dangers).toHaveCount(0);
  await removeProject(page, slug);
});
