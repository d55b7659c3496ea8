import { expect, test } from "@playwright/test";
import { signIn } from "./people";

test("a project is added, keeps what was typed when refused, gets a database, and is deleted", async ({ page }) => {
  const slug = `second-shop-${Date.now()}`;
  await signIn(page, "/demo/projects");
  const source = await page.locator("li", { has: page.locator(`a[href="/demo/projects/shop/migrations"]`) }).locator("code").first().innerText();
  await page.getByRole("link", { name: "Add a project" }).click();
  await page.getByRole("link", { name: "Enter everything by hand" }).click();

  await page.getByLabel("Git URL").fill("ftp://nowhere/shop.git");
  await page.getByLabel("Name", { exact: true }).fill(slug);
  await page.getByRole("button", { name: "Add and fetch" }).click();
  await expect(page.getByRole("alert").first()).toBeVisible();
  await expect(page.getByLabel("Git URL")).toHaveValue("ftp://nowhere/shop.git");

  await page.getByLabel("Git URL").fill(source);
  await page.getByRole("button", { name: "Add and fetch" }).click();
  await expect(page).toHaveURL(new RegExp(`${slug}/settings`));

  await page.getByRole("button", { name: "Add an environment" }).click();
  await page.getByLabel("Name", { exact: true }).fill("qa");
  await page.getByRole("button", { name: "Add an environment" }).last().click();
  const qa = page.getByRole("region", { name: "qa" });
  await qa.getByRole("button", { name: "Add a database" }).click();
  await qa.getByLabel("Host").fill("127.0.0.1");
  await qa.getByLabel("Port").fill("1");
  await qa.getByLabel("Database", { exact: true }).fill("nothing");
  await qa.getByLabel("User").fill("nobody");
  await qa.getByRole("button", { name: "Add a database" }).click();
  await expect(qa.getByText("unreachable")).toBeVisible({ timeout: 30_000 });

  await page.getByRole("link", { name: "Migrations" }).first().click();
  await expect(page.getByText("Create customers")).toBeVisible({ timeout: 30_000 });
  await expect(page.getByRole("columnheader", { name: "qa" })).toContainText("unreachable");

  await page.goto(page.url().replace("migrations", "settings?section=danger"));
  await page.getByLabel(`Type ${slug} to delete it.`).fill(slug);
  await page.getByRole("button", { name: "Delete the project" }).click();
  await expect(page).toHaveURL(/\/demo\/projects$/);
  await expect(page.getByText(slug)).toHaveCount(0);
});
