/** Nobody loses their place: a session that ends, access that is lost, no network, a page that cannot be loaded. */
import { expect, type Page, test } from "@playwright/test";
import { password, SHOP, signIn } from "./people";

/** The session ends on the server, as it does after its life or in another tab. */
async function endSession(page: Page): Promise<void> {
  const ended = await page.request.post("/api/auth/sign-out", { headers: { Origin: new URL(page.url()).origin } });
  expect(ended.ok()).toBe(true);
}

/** Adds a project of the sample's repository, and gives its short name. */
async function addProject(page: Page): Promise<string> {
  const slug = `brief-${Date.now()}`;
  await page.goto("/demo/projects");
  const source = await page.locator("li", { has: page.locator(`a[href="${SHOP}"]`) }).locator("code").first().innerText();
  await page.goto("/demo/projects/new?by=hand");
  await page.getByLabel("Git URL").fill(source);
  await page.getByLabel("Name", { exact: true }).fill(slug);
  await page.getByRole("button", { name: "Add and fetch" }).click();
  await expect(page).toHaveURL(new RegExp(`${slug}/settings`));
  return slug;
}

async function deleteProject(page: Page, slug: string): Promise<void> {
  await page.goto(`/demo/projects/${slug}/settings?section=danger`);
  await page.getByLabel(`Type ${slug} to delete it.`).fill(slug);
  await page.getByRole("button", { name: "Delete the project" }).click();
  await expect(page).toHaveURL(/\/demo\/projects$/);
}

test("a session that ends over a form is signed in again in place, and what was typed is sent", async ({ page }) => {
  const slug = `typed-${Date.now()}`;
  await signIn(page, "/demo/projects");
  const source = await page.locator("li", { has: page.locator(`a[href="${SHOP}"]`) }).locator("code").first().innerText();
  await page.goto("/demo/projects/new?by=hand");
  await page.getByLabel("Git URL").fill(source);
  await page.getByLabel("Name", { exact: true }).fill(slug);
  await endSession(page);
  // The page finds out at its next request: this one, or one of its own that came before it and hides the button.
  await page.locator("button", { hasText: "Add and fetch" }).dispatchEvent("click");

  const dialog = page.getByRole("dialog", { name: "Sign in" });
  await expect(dialog).toContainText("Nothing on this page is lost");
  await expect(dialog.getByLabel("Password")).toBeFocused();
  await page.keyboard.press("Escape");
  await dialog.getByLabel("Password").fill("not the password");
  await page.keyboard.press("Enter");
  await expect(dialog.getByRole("alert")).toContainText("No account has this email and password");
  await expect(page.getByLabel("Git URL")).toHaveValue(source);

  await dialog.getByLabel("Password").fill(password());
  await page.keyboard.press("Enter");
  await expect(dialog).toHaveCount(0);
  await expect(page).toHaveURL(new RegExp(`${slug}/settings`));
  await deleteProject(page, slug);
});

test("whoever leaves instead of signing in again comes to the sign-in page", async ({ page }) => {
  await signIn(page, SHOP);
  await expect(page.locator("[data-revision]").first()).toBeVisible();
  await endSession(page);
  // The page finds out at its next request: this one, or one of its own that came before it and covers the link.
  await page.locator("a", { hasText: "Jobs" }).first().dispatchEvent("click");
  await page.getByRole("dialog", { name: "Sign in" }).getByRole("button", { name: /Leave this page/ }).click();
  await expect(page).toHaveURL(/\/sign-in/);
  await expect(page.getByLabel("Email")).toBeVisible();
});

test("a page whose project is gone says so instead of showing what was", async ({ page, context }) => {
  await signIn(page);
  const slug = await addProject(page);
  const other = await context.newPage();
  await deleteProject(other, slug);
  // The live connection tells it to the page that is still open.
  await expect(page.getByRole("heading", { name: "You no longer have access to this page" })).toBeVisible();
  await page.getByRole("link", { name: "To the projects" }).click();
  await expect(page.getByText("Shop").first()).toBeVisible();
  await expect(page.getByRole("heading", { name: "You no longer have access to this page" })).toHaveCount(0);
});

test("without a network the page says so, keeps what it has, and goes on by itself", async ({ page, context }) => {
  await signIn(page, SHOP);
  await expect(page.locator("[data-revision]").first()).toBeVisible();
  await context.setOffline(true);
  await expect(page.getByRole("status").filter({ hasText: "You are offline" })).toBeVisible();
  await expect(page.locator("[data-revision]").first()).toBeVisible();
  await context.setOffline(false);
  await expect(page.getByText("You are offline")).toHaveCount(0);
});

test("a part of the page that an update took away is explained inside the frame, and loaded again", async ({ page, context }) => {
  await signIn(page, SHOP);
  await expect(page.locator("[data-revision]").first()).toBeVisible();
  await context.route(/\/assets\/jobs-.*\.js/, (route) => route.abort());
  await page.getByRole("link", { name: "Jobs" }).first().click();
  await expect(page.getByRole("alert")).toContainText("A part of the page could not be loaded");
  await expect(page.getByRole("navigation", { name: "Main" })).toBeVisible();
  await context.unroute(/\/assets\/jobs-.*\.js/);
  await page.getByRole("button", { name: "Load the page again" }).click();
  await expect(page.getByRole("heading", { name: "Jobs" })).toBeVisible();
});
