import { expect, test } from "@playwright/test";
import { EMAIL, SHOP, signIn } from "./people";

test("a wrong password is refused in place and what was typed stays", async ({ page }) => {
  await page.goto("/sign-in");
  await page.getByLabel("Email").fill(EMAIL);
  await page.getByLabel("Password").fill("not the password");
  await page.getByRole("button", { name: "Sign in", exact: true }).click();
  await expect(page.getByRole("alert")).toContainText("No account has this email and password");
  await expect(page.getByLabel("Email")).toHaveValue(EMAIL);
});

test("whoever follows a link signs in and arrives where it led", async ({ page }) => {
  const address = `${SHOP}?q=billing`;
  await signIn(page, address);
  await expect(page).toHaveURL(address);
  await expect(page.getByRole("searchbox")).toHaveValue("billing");
});

test("the session outlives a reload and ends with sign-out", async ({ page }) => {
  await signIn(page, SHOP);
  await page.reload();
  await expect(page.getByRole("columnheader", { name: "Staging" })).toBeVisible();
  await page.getByRole("button", { name: /Account of/ }).click();
  await page.getByRole("menuitem", { name: "Sign out" }).click();
  await expect(page).toHaveURL(/sign-in/);
  await page.goto(SHOP);
  await expect(page).toHaveURL(/sign-in/);
});

test("an address that names nothing says so", async ({ page }) => {
  await signIn(page, "/demo/projects/no-such-project/migrations");
  await expect(page.getByRole("heading", { name: "There is nothing here" })).toBeVisible();
});
