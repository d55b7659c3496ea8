/** The certificate with which Stillroom signs in to a database: given, ending soon, expired; in the list and in its form. */
import { expect, test } from "@playwright/test";
import { faults, overflow } from "./accessible";
import { signIn, speaks } from "./people";
import { python } from "./python";
import { addProject, change, createDatabase, removeProject, Repository } from "./repository";

const ISSUE = `
import json, sys
from stillroom_testing.certificates import Authority
print(json.dumps(Authority().issue("shop_dev", ends_h=float(sys.argv[1]) * 24)))
`;
/** A certificate that is good for so many days, and its key. */
const issue = (days: number) => JSON.parse(python(ISSUE, [String(days)])) as [string, string];

test("a client certificate is told of where the database stands: that it is there, ends soon, has expired", async ({ page, request }) => {
  test.setTimeout(180_000);
  await speaks(request, "en");
  const database = `certified_${Date.now()}`;
  createDatabase(database);
  const repository = new Repository();
  repository.revision("aaa1", null, "certified");
  repository.commit("the first table");
  await signIn(page, "/demo/projects");
  const project = await addProject(page, repository, database);
  const settings = `/demo/projects/${project}/settings?section=environments`;
  await page.goto(settings);
  const row = page.getByRole("region", { name: "Dev", exact: true }).getByRole("listitem").filter({ hasText: database });
  const enter = async ([certificate, key]: [string, string]) => {
    await row.getByRole("button", { name: `Edit ${database}`, exact: true }).click();
    await row.getByRole("combobox", { name: "sslmode", exact: true }).selectOption("require");
    await row.getByRole("textbox", { name: /^Client certificate/ }).fill(certificate);
    await row.getByRole("textbox", { name: /^Key of the client certificate/ }).fill(key);
    await row.getByRole("button", { name: "Save", exact: true }).click();
    await expect(row.getByRole("button", { name: "Save", exact: true })).toHaveCount(0);
  };
  const shoot = (name: string) => page.screenshot({ path: test.info().outputPath(`${name}.png`), fullPage: true });

  await enter(issue(200));
  await expect(row.getByText("client certificate", { exact: true })).toBeVisible();
  await row.getByRole("button", { name: `Edit ${database}`, exact: true }).click();
  await expect(row.getByText(/^Signs in with the certificate of CN=shop_dev, good until /)).toBeVisible();
  // Neither half comes back into the form.
  await expect(row.getByRole("textbox", { name: /^Key of the client certificate/ })).toHaveValue("");
  expect(await faults(page)).toEqual([]);
  await shoot("given");
  await row.getByRole("button", { name: "Cancel", exact: true }).click();

  await enter(issue(20.5));
  await expect(row.getByText("certificate ends in 20 days", { exact: true })).toBeVisible();
  await row.getByRole("button", { name: `Edit ${database}`, exact: true }).click();
  await expect(row.getByText(/, good until /)).toBeVisible();
  expect(await faults(page)).toEqual([]);
  await shoot("soon");

  change("stillroom", `update databases set client_certificate_expires_at = now() - interval '2 days' where database = '${database}'`);
  await page.goto(settings);
  await expect(row.getByText("certificate has expired", { exact: true })).toBeVisible();
  await row.getByRole("button", { name: `Edit ${database}`, exact: true }).click();
  await expect(row.getByText(/^Signs in with the certificate of CN=shop_dev, which expired on .*: enter a new one\.$/)).toBeVisible();
  expect(await faults(page)).toEqual([]);
  await shoot("expired");
  await page.goto(`/demo/projects/${project}/databases`);
  await expect(page.getByRole("listitem").filter({ hasText: database }).getByText("certificate has expired", { exact: true })).toBeVisible();
  await shoot("expired-databases");

  await speaks(request, "ru");
  try {
    await page.emulateMedia({ colorScheme: "dark" });
    await page.setViewportSize({ width: 360, height: 740 });
    await page.reload();
    await expect(page.getByRole("listitem").filter({ hasText: database }).getByText("сертификат истёк", { exact: true })).toBeVisible();
    expect(await overflow(page)).toBe(0);
    expect(await faults(page)).toEqual([]);
    await shoot("expired-databases-phone");
    await page.goto(settings);
    await page.getByRole("button", { name: `Изменить ${database}`, exact: true }).click();
    await expect(page.getByText(/срок которого истёк/)).toBeVisible();
    expect(await overflow(page)).toBe(0);
    await shoot("expired-phone");
  } finally {
    await speaks(request, "en");
  }
  await removeProject(page, project);
});
