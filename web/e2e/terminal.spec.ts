/** A real terminal waits, and somebody answers it on the page. */
import { hostname } from "node:os";
import { expect, test as base } from "@playwright/test";
import { faults, overflow } from "./accessible";
import { asking, EMAIL, password, signIn, speaks } from "./people";
import { Terminal } from "./terminal";

const test = base.extend<{ terminal: Terminal }>({
  terminal: async ({ baseURL }, lend) => {
    const terminal = new Terminal(baseURL ?? "");
    await lend(terminal);
    terminal.close();
  },
});

test.beforeEach(async ({ request }) => speaks(request, "en"));
test.afterAll(async ({ request }) => speaks(request, "en"));

test("a terminal is approved by who signs in first, comes in, and is listed with its host", async ({ page, terminal }) => {
  const address = await terminal.login();
  const code = new URL(address).searchParams.get("code") ?? "";
  await page.goto(address);
  await expect(page).toHaveURL(/sign-in/);
  await page.locator("input[name=email]").fill(EMAIL);
  await page.locator("input[name=password]").fill(password());
  await page.keyboard.press("Enter");
  await expect(page).toHaveURL(address);
  await expect(page.getByText(code, { exact: true })).toBeVisible();
  await expect(page.getByText(`(${EMAIL})`)).toBeVisible();
  await expect(page.getByText(`on ${hostname()}`)).toBeVisible();
  await expect(page.getByText("Go on only if you started this yourself, just now.")).toBeVisible();
  expect(await faults(page)).toEqual([]);
  await page.getByRole("button", { name: "Sign the terminal in" }).click();
  await expect(page.getByText("The terminal is signed in")).toBeVisible();
  expect(await faults(page)).toEqual([]);

  const { code: ended, said } = await terminal.ended();
  expect(said).toContain("Signed in to");
  expect(ended).toBe(0);
  expect(terminal.run("whoami")).toContain(EMAIL);
  await page.goto("/account?section=sessions");
  await expect(page.getByRole("listitem").filter({ hasText: `on ${hostname()}` }).first()).toBeVisible();
  await page.goto("/account?section=log");
  await expect(page.getByText("A terminal was signed in through the browser").first()).toBeVisible();
  expect(terminal.run("logout")).toContain("Signed out");
});

test("a terminal is refused on a phone by keyboard alone, with the code typed from it", async ({ page, terminal }) => {
  await page.setViewportSize({ width: 390, height: 844 });
  const code = new URL(await terminal.login()).searchParams.get("code") ?? "";
  await signIn(page, "/terminal");
  await expect(page.getByLabel("Code")).toBeFocused();
  await expect(page.getByRole("button", { name: "Go on" })).toBeDisabled();
  await page.keyboard.type(code.toLowerCase().replace("-", " "));
  await expect(page.getByLabel("Code")).toHaveValue(code);
  await page.keyboard.press("Enter");
  const refuse = page.getByRole("button", { name: "Refuse" });
  await expect(refuse).toBeVisible();
  expect(await overflow(page)).toBe(0);
  while (!(await refuse.evaluate((one) => one === document.activeElement))) await page.keyboard.press("Tab");
  await page.keyboard.press("Enter");
  await expect(page.getByText("The terminal was refused")).toBeVisible();

  const { code: ended, said } = await terminal.ended();
  expect(said).toContain("Signing this terminal in was refused.");
  expect(ended).toBe(4);
  expect(terminal.run("whoami")).toContain("Nobody is signed in");
  await page.reload();
  await expect(page.getByText("You have refused this terminal already")).toBeVisible();
});

test("a code that no terminal shows is said, and another one can be typed", async ({ page }) => {
  await signIn(page, "/terminal?code=BBBB-BBBB");
  await expect(page.getByRole("alert")).toContainText("No terminal waits with this code.");
  expect(await faults(page)).toEqual([]);
  const wanted = await asking(page.request);
  await page.getByLabel("Code").fill(wanted.split("=")[1] ?? "");
  await page.keyboard.press("Enter");
  await expect(page).toHaveURL(wanted);
  await expect(page.getByRole("button", { name: "Sign the terminal in" })).toBeVisible();
});

test("a terminal that two tabs answer has the answer of the first", async ({ page, context }) => {
  await signIn(page);
  const wanted = await asking(page.request);
  await page.goto(wanted);
  const other = await context.newPage();
  await other.goto(wanted);
  const late = other.getByRole("button", { name: "Sign the terminal in" });
  await expect(late).toBeVisible();
  await page.getByRole("button", { name: "Refuse" }).click();
  await expect(page.getByText("The terminal was refused")).toBeVisible();
  await late.click();
  await expect(other.getByText("You have refused this terminal already")).toBeVisible();
});

test("somebody else signs in without losing the terminal", async ({ page }) => {
  await signIn(page);
  const wanted = await asking(page.request);
  await page.goto(wanted);
  await page.getByRole("button", { name: "Sign in as somebody else" }).click();
  await expect(page).toHaveURL(/sign-in/);
  await page.locator("input[name=email]").fill(EMAIL);
  await page.locator("input[name=password]").fill(password());
  await page.keyboard.press("Enter");
  await expect(page).toHaveURL(wanted);
});

test("the whole of it in Russian", async ({ page, terminal, request }) => {
  await speaks(request, "ru");
  const address = await terminal.login();
  await signIn(page, address);
  await expect(page.getByRole("heading", { name: "Вход для терминала" })).toBeVisible();
  await expect(page.getByText("Продолжайте, только если начали это сами и только что.")).toBeVisible();
  await page.getByRole("button", { name: "Впустить терминал" }).click();
  await expect(page.getByText("Терминал впущен")).toBeVisible();
  expect((await terminal.ended()).code).toBe(0);
  await page.goto("/terminal?code=BBBB-BBBB");
  await expect(page.getByRole("alert")).toContainText("С таким кодом не ждёт ни один терминал.");
  await page.goto("/account?section=log");
  await expect(page.getByText("Терминал впущен через браузер").first()).toBeVisible();
});
