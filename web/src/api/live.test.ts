import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { Live, type Said, type Socket } from "./live";
import type { JobEvent } from "./types";

const STORY: JobEvent[] = Array.from({ length: 12 }, (_, index) => ({
  seq: index + 1, at: "2026-01-01T00:00:00Z", type: "output", data: { stream: "stdout", text: `line ${index + 1}` },
}));

/** A connection in the test's hand. */
class Line implements Socket {
  onopen: (() => void) | null = null;
  onmessage: ((event: { data: unknown }) => void) | null = null;
  onclose: ((event: { code: number }) => void) | null = null;
  sent: Record<string, unknown>[] = [];
  send(text: string) {
    this.sent.push(JSON.parse(text) as Record<string, unknown>);
  }
  close() {
    /* As a socket whose network is gone: it never says that it has closed. */
  }
  break() {
    this.onclose?.({ code: 1006 });
  }
  say(message: unknown) {
    this.onmessage?.({ data: JSON.stringify(message) });
  }
}

let lines: Line[] = [];
let tickets = 0;
let ticket: () => Promise<string | null>;

beforeEach(() => {
  vi.useFakeTimers();
  lines = [];
  tickets = 0;
  ticket = () => Promise.resolve(`ticket ${++tickets}`);
});
afterEach(() => vi.useRealTimers());

function make(): Live {
  return new Live({
    getTicket: () => ticket(),
    openSocket: () => {
      const line = new Line();
      lines.push(line);
      queueMicrotask(() => line.onopen?.());
      return line;
    },
  });
}

/** Lets promises settle and so many milliseconds pass. */
const pass = (milliseconds = 0) => vi.advanceTimersByTimeAsync(milliseconds);

/** Takes events as a page does: what it has is skipped, a gap is asked again. */
function page(live: Live, topic = "job:1") {
  const seen: number[] = [];
  const said: Said["type"][] = [];
  const stop = live.subscribe(topic, {
    lastSeq: () => seen.at(-1) ?? 0,
    onSaid: (one) => {
      said.push(one.type);
      if (one.type !== "events") return;
      for (const { seq } of one.items) {
        if (seq <= (seen.at(-1) ?? 0)) continue;
        if (seq !== (seen.at(-1) ?? 0) + 1) {
          live.again(topic);
          return;
        }
        seen.push(seq);
      }
    },
  });
  return { seen, said, stop };
}

const ALL = STORY.map(({ seq }) => seq);

test("all topics share one connection; the ticket is its first message, and topics follow when it is ready", async () => {
  const live = make();
  page(live);
  page(live, "organization:demo");
  await pass();
  expect(lines).toHaveLength(1);
  expect(lines[0]!.sent).toEqual([{ ticket: "ticket 1" }]);
  lines[0]!.say({ type: "ready" });
  expect(lines[0]!.sent.slice(1)).toEqual([{ subscribe: "job:1", after: 0 }, { subscribe: "organization:demo", after: 0 }]);
  const later = page(live, "project:demo/shop");
  expect(lines[0]!.sent.at(-1)).toEqual({ subscribe: "project:demo/shop", after: 0 });
  later.stop();
  expect(lines[0]!.sent.at(-1)).toEqual({ unsubscribe: "project:demo/shop" });
});

test("after a break every topic is subscribed again, a job after its last number: no line is lost or doubled", async () => {
  const live = make();
  const job = page(live);
  const list = page(live, "organization:demo");
  await pass();
  lines[0]!.say({ type: "ready" });
  lines[0]!.say({ type: "events", topic: "job:1", items: STORY.slice(0, 5) });
  lines[0]!.break();
  expect(live.state).toBe("live");
  await pass();
  expect(live.state).toBe("reconnecting");
  await pass(1_000);
  expect(lines[1]!.sent[0]).toEqual({ ticket: "ticket 2" });
  lines[1]!.say({ type: "ready" });
  expect(lines[1]!.sent.slice(1)).toEqual([{ subscribe: "job:1", after: 5 }, { subscribe: "organization:demo", after: 0 }]);
  // The server replays a little too much: harmless.
  lines[1]!.say({ type: "events", topic: "job:1", items: STORY.slice(3) });
  lines[1]!.say({ type: "changed", topic: "organization:demo", about: ["jobs"] });
  expect([job.seen, list.said, live.state]).toEqual([ALL, ["changed"], "live"]);
});

test("a gap makes the page ask again instead of showing a hole, on the same connection", async () => {
  const live = make();
  const job = page(live);
  await pass();
  lines[0]!.say({ type: "ready" });
  lines[0]!.say({ type: "events", topic: "job:1", items: STORY.slice(0, 2) });
  lines[0]!.say({ type: "events", topic: "job:1", items: STORY.slice(6) });
  expect(lines[0]!.sent.at(-1)).toEqual({ subscribe: "job:1", after: 2 });
  lines[0]!.say({ type: "events", topic: "job:1", items: STORY.slice(2) });
  expect(job.seen).toEqual(ALL);
  expect(lines).toHaveLength(1);
});

test("two parts of a page may follow one job: who comes later asks from the beginning, and only the last one ends it", async () => {
  const live = make();
  const first = page(live);
  await pass();
  lines[0]!.say({ type: "ready" });
  lines[0]!.say({ type: "events", topic: "job:1", items: STORY.slice(0, 5) });
  const second = page(live);
  expect(lines[0]!.sent.at(-1)).toEqual({ subscribe: "job:1", after: 0 });
  lines[0]!.say({ type: "events", topic: "job:1", items: STORY });
  expect([first.seen, second.seen]).toEqual([ALL, ALL]);
  first.stop();
  expect(lines[0]!.sent.at(-1)).not.toHaveProperty("unsubscribe");
  second.stop();
  expect(lines[0]!.sent.at(-1)).toEqual({ unsubscribe: "job:1" });
});

test("pauses grow while the service is away, and the network's return ends them", async () => {
  const live = make();
  page(live);
  for (let times = 0; times < 6; times++) {
    await pass(20_000);
    lines.at(-1)!.break();
    await pass();
  }
  const tried = lines.length;
  await pass(3_000); // the pause is at least half of the longest by now
  expect(lines).toHaveLength(tried);
  live.check();
  await pass();
  expect(lines).toHaveLength(tried + 1);
});

test("a connection that died silently is found out and made anew", async () => {
  const live = make();
  page(live);
  await pass();
  lines[0]!.say({ type: "ready" });
  await pass(20_000);
  expect(lines[0]!.sent.at(-1)).toEqual({ ping: 1 });
  lines[0]!.say({ type: "pong", ping: 1 });
  await pass(10_000);
  expect(lines).toHaveLength(1);
  await pass(40_000); // nobody answers any more
  expect(lines.length).toBeGreaterThan(1);
});

test("after a sleep the connection is tried at once, and left when nobody answers", async () => {
  const live = make();
  page(live);
  await pass();
  lines[0]!.say({ type: "ready" });
  vi.setSystemTime(Date.now() + 3_600_000);
  await pass(5_000);
  expect(lines[0]!.sent.at(-1)).toEqual({ ping: 1 });
  await pass(8_000);
  expect(lines).toHaveLength(2);
});

test("when the network goes, nothing waits for a socket that cannot close", async () => {
  const live = make();
  page(live);
  await pass();
  lines[0]!.say({ type: "ready" });
  live.drop();
  await pass();
  expect(live.state).toBe("reconnecting");
  await pass(1_000);
  expect(lines).toHaveLength(2);
});

test("a sign-in that has ended is not asked again, and the next one begins anew", async () => {
  const live = make();
  const first = page(live);
  await pass();
  lines[0]!.say({ type: "ready" });
  ticket = () => Promise.resolve(null);
  lines[0]!.break();
  await pass(60_000);
  expect([lines.length, live.state]).toEqual([1, "idle"]);
  ticket = () => Promise.resolve("fresh");
  live.resume();
  await pass();
  expect(lines[1]!.sent).toEqual([{ ticket: "fresh" }]);
  lines[1]!.say({ type: "ready" });
  lines[1]!.say({ type: "events", topic: "job:1", items: STORY });
  expect(first.seen).toEqual(ALL);
});

test("a page that cannot get a ticket tries again", async () => {
  const live = make();
  ticket = () => Promise.reject(new Error("away"));
  page(live);
  await pass(5_000);
  expect(live.state).toBe("reconnecting");
  ticket = () => Promise.resolve("late");
  await pass(30_000);
  expect(lines).toHaveLength(1);
});

test("what nobody subscribes to any more is closed after a moment", async () => {
  const live = make();
  const only = page(live);
  await pass();
  lines[0]!.say({ type: "ready" });
  only.stop();
  await pass(10_000);
  expect([lines.length, live.state]).toEqual([1, "idle"]);
});
