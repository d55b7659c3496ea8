/** Two people: one asks, the other decides; on a desk, on a phone, in both languages. */
import { type Browser, expect, type Page, test } from "@playwright/test";
import { faults, overflow } from "./accessible";
import { calling, joins, move, SHOP, signIn } from "./people";

const STAGING = "/api/orgs/demo/projects/shop/environments/staging";
const BASE = "5b90d2f7a6c4";
// Where the history branches: one step each, then the merge of both.
const [LEFT, RIGHT, MIDDLE] = ["b81e64d9f035", "c2e8417f90ad", "d30b7c5e94a1"];
const BEN = { email: `ben-${Date.now()}@example.com`, password: "staple battery horse correct" };

test.beforeAll(async ({ browser, request }) => {
  const admin = await calling(request);
  await joins(request, { name: "Ben", ...BEN }, "admin");
  const page = await (await browser.newContext()).newPage();
  await signIn(page, SHOP);
  await move(page, "downgrade", "staging", BASE);
  await page.context().close();
  await admin("PATCH", STAGING, { approvals_needed: 1 });
});

test.afterAll(async ({ request }) => {
  const admin = await calling(request);
  await admin("PATCH", STAGING, { approvals_needed: 0, predecessor_id: null, windows: [] });
});

async function ben(browser: Browser, to: string, phone = false, locale = "en-US"): Promise<Page> {
  const small = { viewport: { width: 390, height: 844 }, hasTouch: true, isMobile: true };
  const page = await (await browser.newContext({ locale, ...(phone ? small : {}) })).newPage();
  await page.goto(to);
  await page.locator("input[name=email]").fill(BEN.email);
  await page.locator("input[name=password]").fill(BEN.password);
  await page.keyboard.press("Enter");
  await expect(page).not.toHaveURL(/sign-in/);
  return page;
}

/** Asks through the page for a revision on staging; the page shows the request then. */
async function ask(page: Page, reason: string, revision = RIGHT): Promise<void> {
  await page.goto(`${SHOP}?move=upgrade&on=staging&to=${revision}`);
  const dialog = page.getByRole("dialog");
  await expect(dialog.getByText("1 other person must approve this before it starts.")).toBeVisible();
  await expect(dialog.getByText(/May approve now: .*Ben/)).toBeVisible();
  await dialog.getByLabel("For those who are asked").fill(reason);
  await dialog.getByRole("button", { name: "Ask for approval" }).click();
  await expect(page).toHaveURL(/\/demo\/approvals\//);
  await expect(page.getByText("Waits for 1 approval: a maintainer or higher")).toBeVisible();
}

test("what one person asks for appears before the other without a reload, is approved by keyboard, and starts by itself", async ({ browser, page }) => {
  const other = await ben(browser, "/demo/approvals");
  await expect(other.getByRole("heading", { name: "Nothing waits for you" })).toBeVisible();
  await signIn(page, SHOP);
  await ask(page, "For the new checkout", LEFT);
  await expect(page.getByRole("button", { name: "Approve" })).toHaveCount(0);

  await expect(other.getByRole("navigation", { name: "Main" }).getByText("1 for you")).toBeVisible();
  const row = other.locator("[data-request]");
  await expect(row).toContainText("For the new checkout");
  await other.keyboard.press("j");
  await other.keyboard.press("Enter");
  await expect(other).toHaveURL(/\/demo\/approvals\/[0-9a-f-]+$/);
  await expect(other.getByRole("list", { name: "Steps in order" }).getByRole("listitem")).toHaveCount(1);
  expect(await faults(other)).toEqual([]);
  await other.getByLabel("Comment").fill("Looks right");
  await other.getByRole("button", { name: "Approve" }).click();
  await expect(other.getByText(/It became job #\d+/)).toBeVisible();

  await expect(page.getByText(/It became job #\d+/)).toBeVisible();
  await expect(page.getByText("Looks right")).toBeVisible();
  await page.getByRole("link", { name: "To the job" }).click();
  await expect(page.getByRole("heading", { level: 1 })).toContainText("Succeeded", { timeout: 60_000 });
  await page.getByRole("link", { name: "who approved it" }).click();
  await expect(page.getByText("Ben approved")).toBeVisible();
  await other.context().close();
});

test("on a phone a request is read and rejected with a comment, and who asked sees why", async ({ browser, page }) => {
  await signIn(page, SHOP);
  await ask(page, "Once more");
  const phone = await ben(browser, "/demo/approvals", true);
  await phone.locator("[data-request]").first().tap();
  await expect(phone.getByText("Once more")).toBeVisible();
  expect(await overflow(phone)).toBe(0);
  await phone.getByRole("button", { name: "Reject" }).tap();
  await expect(phone.getByText("Say why you reject it.")).toBeVisible();
  await phone.getByLabel("Comment").fill("Not before the holiday");
  await phone.getByRole("button", { name: "Reject" }).tap();
  await expect(phone.getByText("Rejected by Ben")).toBeVisible();
  await expect(page.getByText("Rejected by Ben")).toBeVisible();
  await expect(page.getByText("Not before the holiday")).toBeVisible();
  await phone.context().close();
});

test("a request is approved in Russian, and one's own is withdrawn", async ({ browser, page }) => {
  await signIn(page, SHOP);
  await ask(page, "First");
  await page.getByRole("button", { name: "Withdraw the request" }).click();
  await expect(page.getByText(/Withdrawn by/)).toBeVisible();
  await ask(page, "Second");
  const call = await calling(page.request, BEN.email, BEN.password);
  expect((await call("PATCH", "/api/me", { locale: "ru" })).ok()).toBe(true);
  const other = await ben(browser, "/demo/approvals", true, "ru-RU");
  await expect(other.getByRole("heading", { level: 1 })).toContainText("Согласования");
  await other.locator("[data-request]").first().tap();
  await expect(other.getByText("Нужно 1 согласование: сопровождающий или выше")).toBeVisible();
  await other.getByRole("button", { name: "Согласовать" }).tap();
  await expect(other.getByText(/Стало заданием №\d+/)).toBeVisible();
  await expect(page.getByText(/It became job #\d+/)).toBeVisible();
  await call("PATCH", "/api/me", { locale: "en" });
  await other.context().close();
});

test("policies are set in the settings, a freeze stops a move with its reason, and an override takes one", async ({ page }) => {
  await signIn(page, "/demo/projects/shop/settings");
  const card = page.getByRole("region", { name: "Staging" });
  await card.getByRole("button", { name: "Edit Staging" }).click();
  await card.getByLabel("Approvals needed").fill("0");
  await card.getByRole("button", { name: "Add a window" }).click();
  await card.getByLabel("Time zone").fill("Mars/Olympus");
  await card.getByRole("button", { name: "Save" }).click();
  await expect(card.getByText("unknown time zone").first()).toBeVisible();
  await card.getByRole("button", { name: "Remove window 1" }).click();
  await card.getByRole("button", { name: "Save" }).click();
  await expect(card.getByRole("button", { name: "Save" })).toHaveCount(0);

  const freezes = page.getByRole("region", { name: "Freezes" });
  await freezes.getByRole("button", { name: "Declare a freeze" }).click();
  await freezes.getByLabel("Reason").fill("Stocktaking");
  await freezes.getByLabel("Ends").fill("2099-01-01T00:00");
  await freezes.locator("form").getByRole("button", { name: "Declare a freeze" }).click();
  await expect(freezes.getByText("Stocktaking")).toBeVisible();

  await page.goto(`${SHOP}?move=upgrade&on=staging&to=${MIDDLE}`);
  const dialog = page.getByRole("dialog");
  await expect(dialog.getByText("Frozen: nothing is changed here now")).toBeVisible();
  await expect(dialog.locator("button[type=submit]")).toBeDisabled();
  await dialog.getByLabel("Start it without that, for a reason").check();
  await dialog.getByLabel("Why it cannot wait").fill("The shop is down");
  await dialog.locator("button[type=submit]").click();
  await expect(page.getByRole("heading", { level: 1 })).toContainText("Succeeded", { timeout: 60_000 });
  await expect(page.getByText("The shop is down")).toBeVisible();
  await page.goto("/demo/projects/shop/databases/staging/shop_staging/ledger");
  await expect(page.getByText("overridden").first()).toBeVisible();
  await page.goto("/demo/projects/shop/settings");
  await freezes.getByRole("button", { name: "End it now" }).click();
  await expect(freezes.getByText("Stocktaking")).toHaveCount(0);
});
