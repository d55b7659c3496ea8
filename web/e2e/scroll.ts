/** Scrolls a long history with the wheel and tells how smooth that was; `make bench` runs it. */
import { writeFileSync } from "node:fs";
import { expect, test } from "@playwright/test";
import { signIn } from "./people";

interface Found {
  rows: number;
  /** The rows themselves are there, from the navigation's start. */
  shown_ms: number;
  /** Every task over 50 ms after the first contentful paint, by its length. */
  long_tasks_ms: number[];
  frames_per_second: number[];
  /** Between two frames, of all frames while scrolling. */
  frame_ms: { median: number; p95: number; worst: number };
  /** From a key to the next frame that shows what it did. */
  key_ms: number[];
}

declare global {
  interface Window {
    measured: { tasks: { at: number; ms: number }[]; frames: number[] };
  }
}

const SECONDS = 8;

test("a long history is scrolled", async ({ page }) => {
  const address = process.env["SCROLL_ADDRESS"] ?? "";
  await signIn(page, address);
  await expect(page.locator("[data-revision]").first()).toBeVisible();
  await page.addInitScript(() => {
    window.measured = { tasks: [], frames: [] };
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

  const gaps = frames.slice(1).map((at, index) => at - (frames[index] ?? at)).sort((a, b) => a - b);
  const seconds = new Map<number, number>();
  for (const at of frames) seconds.set(Math.floor(at / 1000), (seconds.get(Math.floor(at / 1000)) ?? 0) + 1);
  const found: Found = {
    rows,
    shown_ms: shown,
    long_tasks_ms: tasks.filter((task) => task.at >= paint).map((task) => task.ms).sort((a, b) => b - a),
    // The first and the last second are not whole.
    frames_per_second: [...seconds.values()].slice(1, -1),
    frame_ms: { median: gaps[gaps.length >> 1] ?? 0, p95: gaps[Math.floor(gaps.length * 0.95)] ?? 0, worst: gaps.at(-1) ?? 0 },
    key_ms: keys,
  };
  const result = process.env["SCROLL_RESULT"];
  if (result) writeFileSync(result, JSON.stringify(found));
  console.log(JSON.stringify(found));
});
