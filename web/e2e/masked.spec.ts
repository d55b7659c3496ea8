/** Masked columns as an operator sees them: rows, saved files, the console, and what others run in a job's locks. */
import { expect, type Page, test } from "@playwright/test";
import { faults, overflow } from "./accessible";
import { holdTable } from "./hold";
import { calling, downloaded, drawn, idOf, joins, move, SHOP, signIn } from "./people";

const DATABASE = "/demo/projects/shop/databases/staging/shop_staging";
const ROWS = `${DATABASE}/schema?kind=table&schema=public&name=customers&tab=rows`;
const MASKS = "/api/orgs/demo/projects/shop/masks";
const STAGING = "/api/orgs/demo/projects/shop/environments/staging";
const BASE = "5b90d2f7a6c4";
const HIDDEN = "Masked: nothing of it is shown without the permission data.unmasked.";
const OPERATOR = { name: "Olga", email: `olga-${Date.now()}@example.com`, password: "staple battery horse correct" };

test.beforeAll(async ({ request }) => {
  await joins(request, OPERATOR, "member");
  const admin = await calling(request);
  expect((await admin("PUT", `/api/orgs/demo/projects/shop/members/${await idOf(admin, OPERATOR.email)}`, { role: "operator" })).ok()).toBe(true);
  expect((await admin("POST", MASKS, { schema_name: "public", table_name: "customers", column_name: "email", kind: "hide" })).status()).toBe(201);
});

test.afterAll(async ({ request }) => {
  const admin = await calling(request);
  const { items } = (await (await admin("GET", MASKS)).json()) as { items: { id: string }[] };
  for (const { id } of items) await admin("DELETE", `${MASKS}/${id}`);
  await admin("DELETE", `/api/orgs/demo/members/${await idOf(admin, OPERATOR.email)}`);
});

const enters = (page: Page, to: string) => signIn(page, to, OPERATOR.email, OPERATOR.password);

test("an operator sees a sign in place of masked values, why it is there, and no value in a saved file", async ({ page }) => {
  await enters(page, ROWS);
  const grid = page.getByRole("grid", { name: "Rows" });
  await expect(grid.getByRole("gridcell", { name: "•••", exact: true }).first()).toBeVisible();
  await expect(page.getByText("@example.com")).toHaveCount(0);
  const head = grid.getByRole("columnheader", { name: /email/ });
  await expect(head.getByRole("img", { name: HIDDEN })).toBeVisible();
  // By keyboard too: the sign is reached, and says it.
  await head.locator("[tabindex='0']").focus();
  await expect(page.getByRole("tooltip", { name: HIDDEN })).toBeVisible();
  expect(await faults(page)).toEqual([]);
  await page.screenshot({ path: test.info().outputPath("rows-masked.png") });
  for (const format of ["CSV", "JSON"]) {
    const { text } = await downloaded(page, () => page.getByRole("button", { name: format, exact: true }).click());
    expect(text.trim().split("\n").length).toBeGreaterThanOrEqual(800);
    expect(text).toContain("•••");
    expect(text).not.toContain("@example.com");
  }
  // What cannot be compared is not offered as a condition.
  await page.getByRole("button", { name: "Add a condition", exact: true }).click();
  await expect(page.getByRole("combobox", { name: "Column", exact: true }).locator("option", { hasText: /^(id|created_at)$/ })).toHaveCount(2);
  await expect(page.getByRole("combobox", { name: "Column", exact: true }).locator("option", { hasText: /^email$/ })).toHaveCount(0);
  await grid.getByRole("gridcell", { name: "•••", exact: true }).first().dblclick();
  await expect(page.getByRole("dialog", { name: "email" }).getByText(HIDDEN)).toBeVisible();
  await page.screenshot({ path: test.info().outputPath("cell-masked.png") });
});

test("the console refuses an operator what reads masked columns, says why, and answers the rest", async ({ page }) => {
  await enters(page, `${DATABASE}/sql`);
  const editor = page.getByRole("textbox", { name: "SQL to run" });
  const runs = async (sql: string) => {
    await editor.focus();
    await page.keyboard.press("Control+a");
    await page.keyboard.type(sql);
    await page.keyboard.press("Escape");
    await page.keyboard.press("Control+Enter");
  };
  await runs("select lower(email) from customers");
  const refused = page.getByRole("alert").filter({ hasText: "This reads a table or view with masked columns, which you may not see in clear." });
  await expect(refused).toContainText("customers");
  await expect(refused).toContainText("ask somebody who has the permission data.unmasked");
  expect(await faults(page)).toEqual([]);
  await page.screenshot({ path: test.info().outputPath("console-refused.png") });
  await runs("select count(*) as orders from orders");
  await expect(page.getByRole("grid", { name: "Result" }).getByRole("gridcell", { name: "2000", exact: true })).toBeVisible();
  await expect(refused).toHaveCount(0);
});

test("on a phone, in Russian and in the dark the sign is there with its explanation", async ({ page, request }) => {
  const call = await calling(request, OPERATOR.email, OPERATOR.password);
  expect((await call("PATCH", "/api/me", { locale: "ru" })).ok()).toBe(true);
  try {
    await page.emulateMedia({ colorScheme: "dark" });
    await page.setViewportSize({ width: 360, height: 740 });
    await enters(page, ROWS);
    const grid = page.getByRole("grid", { name: "Строки" });
    await expect(grid.getByRole("columnheader", { name: /email/ }).getByRole("img", { name: /^Закрыто маской/ })).toBeVisible();
    await expect(grid.getByRole("gridcell", { name: "•••", exact: true }).first()).toBeVisible();
    await drawn(page);
    expect(await overflow(page)).toBe(0);
    expect(await faults(page)).toEqual([]);
    await page.screenshot({ path: test.info().outputPath("rows-masked-phone.png") });
  } finally {
    await call("PATCH", "/api/me", { locale: "en" });
  }
});

test("in a job's locks an operator reads that what another session runs is hidden, and an owner reads it", async ({ page, browser, request }) => {
  test.setTimeout(180_000);
  await signIn(page, SHOP);
  await move(page, "downgrade", "staging", BASE);
  const admin = await calling(request);
  expect((await admin("PATCH", STAGING, { lock_timeout_ms: 120_000 })).ok()).toBe(true);
  const letGo = await holdTable("shop_staging", "customers", "shop_staging");
  const operator = await calling(request, OPERATOR.email, OPERATOR.password);
  try {
    const asked = await admin("POST", "/api/migrations/upgrade", { project: "demo/shop", environment: "staging", revision: "head" });
    const { id } = (await asked.json()) as { id: string };
    const theirs = await (await browser.newContext({ colorScheme: "dark" })).newPage();
    await enters(theirs, `/jobs/${id}`);
    const holder = (on: Page) => on.getByRole("listitem").filter({ hasText: "nightly report" });
    await expect(holder(theirs)).toContainText("Its statement is hidden: it may hold values of masked columns.", { timeout: 60_000 });
    await expect(theirs.getByText("lock table customers")).toHaveCount(0);
    expect(await faults(theirs)).toEqual([]);
    await theirs.screenshot({ path: test.info().outputPath("locks-masked.png") });
    await page.goto(`/jobs/${id}`);
    await expect(holder(page)).toContainText("lock table customers", { timeout: 60_000 });

    await operator("PATCH", "/api/me", { locale: "ru" });
    await theirs.setViewportSize({ width: 360, height: 740 });
    await theirs.reload();
    await expect(holder(theirs)).toContainText("Его команда скрыта", { timeout: 60_000 });
    expect(await overflow(theirs)).toBe(0);
    await theirs.screenshot({ path: test.info().outputPath("locks-masked-phone.png") });
    await letGo();
    await expect(page.getByRole("heading", { level: 1 })).toContainText("Succeeded", { timeout: 60_000 });
    await theirs.context().close();
  } finally {
    await letGo();
    await operator("PATCH", "/api/me", { locale: "en" });
    await admin("PATCH", STAGING, { lock_timeout_ms: 5_000 });
  }
});
