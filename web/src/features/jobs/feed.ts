/** A job's stream as the page holds it: a pure reducer over numbered events. */
import type { JobEvent } from "@/api/types";
import { type Part, partsOf, withoutCodes } from "./ansi";
import { type Locks, locksOf } from "./locks";

export type LineKind = "statement" | "output" | "note" | "error" | "step" | "transaction" | "state";

export interface Line {
  /** The number of the event that made the line; its name in addresses. */
  seq: number;
  at: number;
  kind: LineKind;
  /** Without the codes of terminals. */
  text: string;
  /** Only output: its parts where some are coloured. */
  parts: readonly Part[] | null;
  revision: string | null;
  /** Line of the migration's source. */
  source: number | null;
  file: string | null;
  stream: string | null;
  code: string | null;
  title: string | null;
  fix: string | null;
  /** Only statements: how they ended, null while they run. */
  ended: "done" | "failed" | null;
  ms: number | null;
  rows: number | null;
}

export interface Feed {
  lines: readonly Line[];
  lastSeq: number;
  /** Statements that run: number given by the runner → index of the line. */
  open: ReadonlyMap<number, number>;
  /** Who waits for whom, as it was told last. */
  locks: Locks | null;
  /** An event came whose number does not follow: something between was lost on the way. */
  gap: boolean;
}

export const EMPTY_FEED: Feed = { lines: [], lastSeq: 0, open: new Map(), locks: null, gap: false };

function text(value: unknown): string {
  return typeof value === "string" ? value : "";
}

function textOrNull(value: unknown): string | null {
  return typeof value === "string" && value !== "" ? value : null;
}

function numberOrNull(value: unknown): number | null {
  return typeof value === "number" ? value : null;
}

function line(event: JobEvent, kind: LineKind, words: string, more: Partial<Line> = {}): Line {
  return {
    seq: event.seq,
    at: Date.parse(event.at),
    kind,
    text: words,
    parts: null,
    revision: textOrNull(event.data["revision"]),
    source: null,
    file: null,
    stream: null,
    code: null,
    title: null,
    fix: null,
    ended: null,
    ms: null,
    rows: null,
    ...more,
  };
}

/** A statement as a person would write it down: without the margin that its place in the code gave it. */
export function dedent(sql: string): string {
  const rows = sql.replace(/^(?:[ \t]*\n)+/, "").trimEnd().split("\n");
  // A statement that begins on the quotes' own line has no margin there.
  const measured = /^\s/.test(rows[0] ?? "") ? rows : rows.slice(1);
  const margins = measured.filter((row) => row.trim() !== "").map((row) => /^[ \t]*/.exec(row)?.[0].length ?? 0);
  const margin = margins.length > 0 ? Math.min(...margins) : 0;
  return rows.map((row) => (/^\s/.test(row) ? row.slice(margin) : row)).join("\n");
}

/** The line that an event adds, if it adds one. */
function lineOf(event: JobEvent): Line | null {
  const { data } = event;
  switch (event.type) {
    case "statement_started":
      return line(event, "statement", dedent(text(data["sql"])), { source: numberOrNull(data["line"]), file: textOrNull(data["file"]) });
    case "output": {
      const words = text(data["text"]).replace(/\n$/, "");
      const stream = textOrNull(data["stream"]);
      // Most lines have no codes, and then cost nothing.
      return words.includes("\u001b")
        ? line(event, "output", withoutCodes(words), { stream, parts: partsOf(words) })
        : line(event, "output", words, { stream });
    }
    case "note":
      return line(event, "note", text(data["text"]), { code: textOrNull(data["code"]) });
    case "locks":
      // Told again every few seconds while it lasts; a line only when somebody new waits or nobody any more.
      return text(data["text"]) ? line(event, "note", text(data["text"]), { code: "locks" }) : null;
    case "error":
      return line(event, "error", text(data["detail"]), {
        code: textOrNull(data["code"]),
        title: textOrNull(data["title"]),
        fix: textOrNull(data["fix"]),
      });
    case "transaction":
      return line(event, "transaction", text(data["what"]));
    case "step":
      // A step speaks when it begins; how it ended stands in the list of steps.
      return data["state"] === "running" ? line(event, "step", text(data["title"]), { code: textOrNull(data["kind"]) }) : null;
    default:
      return null;
  }
}

/**
 * Adds what is new, in the order of its numbers. What was seen is skipped, so replays after a reconnect
 * repeat nothing. At a gap it stops: the caller asks again after `lastSeq`, and nothing is lost.
 */
export function applyEvents(feed: Feed, events: readonly JobEvent[]): Feed {
  const lines = [...feed.lines];
  const open = new Map(feed.open);
  let { lastSeq, locks } = feed;
  let gap = false;
  for (const event of events) {
    if (event.seq <= lastSeq) continue;
    if (event.seq !== lastSeq + 1) {
      gap = true;
      break;
    }
    lastSeq = event.seq;
    if (event.type === "locks") locks = locksOf(Date.parse(event.at), event.data);
    const n = numberOrNull(event.data["n"]);
    if (event.type === "statement_finished" || event.type === "statement_failed") {
      const index = n === null ? undefined : open.get(n);
      const started = index === undefined ? undefined : lines[index];
      if (n === null || index === undefined || !started) continue;
      lines[index] = {
        ...started,
        ended: event.type === "statement_finished" ? "done" : "failed",
        ms: numberOrNull(event.data["ms"]),
        rows: numberOrNull(event.data["rows"]),
        title: textOrNull(event.data["message"]),
        code: textOrNull(event.data["sqlstate"]),
      };
      open.delete(n);
      continue;
    }
    const added = lineOf(event);
    if (!added) continue;
    if (event.type === "statement_started" && n !== null) open.set(n, lines.length);
    lines.push(added);
  }
  if (lastSeq === feed.lastSeq && gap === feed.gap) return feed;
  return { lines, lastSeq, open, locks, gap };
}

export type Channel = "sql" | "output" | "notes";

export function channelOf(one: Line): Channel {
  if (one.kind === "statement" || one.kind === "transaction") return "sql";
  return one.kind === "output" ? "output" : "notes";
}

export function visibleLines(lines: readonly Line[], channels: readonly Channel[]): readonly Line[] {
  if (channels.length === 3) return lines;
  return lines.filter((one) => one.kind === "error" || channels.includes(channelOf(one)));
}

/** Indexes of the lines that contain the text, in any case. */
export function findLines(lines: readonly Line[], wanted: string): number[] {
  const small = wanted.toLowerCase();
  if (small === "") return [];
  return lines.flatMap((one, index) => (one.text.toLowerCase().includes(small) || one.title?.toLowerCase().includes(small) ? [index] : []));
}
