/** Whole journeys; docs/testing.md lists them, and says where the others are. */
import { expect, test } from "@playwright/test";
import { holdTable } from "./hold";
import { cell, downloaded, drawn, move, SHOP, signIn, speaks } from "./people";

const MIDDLE = "d30b7c5e94a1";
const BASE = "5b90d2f7a6c4";

test("the first page after signing in leads to a sample in which every screen has something true", async ({ page }) => {
  await signIn(page);
  await expect(page.getByRole("link", { name: /Shop/ })).toBeVisible();
  await page.keyboard.press("j");
  await page.keyboard.press("Enter");
  await expect(page).toHaveURL(SHOP);
  for (const environment of ["Development", "Staging", "Production"])
    await expect(page.getByRole("columnheader", { name: environment })).toContainText(/behind|at head/);
});

test("the graph is searched, narrowed to what is pending on prod, folded, saved as SVG, and pasted as a link", async ({ page, browser }) => {
  await signIn(page, SHOP);
  await expect(page.locator("[data-revision]")).toHaveCount(15);
  await page.keyboard.press("/");
  await page.keyboard.type("pending on prod");
  await expect(page.locator("[data-revision]")).toHaveCount(11);
  const address = page.url();
  await page.keyboard.press("Escape");
  await expect(page.locator("[data-revision]")).toHaveCount(15);

  const { name, text } = await downloaded(page, async () => {
    await page.getByRole("button", { name: "View" }).click();
    await page.getByRole("menuitem", { name: "Save the graph as SVG" }).click();
  });
  expect(name).toMatch(/^shop-[0-9a-f]{7}\.svg$/);
  expect(text).toContain("Merge billing into the shop");

  const colleague = await (await browser.newContext()).newPage();
  await signIn(colleague, address);
  await expect(colleague.locator("[data-revision]")).toHaveCount(11);
  await colleague.context().close();
});

test("the keyboard alone opens a revision, its runs and a move, and leaves them again", async ({ page }) => {
  await signIn(page, SHOP);
  await expect(page.locator("[data-revision]").first()).toBeVisible();
  await page.keyboard.press("g");
  await page.keyboard.press("j");
  await expect(page).toHaveURL(/projects\/shop\/jobs$/);
  await expect(page.getByRole("heading", { name: "Jobs" })).toBeVisible();
  await page.keyboard.press("g");
  await page.keyboard.press("m");
  await expect(page).toHaveURL(SHOP);
  await expect(page.locator("[data-revision]").first()).toBeVisible();
  await page.keyboard.press("j");
  await page.keyboard.press("j");
  const pane = page.getByRole("region", { name: /^Revision / });
  await expect(pane).toBeVisible();
  await pane.getByRole("tab", { name: "Runs" }).focus();
  await page.keyboard.press("Enter");
  await expect(page).toHaveURL(/tab=runs/);
  await page.keyboard.press("Escape");
  await expect(pane).toHaveCount(0);
});

test("the palette goes to pages, opens plans and revisions, and speaks another language", async ({ page, request }) => {
  test.setTimeout(180_000);
  await signIn(page, SHOP);
  await expect(page.locator("[data-revision]").first()).toBeVisible();
  const palette = page.getByRole("dialog", { name: "Jump to" });
  const take = async (words: string, option: string | RegExp) => {
    await page.keyboard.press("Control+k");
    await palette.getByRole("combobox").fill(words);
    await expect(palette.getByRole("option", { selected: true })).toContainText(option);
    await page.keyboard.press("Enter");
    await expect(palette).toHaveCount(0);
  };
  await take("upgrade production", "Upgrade Production to head");
  await expect(page.getByRole("dialog")).toContainText("Type Production to confirm");
  await page.keyboard.press("Escape");
  await take("27e6", "27e6c0f8b9d4 Allow refunds");
  await expect(page.getByRole("region", { name: "Revision 27e6c0f8" })).toBeVisible();
  await take("add an environment", "Add an environment");
  await expect(page.getByRole("heading", { name: "Add an environment" })).toBeVisible();
  await page.keyboard.press("Control+k");
  await palette.getByRole("combobox").fill("nothing is called so");
  await expect(palette).toContainText("Nothing is called that.");
  await page.keyboard.press("Escape");
  await move(page, "upgrade", "staging", "head");
  await move(page, "downgrade", "staging", MIDDLE);
  const job = new URL(page.url()).pathname;
  const number = /#(\d+)/.exec(await page.getByRole("navigation", { name: "Where you are" }).innerText())![1]!;
  await page.goto(SHOP);
  await expect(page.locator("[data-revision]").first()).toBeVisible();
  await take(`#${number}`, "Open: Shop · Downgrade Staging");
  await expect(page).toHaveURL(new RegExp(`${job}$`));
  await take("русский", "Русский");
  await expect(page.getByRole("navigation", { name: "Главное" }).or(page.getByRole("link", { name: "Проекты" })).first()).toBeVisible();
  await speaks(request, "en");
});

test("a job that waits for another session is cancelled, says what stays, and is resumed", async ({ page }) => {
  test.setTimeout(180_000);
  await signIn(page, SHOP);
  await move(page, "downgrade", "staging", BASE);
  // An environment is changed: a minute may be waited for a lock.
  await page.goto("/demo/projects/shop/settings");
  await page.getByRole("button", { name: "Edit Staging" }).click();
  const card = page.getByRole("region", { name: "Staging" });
  await card.getByLabel("Lock timeout, s").fill("60");
  await card.getByRole("button", { name: "Save" }).click();
  await expect(card).toContainText("lock timeout 1 m 00 s");

  const letGo = await holdTable("shop_staging", "customers");
  try {
    await page.goto(`${SHOP}?move=upgrade&on=staging&to=head`);
    await page.getByRole("dialog").getByRole("button", { name: /^Upgrade · / }).click();
    await expect(page).toHaveURL(/\/jobs\//);
    await expect(page.getByText("nightly report").first()).toBeVisible({ timeout: 60_000 });
    await page.getByRole("button", { name: "Cancel the job" }).click();
    await page.getByRole("dialog").getByRole("button", { name: "Cancel the job" }).click();
    await expect(page.getByRole("heading", { level: 1 })).toContainText("Cancelled", { timeout: 60_000 });
    await expect(page.getByRole("complementary", { name: "Facts" })).toContainText(/revisions are committed/);
  } finally {
    await letGo();
  }
  await page.getByRole("button", { name: "Resume" }).click();
  await page.getByRole("dialog").getByRole("button", { name: "Resume" }).click();
  await expect(page.getByRole("heading", { level: 1 })).toContainText("Succeeded", { timeout: 60_000 });
});

test("a job that fails says why and what was not changed, and goes on once the cause is mended", async ({ page }) => {
  test.setTimeout(180_000);
  await signIn(page, SHOP);
  await move(page, "upgrade", "staging", "head");
  await move(page, "downgrade", "staging", MIDDLE);
  // The version table says more than the schema has: the downgrade finds nothing to take back.
  await move(page, "stamp", "staging", "head");
  await page.goto(`${SHOP}?move=downgrade&on=staging&to=${MIDDLE}`);
  await page.getByRole("dialog").locator("button[type=submit]").click();
  await expect(page.getByRole("heading", { level: 1 })).toContainText("Failed", { timeout: 60_000 });
  await expect(page.getByRole("complementary", { name: "Facts" })).toContainText(/does not exist/);
  const number = /#(\d+)/.exec(await page.getByRole("navigation", { name: "Where you are" }).innerText())![1]!;

  await move(page, "stamp", "staging", MIDDLE);
  await move(page, "upgrade", "staging", "head");
  // From anywhere, by its number.
  await page.keyboard.press("Control+k");
  const palette = page.getByRole("dialog", { name: "Jump to" });
  await palette.getByRole("combobox").fill(number);
  await palette.getByRole("option", { name: /^Resume: Shop · Downgrade Staging/ }).click();
  await page.getByRole("dialog").getByRole("button", { name: "Resume" }).click();
  await expect(page.getByRole("heading", { level: 1 })).toContainText("Succeeded", { timeout: 60_000 });
});

test("jobs are narrowed by every filter, kept in the address, and saved as CSV", async ({ page }) => {
  await signIn(page, SHOP);
  await move(page, "downgrade", "staging", BASE);
  await move(page, "upgrade", "staging", MIDDLE);
  await page.goto("/demo/jobs");
  await page.getByLabel("State").selectOption("Succeeded");
  await page.getByLabel("Environment").selectOption("Staging");
  await page.getByLabel("Kind").selectOption("Upgrade");
  await page.getByLabel("Asked for by").selectOption("Administrator");
  await page.keyboard.press("Escape");
  await page.locator("body").press("/");
  await page.keyboard.type("b81e64");
  await expect(page).toHaveURL(/revision=b81e64/);
  const today = new Date().toLocaleDateString("sv");
  await page.getByLabel("From").fill(today);
  await page.getByLabel("to", { exact: true }).fill(today);
  await expect(page.locator("[data-job]").first()).toContainText("Upgrade Staging");
  await page.reload();
  await expect(page.locator("[data-job]").first()).toContainText("Upgrade Staging");

  const { name, text } = await downloaded(page, () => page.getByRole("button", { name: "CSV" }).click());
  expect(name).toBe("demo-jobs.csv");
  const lines = text.trim().split("\r\n");
  expect(lines[0]).toContain("number,state,kind,revision");
  expect(lines.length).toBe((await page.locator("[data-job]").count()) + 1);
  expect(lines.slice(1).every((line) => line.includes(",succeeded,upgrade,"))).toBe(true);

  await page.getByLabel("Revision").fill("0000000");
  await expect(page.getByRole("heading", { name: "No job matches" })).toBeVisible();
  await page.getByRole("button", { name: "Clear the filters" }).click();
  await expect(page).toHaveURL(/\/demo\/jobs$/);
  await expect(page.locator("[data-job]").first()).toBeVisible();
});

test("a database of an environment is added, changed and removed", async ({ page }) => {
  await signIn(page, "/demo/projects/shop/settings");
  const name = `spare-${Date.now()}`;
  const card = page.getByRole("region", { name: "Development" });
  await card.getByRole("button", { name: "Add a database" }).click();
  await card.getByLabel("Shown as").fill(name);
  await card.getByLabel("Host").fill("127.0.0.1");
  await card.getByLabel("Port").fill("1");
  await card.getByLabel("Database", { exact: true }).fill("nothing");
  await card.getByLabel("User").fill("nobody");
  await card.getByRole("button", { name: "Add a database" }).click();
  const row = card.getByRole("listitem").filter({ hasText: name });
  await expect(row).toContainText("unreachable", { timeout: 30_000 });
  await row.getByRole("button", { name: `Edit ${name}` }).click();
  await card.getByLabel("Shown as").fill(`${name}-b`);
  await card.getByRole("button", { name: "Save" }).click();
  const renamed = card.getByRole("listitem").filter({ hasText: `${name}-b` });
  await renamed.getByRole("button", { name: `Delete ${name}-b` }).click();
  await page.getByRole("dialog").getByRole("button", { name: "Delete" }).click();
  await expect(renamed).toHaveCount(0);
});

test("on a phone a plan of a protected environment is read and confirmed, and its job watched", async ({ browser }) => {
  const context = await browser.newContext({ viewport: { width: 390, height: 844 }, hasTouch: true, isMobile: true });
  const page = await context.newPage();
  await signIn(page, SHOP);
  await page.locator("[data-revision]", { hasText: "Create invoices" }).tap();
  await page.getByRole("dialog").getByRole("button", { name: /Upgrade Production to here/ }).tap();
  const plan = page.getByRole("dialog").filter({ hasText: "Type Production to confirm" });
  await expect(plan.getByRole("list", { name: "Steps in order" }).getByRole("listitem")).toHaveCount(1);
  await plan.getByLabel("Type Production to confirm").fill("Production");
  await plan.locator("button[type=submit]").tap();
  await expect(page.getByRole("heading", { level: 1 })).toContainText("Succeeded", { timeout: 60_000 });
  await context.close();
  const desk = await (await browser.newContext()).newPage();
  await signIn(desk, SHOP);
  await move(desk, "downgrade", "prod", BASE);
  await desk.context().close();
});

test("a whole upgrade is made in Russian, from signing in to the job's last word", async ({ browser, request }) => {
  const before = await (await browser.newContext()).newPage();
  await signIn(before, SHOP);
  await move(before, "downgrade", "staging", BASE);
  await before.context().close();
  await speaks(request, "ru");
  const context = await browser.newContext({ locale: "ru-RU" });
  const page = await context.newPage();
  try {
    await page.goto("/sign-in");
    await expect(page.getByRole("button", { name: "Войти", exact: true })).toBeVisible();
    await signIn(page);
    await page.getByRole("main").getByRole("link", { name: /Shop/ }).click();
    await expect(cell(page, "Create customers", "staging")).toBeVisible();
    await page.goto(`${SHOP}?revision=${MIDDLE}`);
    await page.getByRole("button", { name: /Обновить Staging до этой/ }).click();
    await expect(page.getByRole("dialog")).toContainText("Обновить Staging до");
    await page.getByRole("dialog").locator("button[type=submit]").click();
    await expect(page.getByRole("heading", { level: 1 })).toContainText("Обновить Staging", { timeout: 60_000 });
    await expect(page.getByText(/Обновлено до d30b7c5e94a1: применено ревизий: 8 из 8/)).toBeVisible({ timeout: 60_000 });
    await drawn(page);
    // Not one English word of ours is left: what remains in Latin letters are names, ids and SQL.
    await expect(page.getByRole("complementary", { name: "Итоги" })).not.toContainText(/\b(Done|Before|After|Commit|Ran with|Asked for)\b/);
  } finally {
    await context.close();
    await speaks(request, "en");
  }
});
