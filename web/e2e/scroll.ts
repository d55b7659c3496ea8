/** Scrolls a long history with the wheel, acts on it, and tells how smooth that was; `make bench` runs it. */
import { writeFileSync } from "node:fs";
import { expect, type Page, test } from "@playwright/test";
import { firstLoads } from "./first-load";
import { signIn } from "./people";

interface Found {
  rows: number;
  first_contentful_paint_ms: number;
  /** The rows themselves are there, from the navigation's start. */
  shown_ms: number;
  /** Every task over 50 ms after the first contentful paint, by its length. */
  long_tasks_ms: number[];
  frames_per_second: number[];
  /** Between two frames, of all frames while scrolling. */
  frame_ms: { median: number; p95: number; worst: number };
  /** From a key to the next frame that shows what it did. */
  key_ms: number[];
  /** From an input to the paint that answers it, as the browser's event timing has it; 16 stands for "within a frame". */
  interactions_ms: Record<"row" | "palette" | "plan", number[]>;
  /** From the click to the steps of the plan. */
  plan_shown_ms: number[];
  /** Kilobytes (gzip) before the page is drawn. */
  first_load_kb: { english: number; heaviest: number };
}

declare global {
  interface Window {
    measured: { tasks: { at: number; ms: number }[]; frames: number[]; events: number[] };
  }
}

const SECONDS = 8;
const ROUNDS = 10;
/** The browser tells of no event that took less than a frame. */
const FRAME = 16;

/** The longest event of what one act sets off. */
async function delayOf(page: Page, act: () => Promise<void>): Promise<number> {
  await page.evaluate(() => {
    window.measured.events = [];
  });
  await act();
  // Two frames, and the observer's turn after them.
  await page.evaluate(() => new Promise((resolve) => requestAnimationFrame(() => requestAnimationFrame(() => setTimeout(resolve, 50)))));
  return Math.max(FRAME, ...(await page.evaluate(() => window.measured.events)));
}

test("a long history is scrolled", async ({ page }) => {
  const address = process.env["SCROLL_ADDRESS"] ?? "";
  await signIn(page, address);
  await expect(page.locator("[data-revision]").first()).toBeVisible();
  await page.addInitScript(() => {
    window.measured = { tasks: [], frames: [], events: [] };
    new PerformanceObserver((list) => {
      for (const entry of list.getEntries() as (PerformanceEventTiming & { interactionId?: number })[])
        if (entry.interactionId) window.measured.events.push(entry.duration);
    }).observe({ type: "event", durationThreshold: 16, buffered: true } as PerformanceObserverInit);
    new PerformanceObserver((list) => {
      for (const entry of list.getEntries()) window.measured.tasks.push({ at: entry.startTime, ms: entry.duration });
    }).observe({ type: "longtask", buffered: true });
  });
  await page.goto(`${address}?fold=off`);
  await expect(page.locator("[data-revision]").first()).toBeVisible();
  const shown = await page.evaluate(() => performance.now());
  // The databases' columns come after the rows: they belong to the page.
  await expect(page.locator("[data-state=applied], [data-state=pending]").first()).toBeVisible();
  const grid = page.getByRole("grid");
  const rows = Number(await grid.getAttribute("aria-rowcount")) - 1;

  await grid.hover();
  await page.evaluate(() => {
    const tick = (now: number) => {
      window.measured.frames.push(now);
      requestAnimationFrame(tick);
    };
    requestAnimationFrame(tick);
  });
  const until = Date.now() + SECONDS * 1000;
  while (Date.now() < until) {
    await page.mouse.wheel(0, 240);
    await page.evaluate(() => new Promise(requestAnimationFrame));
  }
  const { tasks, frames, paint } = await page.evaluate(() => ({
    ...window.measured,
    paint: performance.getEntriesByName("first-contentful-paint")[0]?.startTime ?? 0,
  }));
  expect(await grid.evaluate((element) => element.scrollTop)).toBeGreaterThan(10_000);

  const keys: number[] = [];
  for (let times = 0; times < 20; times++) {
    await page.evaluate(() => {
      performance.clearMarks();
      addEventListener("keydown", () => requestAnimationFrame(() => setTimeout(() => performance.mark("drawn"))), { once: true });
      addEventListener("keydown", () => performance.mark("pressed"), { once: true, capture: true });
    });
    await page.keyboard.press("j");
    await page.waitForFunction(() => performance.getEntriesByName("drawn").length > 0);
    keys.push(
      await page.evaluate(
        () => (performance.getEntriesByName("drawn")[0]?.startTime ?? 0) - (performance.getEntriesByName("pressed")[0]?.startTime ?? 0),
      ),
    );
  }

  const interactions: Found["interactions_ms"] = { row: [], palette: [], plan: [] };
  const plans: number[] = [];
  const palette = page.getByRole("combobox");
  for (let times = 0; times < ROUNDS; times++) {
    interactions.row.push(await delayOf(page, () => page.locator("[data-revision]").nth(3 + (times % 5)).click()));
    interactions.palette.push(
      await delayOf(page, async () => {
        await page.keyboard.press("Control+k");
        await expect(palette).toBeFocused();
      }),
    );
    await page.keyboard.press("Escape");
    await expect(palette).toHaveCount(0);
    const began = Date.now();
    interactions.plan.push(await delayOf(page, () => page.getByRole("button", { name: /^Upgrade Staging to head/ }).click()));
    await expect(page.getByRole("dialog").getByRole("listitem").first()).toBeVisible();
    plans.push(Date.now() - began);
    await page.keyboard.press("Escape");
    await expect(page.getByRole("dialog")).toHaveCount(0);
  }
  const loads = firstLoads();

  const gaps = frames.slice(1).map((at, index) => at - (frames[index] ?? at)).sort((a, b) => a - b);
  const seconds = new Map<number, number>();
  for (const at of frames) seconds.set(Math.floor(at / 1000), (seconds.get(Math.floor(at / 1000)) ?? 0) + 1);
  const found: Found = {
    rows,
    first_contentful_paint_ms: paint,
    shown_ms: shown,
    long_tasks_ms: tasks.filter((task) => task.at >= paint).map((task) => task.ms).sort((a, b) => b - a),
    // The first and the last second are not whole.
    frames_per_second: [...seconds.values()].slice(1, -1),
    frame_ms: { median: gaps[gaps.length >> 1] ?? 0, p95: gaps[Math.floor(gaps.length * 0.95)] ?? 0, worst: gaps.at(-1) ?? 0 },
    key_ms: keys,
    interactions_ms: interactions,
    plan_shown_ms: plans,
    first_load_kb: { english: loads.find((load) => load.page === "migrations")?.english ?? 0, heaviest: Math.max(...loads.map((load) => load.russian)) },
  };
  const result = process.env["SCROLL_RESULT"];
  if (result) writeFileSync(result, JSON.stringify(found));
  console.log(JSON.stringify(found));
});
