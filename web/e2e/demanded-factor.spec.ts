/** An organization that demands a second factor: its owner needs one first, and who has none is shown the way. */
import { type Browser, expect, type Page, test } from "@playwright/test";
import { faults } from "./accessible";
import { calling, joins, password, signIn, speaks } from "./people";

const CAT = { email: `cat-${Date.now()}@example.com`, password: "staple battery horse correct" };

test.beforeAll(async ({ request }) => {
  await speaks(request, "en");
  await joins(request, { name: "Cat", locale: "ru", ...CAT }, "admin");
});

test.afterAll(async ({ request }) => {
  const admin = await calling(request);
  await admin("PUT", "/api/orgs/demo/second-factor", { demanded: false });
  const { items } = (await (await admin("GET", "/api/orgs/demo/members")).json()) as { items: { id: string; email: string }[] };
  for (const { id } of items.filter((one) => one.email === CAT.email)) await admin("DELETE", `/api/orgs/demo/members/${id}`);
  const mine = (await (await admin("GET", "/api/me/passkeys")).json()) as { items: { id: string }[] };
  for (const { id } of mine.items) await admin("POST", `/api/me/passkeys/${id}/remove`, { current: password() });
});

/** A device inside the browser that makes passkeys without a touch. */
async function plugIn(page: Page): Promise<void> {
  const session = await page.context().newCDPSession(page);
  await session.send("WebAuthn.enable");
  await session.send("WebAuthn.addVirtualAuthenticator", {
    options: { protocol: "ctap2", transport: "internal", hasResidentKey: true, hasUserVerification: true, isUserVerified: true, automaticPresenceSimulation: true },
  });
}

/** A Russian on a phone in the dark, who opens a pasted link. */
async function cat(browser: Browser): Promise<Page> {
  const page = await (await browser.newContext({ locale: "ru-RU", colorScheme: "dark", viewport: { width: 360, height: 740 } })).newPage();
  await plugIn(page);
  await page.goto("/demo/projects");
  await page.locator("input[name=email]").fill(CAT.email);
  await page.locator("input[name=password]").fill(CAT.password);
  await page.keyboard.press("Enter");
  await expect(page).not.toHaveURL(/sign-in/);
  return page;
}

test("an owner adds one and demands it; a member without is shown the way, adds a passkey, and is in", async ({ page, browser }) => {
  await plugIn(page);
  await signIn(page, "/demo/settings?section=general");
  const section = page.getByRole("region", { name: "Second factor of every member" });
  await section.getByRole("button", { name: "Demand it", exact: true }).click();
  await expect(section.getByText("You have no second factor yourself.")).toBeVisible();

  await page.goto("/account?section=security");
  const part = page.locator("section", { has: page.getByRole("heading", { name: "Passkeys" }) });
  await part.getByLabel("Name of the passkey").fill("Owner's");
  await part.getByLabel("Present password").fill(password());
  await part.getByRole("button", { name: "Add a passkey" }).click();
  await expect(page.getByText("The passkey is added")).toBeVisible();

  await page.goto("/demo/settings?section=general");
  await expect(section.getByText(/\d+ members? ha(s|ve) none\./)).toBeVisible();
  await section.getByRole("button", { name: "Demand it", exact: true }).click();
  await expect(section.getByText("It is demanded.")).toBeVisible();
  expect(await faults(page)).toEqual([]);
  await page.screenshot({ path: test.info().outputPath("demand-on.png") });

  const guest = await cat(browser);
  await expect(guest.getByRole("heading", { name: "Demo требует второй фактор" })).toBeVisible();
  expect(await faults(guest)).toEqual([]);
  await guest.screenshot({ path: test.info().outputPath("demanded-ru.png") });
  await guest.getByRole("link", { name: "Добавить второй фактор", exact: true }).click();
  const keys = guest.locator("section", { has: guest.getByRole("heading", { name: "Ключи доступа" }) });
  await keys.getByLabel("Название ключа").fill("Телефон");
  await keys.locator("input[type=password]").fill(CAT.password);
  await keys.getByRole("button", { name: "Добавить ключ доступа" }).click();
  await expect(guest.getByRole("list", { name: "Ключи доступа" }).getByText("Телефон")).toBeVisible();
  await guest.goto("/demo/projects");
  await expect(guest.getByRole("link", { name: "Shop" }).first()).toBeVisible();

  await page.goto("/demo/settings?section=members");
  await expect(page.getByRole("listitem").filter({ hasText: "Cat" }).getByText("passkey", { exact: true })).toBeVisible();
  await page.screenshot({ path: test.info().outputPath("members-factors.png") });
});
