/** The diagram of three hundred tables: found, looked around in, opened, and saved as a picture. */
import { readFileSync } from "node:fs";
import { expect, test } from "@playwright/test";
import { signIn } from "./people";
import { addProject, change, createDatabase, removeProject, Repository } from "./repository";

/** A tree: each table but the first refers to the one of half its number. */
const TREE = `do $$ begin for i in 1..300 loop execute format('create table t%s (id int primary key, note text%s)', i,
  case when i > 1 then format(', up int references t%s', i / 2) else '' end); end loop; end $$`;

test("three hundred tables are searched, looked at around one, opened and saved", async ({ page }) => {
  test.setTimeout(120_000);
  const name = `diagram_${Date.now()}`;
  createDatabase(name);
  change(name, TREE);
  const repository = new Repository();
  repository.revision("aaa1", null, "made");
  repository.commit("the first table");
  await signIn(page, "/demo/projects");
  const project = await addProject(page, repository, name);
  await page.goto(`/demo/projects/${project}/databases/dev/${name}/diagram`);
  const told = page.getByRole("status").filter({ hasText: /tables?/ });
  const table = (of: string) => page.getByRole("button", { name: new RegExp(`^public\\.${of}, columns`) });
  await expect(told).toHaveText("300 tables", { timeout: 30_000 });
  await expect(table("t\\d+")).toHaveCount(300);
  await page.screenshot({ path: test.info().outputPath("all.png") });

  const find = page.getByRole("searchbox", { name: "Find a table" });
  await find.fill("t150");
  await expect(told).toHaveText("1 table found");
  await find.press("Enter");
  await expect(told).toHaveText("3 tables");
  for (const near of ["t75", "t150", "t300"]) await expect(table(near)).toBeVisible();
  await page.getByLabel("How far around").selectOption("2");
  await expect(told).toHaveText("5 tables");
  await page.screenshot({ path: test.info().outputPath("around.png") });

  await page.getByRole("button", { name: "All tables" }).click();
  await expect(told).toHaveText("300 tables");
  for (const [format, begins] of [
    ["SVG", "<svg"],
    ["PNG", "\x89PNG"],
  ] as const) {
    const saved = page.waitForEvent("download");
    await page.getByRole("button", { name: "Save the picture" }).click();
    await page.getByRole("menuitem", { name: format, exact: true }).click();
    const content = readFileSync(await (await saved).path(), "latin1");
    expect(content.startsWith(begins)).toBe(true);
    if (format === "SVG") expect(content.match(/>t\d+</g)).toHaveLength(300);
  }
  await removeProject(page, project);
});
