/** Passkeys in Chromium, whose own virtual device makes and uses them. */
import AxeBuilder from "@axe-core/playwright";
import { type BrowserContext, expect, type Page, test } from "@playwright/test";
import { asking, EMAIL, password, signIn, speaks } from "./people";

/** A device inside the browser that checks its person, and what stops it. */
async function plugIn(page: Page) {
  const session = await page.context().newCDPSession(page);
  await session.send("WebAuthn.enable");
  const { authenticatorId } = await session.send("WebAuthn.addVirtualAuthenticator", {
    options: {
      protocol: "ctap2",
      transport: "internal",
      hasResidentKey: true,
      hasUserVerification: true,
      isUserVerified: true,
      automaticPresenceSimulation: true,
    },
  });
  return {
    credentials: async () => (await session.send("WebAuthn.getCredentials", { authenticatorId })).credentials,
    verifies: (isUserVerified: boolean) => session.send("WebAuthn.setUserVerified", { authenticatorId, isUserVerified }),
    clear: () => session.send("WebAuthn.clearCredentials", { authenticatorId }),
  };
}

async function add(page: Page, name: string): Promise<void> {
  await page.goto("/account?section=security");
  const part = page.locator("section", { has: page.getByRole("heading", { name: "Passkeys" }) });
  await part.getByLabel("Name of the passkey").fill(name);
  await part.getByLabel("Present password").fill(password());
  await part.getByRole("button", { name: "Add a passkey" }).click();
}

async function remove(page: Page, name: string): Promise<void> {
  await page.getByRole("button", { name: new RegExp(`^Remove ${name}`) }).click();
  await page.getByRole("dialog").getByLabel("Present password").fill(password());
  await page.keyboard.press("Enter");
  await expect(page.getByRole("list", { name: "Passkeys" }).getByText(name)).toHaveCount(0);
}

async function signOut(context: BrowserContext): Promise<void> {
  await context.clearCookies();
}

test.beforeAll(async ({ request }) => speaks(request, "en"));

test("a passkey is added, signs in without address and password, is renamed and removed", async ({ page, context }) => {
  const device = await plugIn(page);
  await signIn(page);
  await add(page, "Laptop");
  await expect(page.getByText("The passkey is added")).toBeVisible();
  await expect(page.getByText("never used")).toBeVisible();
  expect((await device.credentials()).map((one) => one.rpId)).toEqual(["localhost"]);

  await add(page, "Again");
  await expect(page.getByText("This device has a passkey of this account already.")).toBeVisible();

  // The page offers it by itself in the field for the address; the device that always says yes comes in at once.
  await signOut(context);
  await page.goto("/sign-in");
  const offered = page.getByRole("button", { name: "Sign in with a passkey" });
  await offered.click({ timeout: 5_000 }).catch(() => undefined);
  await expect(page).not.toHaveURL(/sign-in/);

  // Who came to answer a terminal is led back to it, by a passkey too.
  await signOut(context);
  const terminal = await asking(page.request);
  await page.goto(terminal);
  await offered.click({ timeout: 5_000 }).catch(() => undefined);
  await expect(page).toHaveURL(terminal);
  await expect(page.getByRole("button", { name: "Sign the terminal in" })).toBeVisible();

  await page.goto("/account?section=security");
  await expect(page.getByText("last used").first()).toBeVisible();
  await page.getByRole("button", { name: "Rename Laptop" }).click();
  await page.getByRole("dialog").getByLabel("Name of the passkey").fill("Old laptop");
  await page.keyboard.press("Enter");
  await remove(page, "Old laptop");

  await signOut(context);
  await page.goto("/sign-in");
  await offered.click();
  await expect(page.getByText("This passkey belongs to no account here.")).toBeVisible();
  await page.locator("input[name=email]").fill(EMAIL);
  await page.locator("input[name=password]").fill(password());
  await page.keyboard.press("Enter");
  await expect(page).not.toHaveURL(/sign-in/);
  await page.goto("/account?section=log");
  await expect(page.getByText("A passkey was removed").first()).toBeVisible();
});

for (const scheme of ["light", "dark"] as const) {
  test(`the passkeys of an account are told to everybody, ${scheme}, also on a phone`, async ({ page }) => {
    await page.emulateMedia({ colorScheme: scheme });
    await plugIn(page);
    await signIn(page);
    await add(page, "Phone with a long name that says where it is kept and by whom");
    await expect(page.getByText("The passkey is added")).toBeVisible();
    for (const width of [360, 1440]) {
      await page.setViewportSize({ width, height: 900 });
      const wide = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
      expect(wide).toBe(0);
      expect((await new AxeBuilder({ page }).analyze()).violations.map((one) => one.id)).toEqual([]);
      await page.getByRole("heading", { name: "Passkeys" }).scrollIntoViewIfNeeded();
      if (process.env["PASSKEY_PICTURES"]) await page.screenshot({ path: `${process.env["PASSKEY_PICTURES"]}/account-${scheme}-${width}.png` });
    }
    await remove(page, "Phone with");
    await page.context().clearCookies();
    await page.setViewportSize({ width: 360, height: 800 });
    await page.goto("/sign-in");
    await expect(page.getByRole("button", { name: "Sign in with a passkey" })).toBeVisible();
    expect((await new AxeBuilder({ page }).analyze()).violations.map((one) => one.id)).toEqual([]);
    if (process.env["PASSKEY_PICTURES"]) await page.screenshot({ path: `${process.env["PASSKEY_PICTURES"]}/sign-in-${scheme}.png` });
  });
}
