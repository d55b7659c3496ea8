/** A database at a revision that somebody removed from the code: each way out, from the notice to the database. */
import { expect, type Page, test } from "@playwright/test";
import { signIn } from "./people";
import { addProject, ask, createDatabase, moveTo, removeProject, Repository } from "./repository";

interface Trouble {
  slug: string;
  database: string;
  earlier: string;
}

/** Three revisions were applied, then the files of two were removed. */
async function givenUp(page: Page): Promise<Trouble> {
  const database = `given_up_${Date.now()}`;
  createDatabase(database);
  const repository = new Repository();
  repository.revision("aaa1", null, "customers");
  repository.revision("bbb2", "aaa1", "orders");
  repository.revision("ccc3", "bbb2", "invoices");
  const earlier = repository.commit("Orders and invoices");
  await signIn(page, "/demo/projects");
  const slug = await addProject(page, repository, database);
  await page.goto(`/demo/projects/${slug}/migrations`);
  await expect(page.locator("[data-revision]")).toHaveCount(3, { timeout: 60_000 });
  await moveTo(page, slug, "upgrade", "head");
  repository.remove("ccc3");
  repository.remove("bbb2");
  repository.commit("We do without orders");
  await page.getByRole("button", { name: /Look for newer commits/ }).click();
  await expect(page.locator("[data-revision]")).toHaveCount(1, { timeout: 60_000 });
  return { slug, database, earlier };
}

function notice(page: Page) {
  return page.getByRole("alert").filter({ hasText: "is at ccc3, which this code does not have" });
}

test("a revision that was given up is undone with the code of the commit that had it", async ({ page }) => {
  test.setTimeout(300_000);
  const { slug, database, earlier } = await givenUp(page);
  await expect(notice(page)).toContainText("We do without orders");
  await expect(notice(page)).toContainText(`undo 2 revisions with the code of ${earlier.slice(0, 7)}`);
  await page.screenshot({ path: test.info().outputPath("notice.png") });
  await notice(page).getByRole("button", { name: "Downgrade with that code…" }).click();

  const dialog = page.getByRole("dialog");
  await expect(dialog).toContainText(`Runs the code of an earlier commit, ${earlier.slice(0, 8)}`);
  await expect(dialog).toContainText("“Orders and invoices” by Ann");
  await expect(dialog.getByRole("listitem")).toContainText([/ccc3/, /bbb2/]);
  await expect(page).toHaveURL(new RegExp(`commit=${earlier}`));
  await page.screenshot({ path: test.info().outputPath("confirm.png") });
  await dialog.getByRole("button", { name: "Downgrade · 2 revisions" }).click();

  await expect(page).toHaveURL(/\/jobs\//);
  await expect(page.getByRole("heading", { level: 1 })).toContainText("Succeeded", { timeout: 120_000 });
  await expect(page.getByRole("log")).toContainText(`Runs with the code of commit ${earlier.slice(0, 12)}`);
  expect(ask(database, "select string_agg(version_num, ',') from alembic_version")).toBe("aaa1");
  expect(ask(database, "select to_regclass('orders') is null and to_regclass('invoices') is null")).toBe("True");

  await page.goto(`/demo/projects/${slug}/migrations`);
  await expect(page.locator("[data-revision]")).toHaveCount(1);
  await expect(notice(page)).toBeHidden();
  await removeProject(page, slug);
});

test("another ref that has the revision is chosen, or the database is stamped with a reason", async ({ page }) => {
  test.setTimeout(300_000);
  const { slug, database } = await givenUp(page);
  await notice(page).getByRole("link", { name: "Choose the ref…" }).click();
  await expect(page).toHaveURL(/settings\?section=repository/);
  await expect(page.locator("input[name=git_ref]")).toHaveValue("main");
  await page.goBack();

  await notice(page).getByRole("button", { name: "Stamp…" }).click();
  const dialog = page.getByRole("dialog");
  const stamp = dialog.getByRole("button", { name: "Stamp", exact: true });
  await expect(dialog.getByText(/goes from/)).toBeVisible();
  await expect(stamp).toBeDisabled();
  await dialog.getByLabel("Why does it stand there?").fill("  ");
  await expect(stamp).toBeDisabled();
  await dialog.getByLabel("Why does it stand there?").fill("Orders were dropped by hand on Monday");
  await page.screenshot({ path: test.info().outputPath("stamp.png") });
  await stamp.click();
  await expect(page.getByRole("heading", { level: 1 })).toContainText("Succeeded", { timeout: 120_000 });
  await expect(page.getByRole("complementary", { name: "Facts" })).toContainText("Orders were dropped by hand on Monday");
  expect(ask(database, "select string_agg(version_num, ',') from alembic_version")).toBe("aaa1");
  await page.goto("/demo/audit");
  await page.getByText("job.stamp").first().click();
  await expect(page.getByRole("main")).toContainText("Orders were dropped by hand on Monday");
  await removeProject(page, slug);
});
