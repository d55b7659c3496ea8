import { expect, test } from "vitest";
import type { JobEvent } from "@/api/types";
import { applyEvents, EMPTY_FEED, type Feed } from "./feed";
import { type Connection, follow, type Socket } from "./follow";

const STORY: JobEvent[] = Array.from({ length: 12 }, (_, index) => ({
  seq: index + 1, at: "2026-01-01T00:00:00Z", type: "output", data: { stream: "stdout", text: `line ${index + 1}` },
}));

/** A server in the test's hand: it replays after a number, and the test decides when the line breaks. */
class Line implements Socket {
  onopen: (() => void) | null = null;
  onmessage: ((event: { data: unknown }) => void) | null = null;
  onclose: ((event: { code: number }) => void) | null = null;
  sent: string[] = [];
  constructor(readonly after: number) {}
  send(text: string) {
    this.sent.push(text);
  }
  close() {
    this.break(1000);
  }
  break(code: number) {
    const told = this.onclose;
    this.onclose = null;
    told?.({ code });
  }
  say(message: unknown) {
    this.onmessage?.({ data: JSON.stringify(message) });
  }
}

function start() {
  let feed: Feed = EMPTY_FEED;
  const lines: Line[] = [];
  const told: Connection[] = [];
  let tickets = 0;
  const stop = follow({
    getTicket: () => Promise.resolve(`ticket ${++tickets}`),
    openSocket: (after) => {
      const line = new Line(after);
      lines.push(line);
      queueMicrotask(() => line.onopen?.());
      return line;
    },
    lastSeq: () => feed.lastSeq,
    onEvents: (events) => {
      feed = applyEvents(feed, events);
      return !feed.gap;
    },
    onJob: () => undefined,
    onConnection: (connection) => told.push(connection),
    wait: () => Promise.resolve(),
  });
  const settled = async () => {
    for (let turn = 0; turn < 20; turn++) await Promise.resolve();
  };
  return { lines, told, stop, settled, texts: () => feed.lines.map((line) => line.text) };
}

const ALL = STORY.map((event) => event.data["text"]);

test("the ticket is the first message", async () => {
  const job = start();
  await job.settled();
  expect(job.lines[0]?.sent).toEqual(['{"ticket":"ticket 1"}']);
  job.stop();
});

test("a broken line is opened anew after the last number, with a new ticket, and no line is lost or doubled", async () => {
  const job = start();
  await job.settled();
  job.lines[0]!.say({ type: "events", items: STORY.slice(0, 5) });
  job.lines[0]!.break(1006);
  await job.settled();
  expect(job.lines[1]).toMatchObject({ after: 5, sent: ['{"ticket":"ticket 2"}'] });
  // The server replays a little too much: harmless.
  job.lines[1]!.say({ type: "events", items: STORY.slice(3) });
  job.lines[1]!.say({ type: "end" });
  job.lines[1]!.break(1000);
  await job.settled();
  expect(job.texts()).toEqual(ALL);
  expect(job.told.at(-1)).toBe("ended");
  expect(job.lines).toHaveLength(2);
});

test("a gap makes the page ask again instead of showing a hole", async () => {
  const job = start();
  await job.settled();
  job.lines[0]!.say({ type: "events", items: STORY.slice(0, 2) });
  job.lines[0]!.say({ type: "events", items: STORY.slice(6) });
  await job.settled();
  expect(job.lines[1]?.after).toBe(2);
  job.lines[1]!.say({ type: "events", items: STORY.slice(2) });
  expect(job.texts()).toEqual(ALL);
  job.stop();
});

test("an end of the connection without the word end is not the end of the job", async () => {
  const job = start();
  await job.settled();
  job.lines[0]!.say({ type: "events", items: STORY.slice(0, 1) });
  job.lines[0]!.break(1000);
  await job.settled();
  expect(job.told).toContain("reconnecting");
  expect(job.lines).toHaveLength(2);
  job.stop();
});

test("a refusal is not asked again", async () => {
  const job = start();
  await job.settled();
  job.lines[0]!.break(4403);
  await job.settled();
  expect(job.told.at(-1)).toBe("refused");
  expect(job.lines).toHaveLength(1);
});

test("leaving the page closes the line and opens no other", async () => {
  const job = start();
  await job.settled();
  job.stop();
  await job.settled();
  expect(job.lines).toHaveLength(1);
});
