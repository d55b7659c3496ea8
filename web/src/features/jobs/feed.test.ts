import { expect, test } from "vitest";
import type { JobEvent } from "@/api/types";
import { applyEvents, dedent, EMPTY_FEED, type Feed, findLines, visibleLines } from "./feed";

const at = "2026-01-01T00:00:00Z";
const event = (seq: number, type: string, data: Record<string, unknown> = {}): JobEvent => ({ seq, at, type, data });

const STORY: JobEvent[] = [
  event(1, "state", { state: "running" }),
  event(2, "step", { position: 0, kind: "checkout", title: "Checkout", state: "running" }),
  event(3, "note", { code: "x", text: "a fact" }),
  event(4, "statement_started", { n: 1, sql: "CREATE TABLE a ()", revision: "r1", line: 12 }),
  event(5, "output", { stream: "stdout", text: "hello\n" }),
  event(6, "statement_finished", { n: 1, ms: 4.5, rows: 0 }),
  event(7, "statement_started", { n: 2, sql: "BROKEN", revision: "r1" }),
  event(8, "statement_failed", { n: 2, ms: 1, sqlstate: "42601", message: "syntax error" }),
  event(9, "error", { code: "migration_error", title: "It failed", detail: "why", fix: "mend it" }),
];

const texts = (feed: Feed) => feed.lines.map((line) => line.text);

test("a statement's end is written into the line that began it", () => {
  const feed = applyEvents(EMPTY_FEED, STORY);
  expect(texts(feed)).toEqual(["Checkout", "a fact", "CREATE TABLE a ()", "hello", "BROKEN", "why"]);
  expect(feed.lines[2]).toMatchObject({ ended: "done", ms: 4.5, rows: 0, source: 12, revision: "r1" });
  expect(feed.lines[4]).toMatchObject({ ended: "failed", code: "42601", title: "syntax error" });
  expect(feed.open.size).toBe(0);
});

test("however the stream is cut and repeated, the result is the same", () => {
  const whole = applyEvents(EMPTY_FEED, STORY);
  for (let cut = 0; cut <= STORY.length; cut++)
    for (let back = 0; back <= cut; back++) {
      const first = applyEvents(EMPTY_FEED, STORY.slice(0, cut));
      expect(applyEvents(first, STORY.slice(cut - back))).toEqual(whole);
    }
});

test("at a gap nothing after it is taken, and a replay fills it", () => {
  const broken = applyEvents(EMPTY_FEED, [...STORY.slice(0, 3), ...STORY.slice(5)]);
  expect(broken).toMatchObject({ lastSeq: 3, gap: true });
  const mended = applyEvents(broken, STORY.slice(3));
  expect(mended).toEqual(applyEvents(EMPTY_FEED, STORY));
  expect(mended.gap).toBe(false);
});

test("what brings nothing new changes nothing", () => {
  const feed = applyEvents(EMPTY_FEED, STORY);
  expect(applyEvents(feed, STORY)).toBe(feed);
});

test("a statement loses the margin of its place in the code, and nothing else", () => {
  expect(dedent("\n        UPDATE a\n           SET b = 1\n\n        ")).toBe("UPDATE a\n   SET b = 1");
  expect(dedent("SELECT 1,\n    2\n      FROM t")).toBe("SELECT 1,\n2\n  FROM t");
  expect(dedent("COMMIT")).toBe("COMMIT");
});

test("errors stay visible whatever is hidden", () => {
  const { lines } = applyEvents(EMPTY_FEED, STORY);
  expect(visibleLines(lines, ["output"]).map((line) => line.kind)).toEqual(["output", "error"]);
});

test("find looks in texts and error messages", () => {
  const { lines } = applyEvents(EMPTY_FEED, STORY);
  expect(findLines(lines, "create table")).toEqual([2]);
  expect(findLines(lines, "SYNTAX")).toEqual([4]);
  expect(findLines(lines, "")).toEqual([]);
});

test("a hundred thousand lines are each made once, whatever comes after them", () => {
  let reads = 0;
  const counted = (seq: number): JobEvent => ({
    ...event(seq, "output"),
    get data() {
      reads += 1;
      return { text: "x" };
    },
  });
  let feed = EMPTY_FEED;
  for (let from = 0; from < 100_000; from += 1_000) feed = applyEvents(feed, Array.from({ length: 1_000 }, (_, index) => counted(from + index + 1)));
  expect(feed.lines).toHaveLength(100_000);
  expect(reads).toBeLessThan(10 * 100_000);
  const more = applyEvents(feed, [counted(100_001)]);
  expect(more.lines.slice(0, -1).every((line, index) => line === feed.lines[index])).toBe(true);
});
