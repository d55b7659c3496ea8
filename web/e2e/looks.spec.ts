/** What a page looks like where it is easily wrong: folded stretches, many environments, colours, access that is taken. */
import { expect, type Page, test } from "@playwright/test";
import { drawn, SHOP, signIn } from "./people";
import { addProject, call, createDatabase, moveTo, removeProject, Repository } from "./repository";

const ids = (count: number) => Array.from({ length: count }, (_, index) => `rev${String(index).padStart(4, "0")}`);

/** A project whose history is one line of so many revisions. */
async function line(page: Page, count: number, output = ""): Promise<string> {
  const database = `looks_${Date.now()}`;
  createDatabase(database);
  const repository = new Repository(output);
  ids(count).forEach((id, index, all) => repository.revision(id, all[index - 1] ?? null));
  repository.commit("a line");
  await signIn(page, "/demo/projects");
  const slug = await addProject(page, repository, database);
  await page.goto(`/demo/projects/${slug}/migrations`);
  await expect(page.locator("[data-revision]").first()).toBeVisible({ timeout: 90_000 });
  return slug;
}

test("a long applied stretch is folded, opened where it is clicked, and never hides what was chosen", async ({ page }) => {
  test.setTimeout(240_000);
  const slug = await line(page, 60);
  await moveTo(page, slug, "upgrade", "head");
  await page.goto(`/demo/projects/${slug}/migrations`);
  const fold = page.getByRole("button", { name: /older revisions, applied everywhere/ });
  await expect(fold).toBeVisible();
  // The head and the first one stand alone; four stay at either end of what is between.
  await expect(fold).toHaveText("50 older revisions, applied everywhere");
  await expect(page.locator("[data-revision]")).toHaveCount(10);
  await page.screenshot({ path: test.info().outputPath("folded.png") });
  await fold.click();
  await expect(fold).toBeHidden();
  await expect(page.locator('[data-revision="rev0040"]')).toBeVisible();

  await page.getByRole("button", { name: "View" }).click();
  await page.getByRole("menuitem", { name: "Show every revision" }).click();
  await expect(page).toHaveURL(/fold=off/);
  await page.getByRole("button", { name: "View" }).click();
  await page.getByRole("menuitem", { name: "Fold long stretches" }).click();
  await expect(fold).toBeVisible();
  // A pasted link to a hidden revision shows it, with a fold on either side where that is worth one.
  await page.goto(`/demo/projects/${slug}/migrations?revision=rev0030`);
  await expect(page.locator('[data-revision="rev0030"]')).toHaveAttribute("aria-selected", "true");
  await expect(fold.first()).toBeVisible();
  await removeProject(page, slug);
});

test("with forty environments the revisions stay in sight while the columns scroll by", async ({ page }) => {
  test.setTimeout(240_000);
  const slug = await line(page, 12);
  const environments = `/api/orgs/demo/projects/${slug}/environments`;
  for (let index = 1; index < 40; index++) await call(page, "POST", environments, { slug: `tenant-${index}`, name: `Tenant ${index}`, variables: [] });
  for (const width of [1440, 360]) {
    await page.setViewportSize({ width, height: 800 });
    await page.goto(`/demo/projects/${slug}/migrations`);
    await expect(page.getByRole("columnheader")).toHaveCount(41);
    const grid = page.getByRole("grid");
    await grid.evaluate((element) => (element.scrollLeft = element.scrollWidth));
    await expect(page.getByRole("columnheader", { name: /Tenant 39/ })).toBeInViewport();
    await drawn(page);
    const [box, message, head] = await Promise.all([grid.boundingBox(), page.getByText("Revision rev0011").boundingBox(), page.getByRole("columnheader").first().boundingBox()]);
    expect(message!.x).toBeGreaterThanOrEqual(box!.x);
    expect(head!.x).toBeCloseTo(box!.x, 0);
    // Nothing shines through what stays.
    const top = await page.evaluate(([x, y]) => document.elementFromPoint(x!, y!)?.closest("[role=gridcell]")?.getAttribute("data-environment") ?? null, [message!.x + 4, message!.y + 8]);
    expect(top).toBeNull();
    await expect(page.getByLabel("Filter the revisions").or(page.locator("input[type=search]")).first()).toBeInViewport();
    await page.screenshot({ path: test.info().outputPath(`forty-${width}.png`) });
  }
  await page.setViewportSize({ width: 360, height: 800 });
  await page.getByRole("button", { name: "View" }).click();
  await page.getByRole("menuitem", { name: "New revision" }).click();
  await expect(page.getByRole("dialog", { name: "New revision" })).toBeVisible();
  await page.screenshot({ path: test.info().outputPath("new-revision-360.png") });
  await removeProject(page, slug);
});

test("what a project prints in colours is shown in the page's own colours, without the codes", async ({ page }) => {
  test.setTimeout(240_000);
  const slug = await line(page, 1, 'print("\\x1b[31mred words\\x1b[0m and \\x1b[1;32mgreen ones\\x1b[0m, plain again", flush=True)\n');
  await moveTo(page, slug, "upgrade", "head");
  await page.goto(`/demo/projects/${slug}/jobs`);
  await page.getByRole("main").getByRole("listitem").first().getByRole("link").click();
  const log = page.getByRole("log");
  const red = log.locator("span", { hasText: /^red words$/ }).last();
  await expect(red).toBeVisible();
  const colour = (name: string) => page.evaluate((given) => {
    const probe = document.body.appendChild(document.createElement("span"));
    probe.style.color = `var(--${given})`;
    const found = getComputedStyle(probe).color;
    probe.remove();
    return found;
  }, name);
  await expect(red).toHaveCSS("color", await colour("failed"));
  await expect(log.locator("span", { hasText: /^green ones$/ }).last()).toHaveCSS("color", await colour("applied"));
  await expect(log.locator("span", { hasText: /^green ones$/ }).last()).toHaveCSS("font-weight", /600|700/);
  expect(await log.innerText()).not.toContain("[31m");
  await page.screenshot({ path: test.info().outputPath("colours.png") });
  await removeProject(page, slug);
});

test("whoever loses their role while a page is open is told so there, and sees nothing of it any more", async ({ page, browser }) => {
  test.setTimeout(120_000);
  const person = { name: "Mel", email: `mel-${Date.now()}@example.com`, password: "correct horse battery staple" };
  await signIn(page, SHOP);
  await call(page, "POST", "/api/orgs/demo/invitations", { role: "member", email: person.email });
  // Who follows the letter's link has confirmed the address with it.
  const letter = async () => {
    const { items } = (await (await page.request.get("/api/outbox")).json()) as { items: { recipient: string; text: string }[] };
    return /#(\S+)/.exec(items.find((one) => one.recipient === person.email)?.text ?? "")?.[1];
  };
  await expect.poll(letter).toBeTruthy();
  const headers = { Origin: new URL(page.url()).origin };
  const joined = await page.request.post("/api/auth/invitations/accept", { data: { token: await letter(), name: person.name, password: person.password }, headers });
  expect(joined.ok(), await joined.text()).toBe(true);
  const { items } = (await call(page, "GET", "/api/orgs/demo/members")) as { items: { id: string; email: string }[] };
  const key = items.find((one) => one.email === person.email)!.id;
  const role = (given: string | null) => call(page, "PUT", `/api/orgs/demo/projects/shop/members/${key}`, { role: given });
  await role("viewer");

  const elsewhere = await browser.newContext();
  const theirs = await elsewhere.newPage();
  await theirs.goto(SHOP);
  await theirs.locator("input[name=email]").fill(person.email);
  await theirs.locator("input[name=password]").fill(person.password);
  await theirs.keyboard.press("Enter");
  await expect(theirs.locator("[data-revision]").first()).toBeVisible();
  await role(null);
  // The live connection tells it; nobody clicks.
  await expect(theirs.getByRole("heading", { name: "You no longer have access to this page" })).toBeVisible({ timeout: 30_000 });
  await expect(theirs.locator("[data-revision]")).toHaveCount(0);
  await theirs.screenshot({ path: test.info().outputPath("lost.png") });
  await role("viewer");
  await theirs.getByRole("button", { name: "Try again" }).click();
  await expect(theirs.locator("[data-revision]").first()).toBeVisible();
  await elsewhere.close();
  await call(page, "DELETE", `/api/orgs/demo/members/${key}`);
});
