/** A project goes to another organization by the page. */
import { expect, test } from "@playwright/test";
import { faults } from "./accessible";
import { calling, signIn, speaks } from "./people";

const STAMP = Date.now();
const SLUG = `goes-${STAMP}`;
const TAKER = `taker-${STAMP}`;

test.beforeAll(async ({ request }) => {
  const call = await calling(request);
  const founded = await call("POST", "/api/orgs", { slug: TAKER, name: "Taker" });
  // Where jobs run without walls there is one organization, and nowhere to move to.
  test.skip(founded.status() === 409, "this machine cannot isolate jobs");
  expect(founded.status()).toBe(201);
  expect((await call("POST", "/api/orgs/demo/projects", { slug: SLUG, name: "Goes", git_url: "https://git.example/goes.git", git_ref: "main" })).status()).toBe(201);
});

test.afterAll(async ({ request }) => {
  await speaks(request, "en");
  const call = await calling(request);
  await call("POST", `/api/orgs/${TAKER}/delete`, { slug: TAKER, current: process.env["STILLROOM_ADMIN_PASSWORD"] });
  await call("DELETE", `/api/orgs/demo/projects/${SLUG}`);
});

test("a project is moved once its name was typed, is refused while it cannot be, and stands in the other organization", async ({ page, request }) => {
  await signIn(page, `/demo/projects/${SLUG}/settings?section=danger`);
  await page.getByRole("button", { name: "Move to another organization", exact: true }).click();
  const dialog = page.getByRole("dialog", { name: "Move Goes to another organization" });
  await expect(dialog.getByText("Secrets are forgotten and entered anew", { exact: false })).toBeVisible();
  const submit = dialog.getByRole("button", { name: "Move it", exact: true });
  await expect(submit).toBeDisabled();
  await dialog.getByLabel("Organization that takes it").selectOption(TAKER);
  await dialog.getByLabel(`Type ${SLUG} to move it.`).fill(SLUG);
  expect(await faults(page)).toEqual([]);
  await page.screenshot({ path: test.info().outputPath("move-en.png") });

  // Somebody there has taken the short name meanwhile.
  const call = await calling(request);
  const twin = { slug: SLUG, name: "Twin", git_url: "https://git.example/twin.git", git_ref: "main" };
  expect((await call("POST", `/api/orgs/${TAKER}/projects`, twin)).status()).toBe(201);
  await submit.click();
  await expect(dialog.getByText(`Taker has a project ${SLUG} already.`)).toBeVisible();
  expect((await call("DELETE", `/api/orgs/${TAKER}/projects/${SLUG}`)).status()).toBe(204);

  await submit.click();
  await expect(page).toHaveURL(new RegExp(`/${TAKER}/projects/${SLUG}/settings`));
  await expect(page.getByRole("heading", { name: "Goes Settings", level: 1 })).toBeVisible();
  await page.goto(`/demo/projects/${SLUG}/settings`);
  await expect(page.getByText("Goes", { exact: true })).toHaveCount(0);
});

test("in Russian, on a phone and in the dark the dialog says what stays behind", async ({ page, request }) => {
  await speaks(request, "ru");
  await page.setViewportSize({ width: 360, height: 740 });
  await page.emulateMedia({ colorScheme: "dark" });
  await signIn(page, "/demo/projects/shop/settings?section=danger");
  await page.getByRole("button", { name: "Перенести в другую организацию", exact: true }).click();
  await expect(page.getByRole("dialog").getByText("Секреты забываются", { exact: false })).toBeVisible();
  await page.screenshot({ path: test.info().outputPath("move-ru.png") });
});
