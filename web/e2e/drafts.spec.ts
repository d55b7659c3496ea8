/** A history in trouble, and the way out of it: drafts that Alembic writes, seen before they are pushed. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, type Page, test } from "@playwright/test";
import { signIn } from "./people";
import { Repository } from "./repository";

const SAMPLE = join(process.env["STILLROOM_HOME"] ?? "", "sample");

async function fetched(page: Page): Promise<void> {
  await page.getByRole("button", { name: /Look for newer commits/ }).click();
}

test("several heads, a missing parent and an unknown revision are told with their repairs, and mended by drafts", async ({ page }) => {
  test.setTimeout(300_000);
  const repository = new Repository();
  repository.revision("aaa1", null);
  repository.revision("bbb2", "aaa1");
  repository.revision("ccc3", "aaa1");
  repository.commit("two heads");

  await signIn(page, "/demo/projects/shop/settings");
  const environments = (await (await page.waitForResponse((one) => one.url().endsWith("/projects/shop/environments"))).json()) as {
    items: { slug: string; databases: { host: string; port: number }[] }[];
  };
  const place = environments.items.find((one) => one.slug === "dev")!.databases[0]!;
  const passwords = JSON.parse(readFileSync(join(SAMPLE, "databases.json"), "utf8")) as Record<string, string>;

  await page.goto("/demo/projects/new");
  await page.getByLabel("Git URL").fill(repository.folder);
  await page.getByRole("button", { name: "Look at the repository" }).click();
  await page.getByLabel("Host").fill(place.host, { timeout: 60_000 });
  await page.getByLabel("Port").fill(String(place.port));
  await page.getByLabel("Database", { exact: true }).fill("shop_dev");
  await page.getByLabel("User").fill("shop_dev");
  await page.getByLabel("Password").fill(passwords["dev"]!);
  await page.getByRole("button", { name: "Test the connection" }).click();
  await expect(page.getByText(/^PostgreSQL \d+/)).toBeVisible({ timeout: 30_000 });
  await page.getByRole("button", { name: "Add the project" }).click();
  await expect(page).toHaveURL(/\/migrations/, { timeout: 30_000 });
  const migrations = new URL(page.url()).pathname;

  // The database was migrated by another project.
  const unknown = page.getByRole("alert").filter({ hasText: "which this code does not have" }).first();
  await expect(unknown).toBeVisible({ timeout: 60_000 });
  await expect(unknown.getByRole("link", { name: "Choose the ref…" })).toBeVisible();

  // Two heads: one button, one look, one branch.
  await page.getByRole("button", { name: "Create merge revision" }).click();
  await page.getByRole("dialog").getByRole("button", { name: "Write it" }).click();
  await expect(page).toHaveURL(/\/drafts\//);
  await expect(page.getByRole("region", { name: /^New file migrations\/versions\// })).toContainText("down_revision", { timeout: 120_000 });
  await page.getByLabel("Branch").fill("main");
  await page.getByRole("button", { name: "Push the branch" }).click();
  await expect(page.getByRole("alert").filter({ hasText: "Jobs run from main" })).toContainText("Push to a branch of its own");
  // Left for later, and found again in the list.
  await page.getByRole("link", { name: "Drafts" }).first().click();
  await expect(page.getByRole("main").getByRole("listitem")).toHaveCount(1);
  await expect(page.getByRole("main").getByRole("listitem")).toContainText(/merge heads.*Administrator/s);
  await page.keyboard.press("j");
  await page.keyboard.press("Enter");
  await page.getByLabel("Branch").fill("revisions/merge");
  await page.getByRole("button", { name: "Push the branch" }).click();
  await expect(page.getByText("Pushed as revisions/merge")).toBeVisible({ timeout: 60_000 });
  expect(repository.git("log", "-1", "--format=%s", "revisions/merge")).toBe("merge heads");
  repository.git("merge", "-q", "revisions/merge");
  await page.getByRole("link", { name: "Back to the migrations" }).click();
  await fetched(page);
  await expect(page.getByText("4 revisions · 1 head")).toBeVisible({ timeout: 60_000 });

  // A file that somebody removed comes back as a branch.
  repository.remove("aaa1");
  repository.commit("tidy up");
  await fetched(page);
  await page.getByRole("button", { name: "Restore it as a branch" }).first().click({ timeout: 60_000 });
  await expect(page.getByRole("region", { name: "New file migrations/versions/aaa1.py" })).toContainText("Revision aaa1", { timeout: 60_000 });
  await page.getByRole("button", { name: "Push the branch" }).click();
  await expect(page.getByText(/^Pushed as/)).toBeVisible({ timeout: 60_000 });
  expect(repository.git("branch", "--list", "stillroom/*")).toContain("stillroom/restore-the-revision-aaa1");

  const slug = migrations.split("/")[3]!;
  await page.getByRole("link", { name: "Drafts" }).first().click();
  await expect(page.getByRole("main").getByRole("listitem")).toContainText([/stillroom\/restore-the-revision-aaa1/, /revisions\/merge/]);
  await page.getByRole("main").getByRole("link").first().click();
  await page.getByRole("button", { name: "Discard" }).click();
  await expect(page.getByRole("dialog")).toContainText("The branch that was pushed stays");
  await page.getByRole("dialog").getByRole("button", { name: "Discard" }).click();
  await expect(page.getByRole("main").getByRole("listitem")).toHaveCount(1);
  expect(repository.git("branch", "--list", "stillroom/*")).toContain("stillroom/restore-the-revision-aaa1");

  await page.goto(`/demo/projects/${slug}/settings?section=danger`);
  await page.getByLabel(`Type ${slug} to delete it.`).fill(slug);
  await page.getByRole("button", { name: "Delete the project" }).click();
  await expect(page).toHaveURL(/\/demo\/projects$/);
});
