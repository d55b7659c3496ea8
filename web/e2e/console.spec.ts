/** The SQL console: an editor that suggests what stands in the database. */
import { expect, test } from "@playwright/test";
import { signIn, speaks } from "./people";
import { forbidden, watchesPolicy } from "./policy";

const CONSOLE = "/demo/projects/shop/databases/staging/shop_staging/sql";

test.beforeEach(({ context }) => watchesPolicy(context));

test("the console suggests the tables of the database and the columns of a table, and runs without a mouse", async ({ page }) => {
  await signIn(page, CONSOLE);
  const editor = page.getByRole("textbox", { name: "SQL to run" });
  const suggested = (name: string) => page.getByRole("listbox", { name: "Suggestions" }).getByRole("option", { name, exact: false });
  await editor.focus();
  // The catalogue may be on its way; whoever asks again by Ctrl+Space gets it.
  await page.keyboard.type("select * from custom");
  await expect(async () => {
    await page.keyboard.press("Control+Space");
    await expect(suggested("customers").first()).toBeVisible({ timeout: 1_000 });
  }).toPass();
  await page.screenshot({ path: test.info().outputPath("tables.png") });
  await page.keyboard.press("Tab");
  await expect(editor).toHaveText("select * from customers");
  await page.keyboard.type(" c where c.");
  await expect(suggested("email").first()).toBeVisible();
  await page.screenshot({ path: test.info().outputPath("columns.png") });
  await page.keyboard.type("email");
  await page.keyboard.press("Escape");
  await expect(page.getByRole("listbox", { name: "Suggestions" })).toBeHidden();
  await page.keyboard.type(" is not null");
  await page.keyboard.press("Control+Enter");
  await expect(page.getByRole("status").filter({ hasText: /row/ })).toBeVisible();
  await expect(page.getByRole("grid", { name: "Result" })).toBeVisible();
  await expect(editor).toHaveText("select * from customers c where c.email is not null");
  // Tab goes on: nobody is caught in the editor.
  await page.keyboard.press("Tab");
  await expect(editor).not.toBeFocused();
  await expect(page.getByRole("button", { name: "Run", exact: true })).toBeFocused();
  expect(await forbidden(page)).toEqual([]);
});

test("what was run comes back from the history into the editor, and can be undone there", async ({ page }) => {
  await signIn(page, CONSOLE);
  const editor = page.getByRole("textbox", { name: "SQL to run" });
  await editor.focus();
  await page.keyboard.type("select 41 + 1 as answer");
  await page.keyboard.press("Control+Enter");
  await expect(page.getByText("42", { exact: true })).toBeVisible();
  await editor.focus();
  await page.keyboard.press("Control+a");
  await page.keyboard.type("select 'another'");
  await page.getByRole("button", { name: "History" }).click();
  await page.getByRole("menuitem", { name: "select 41 + 1 as answer" }).click();
  await expect(editor).toHaveText("select 41 + 1 as answer");
  await page.getByRole("textbox", { name: "SQL to run" }).focus();
  await page.keyboard.press("Control+z");
  await expect(editor).toHaveText("select 'another'");
  expect(await forbidden(page)).toEqual([]);
});

test("the editor has its name in Russian, in the dark and on a phone", async ({ page }) => {
  await page.emulateMedia({ colorScheme: "dark" });
  await page.setViewportSize({ width: 360, height: 740 });
  await speaks(page.request, "ru");
  try {
    await page.goto(CONSOLE);
    await page.getByRole("textbox", { name: "Запрос SQL" }).focus();
    await page.keyboard.type("select c.id, 'x' from customers c where c.em");
    await expect(async () => {
      await page.keyboard.press("Control+Space");
      await expect(page.getByRole("listbox", { name: "Подсказки" }).getByRole("option", { name: /email/ })).toBeVisible({ timeout: 1_000 });
    }).toPass({ timeout: 20_000 });
    await page.screenshot({ path: test.info().outputPath("phone.png") });
    expect(await forbidden(page)).toEqual([]);
  } finally {
    await speaks(page.request, "en");
  }
});

test("a query is saved and found again by keyboard", async ({ page }) => {
  await signIn(page, CONSOLE);
  const editor = page.getByRole("textbox", { name: "SQL to run" });
  await editor.focus();
  await page.keyboard.type("select 6 * 7 as kept");
  await page.keyboard.press("Control+s");
  const name = `Answers ${Date.now()}`;
  await page.getByLabel("Name", { exact: true }).fill(name);
  await page.getByLabel("Share it with the project").check();
  await page.screenshot({ path: test.info().outputPath("save.png") });
  await page.keyboard.press("Enter");
  await expect(page.getByRole("dialog")).toBeHidden();
  await editor.focus();
  await page.keyboard.press("Control+a");
  await page.keyboard.press("Delete");
  await page.keyboard.press("Control+o");
  await page.getByRole("searchbox", { name: "Search names, descriptions and SQL" }).fill(name);
  await expect(page.getByRole("button", { name: new RegExp(`^${name}`) })).toHaveCount(1);
  await page.screenshot({ path: test.info().outputPath("saved.png") });
  await page.keyboard.press("Enter");
  await expect(editor).toHaveText("select 6 * 7 as kept");
  await page.getByRole("button", { name: "Saved queries", exact: true }).click();
  await page.getByRole("button", { name: `Delete ${name}`, exact: true }).click();
  await expect(page.getByText(name)).toBeHidden();
  expect(await forbidden(page)).toEqual([]);
});

test("data is changed only after the database was named, tried first, and its end is listed", async ({ page }) => {
  await signIn(page, CONSOLE);
  await page.getByRole("radio", { name: "Write", exact: true }).click();
  const editor = page.getByRole("textbox", { name: "SQL to run" });
  await editor.focus();
  await page.keyboard.type("update customers set email = email where false");
  await page.keyboard.press("Control+Enter");
  const commit = page.getByRole("button", { name: "Run and commit", exact: true });
  await expect(commit).toBeDisabled();
  await page.getByLabel("Type shop_staging to confirm").fill("shop_staging");
  await page.getByRole("button", { name: "Try it, and roll back", exact: true }).click();
  await expect(page.getByText(/rolled back · UPDATE 0/)).toBeVisible();
  await page.screenshot({ path: test.info().outputPath("tried.png") });
  await commit.click();
  await expect(page.getByText(/committed · UPDATE 0/)).toBeVisible();
  await page.getByRole("button", { name: "Close", exact: true }).last().click();
  const list = page.getByRole("region", { name: "Latest writes" });
  await expect(list.getByText("committed", { exact: true }).first()).toBeVisible();
  await page.screenshot({ path: test.info().outputPath("writes.png") });
  await page.setViewportSize({ width: 360, height: 740 });
  await page.screenshot({ path: test.info().outputPath("writes-360.png") });
  expect(await forbidden(page)).toEqual([]);
});

test("columns are masked by a pattern and by what is suggested, and unmasked again", async ({ page }) => {
  await signIn(page, "/demo/projects/shop/settings?section=masks");
  await page.getByRole("button", { name: "Mask columns", exact: true }).click();
  const column = `secret_${Date.now()}*`;
  await page.getByLabel("Column", { exact: true }).fill(column);
  await page.getByRole("button", { name: "Mask", exact: true }).click();
  const made = page.getByRole("listitem").filter({ hasText: column });
  await expect(made).toBeVisible();
  await page.screenshot({ path: test.info().outputPath("masks.png") });
  await page.setViewportSize({ width: 360, height: 740 });
  await page.screenshot({ path: test.info().outputPath("masks-360.png") });
  await made.getByRole("button", { name: "Remove", exact: true }).click();
  await expect(made).toBeHidden();
  expect(await forbidden(page)).toEqual([]);
});
