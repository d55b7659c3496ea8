/** From an account of one's own to an organization, by the letters of the development outbox. */
import { type BrowserContext, expect, type Page, test } from "@playwright/test";
import { signIn, speaks } from "./people";

const PASSWORD = "otter velvet canyon 42";

let admin: Page;

test.beforeAll(async ({ browser, request }) => {
  await speaks(request, "en");
  admin = await (await browser.newContext()).newPage();
  await signIn(admin, "/demo/settings?section=invitations");
});

test.afterAll(() => admin.context().close());

async function newcomer(context: BrowserContext): Promise<Page> {
  await context.clearCookies();
  return context.newPage();
}

/** The link in the newest letter to somebody, followed on the page of the outbox. */
async function follow(page: Page, email: string, subject: string): Promise<void> {
  await page.goto("/outbox");
  const letter = page.getByRole("listitem").filter({ hasText: email }).filter({ hasText: subject }).first();
  await letter.getByRole("link").first().click();
}

async function enter(page: Page, email: string): Promise<void> {
  await page.locator("input[name=email]").fill(email);
  await page.locator("input[name=password]").fill(PASSWORD);
  await page.keyboard.press("Enter");
}

async function invite(email: string): Promise<void> {
  await admin.getByLabel("Email (empty: a link to hand over)").fill(email);
  await admin.getByRole("button", { name: "Invite", exact: true }).click();
  await expect(admin.getByText(email).first()).toBeVisible();
}

test("somebody opens an account, confirms it, is invited, and joins", async ({ context }) => {
  const email = `ann.${Date.now()}@example.com`;
  const page = await newcomer(context);
  await page.goto("/sign-in");
  await page.getByRole("link", { name: "Open an account" }).click();
  await page.locator("input[name=name]").fill("Ann Newcomer");
  await page.locator("input[name=email]").fill(email);
  await page.locator("input[name=password]").fill(PASSWORD);
  await page.getByRole("button", { name: "Open an account" }).click();
  await expect(page.getByText(`a letter to ${email}`)).toBeVisible();

  await page.goto("/sign-in");
  await enter(page, email);
  await expect(page.getByText("The e-mail address is not confirmed yet.")).toBeVisible();

  await follow(page, email, "Confirm your e-mail address");
  await page.getByRole("button", { name: "Confirm" }).click();
  await expect(page.getByText("Confirmed.")).toBeVisible();

  await invite(email);
  await follow(page, email, "invite");
  await expect(page.getByText("invites you to")).toBeVisible();
  await enter(page, email);
  await page.getByRole("button", { name: "Join" }).click();
  await expect(page).toHaveURL(/\/demo\/projects/);

  await page.goto("/account?section=log");
  await expect(page.getByText("The email was confirmed")).toBeVisible();
  await expect(page.getByText("A sign-in was refused")).toBeVisible();
  await admin.goto("/demo/settings");
  await expect(admin.getByText("Ann Newcomer")).toBeVisible();
  await admin.goto("/demo/settings?section=invitations");
});

test("somebody without an account follows an invitation, opens one there, and signs in", async ({ context }) => {
  const email = `ben.${Date.now()}@example.com`;
  await invite(email);
  const page = await newcomer(context);
  await follow(page, email, "invite");
  await page.getByLabel("Name").fill("Ben Invited");
  await page.getByLabel("Password").fill(PASSWORD);
  await page.getByRole("button", { name: "Open the account and join" }).click();
  await expect(page.getByText(/You belong to/)).toBeVisible();
  await page.getByRole("link", { name: "Sign in" }).click();
  await enter(page, email);
  await expect(page).toHaveURL(/\/demo\//);
});
