/** The rows of the table: filtered, or with long applied stretches folded. */
import type { Revision } from "@/api/types";
import { isStraight, type LaneRow } from "./lanes";
import type { EnvironmentStanding } from "./standing";

/** What hides in a fold is the same everywhere: applied on every database, or something else, e.g. pending on one. */
export type Row =
  | { kind: "revision"; revision: Revision; index: number }
  | { kind: "fold"; from: number; count: number; applied: boolean };

/** As many letters as tell every id apart, within what a column can show. */
export function shortIdLength(revisions: readonly Revision[]): number {
  const apart = (length: number) => new Set(revisions.map((revision) => revision.id.slice(0, length))).size === revisions.length;
  return [8, 10].find(apart) ?? 12;
}

/** Shorter stretches are not worth a click; what is still to be applied is read more closely. */
export const FOLD_FROM = 24;
export const FOLD_PENDING_FROM = 80;
/** What stays visible at either end of a fold. */
const KEEP = 4;

export function matches(revision: Revision, words: readonly string[], standings: readonly EnvironmentStanding[]): boolean {
  return words.every((word) => {
    const pending = /^pending:(.+)$/.exec(word);
    if (pending) {
      const standing = standings.find((one) => one.environment.slug === pending[1] || one.environment.name.toLowerCase() === pending[1]);
      return standing?.databases.some((one) => !one.applied.has(revision.id)) ?? false;
    }
    const author = /^author:(.+)$/.exec(word);
    if (author) return revision.author?.toLowerCase().includes(author[1] ?? "") ?? false;
    const label = /^label:(.+)$/.exec(word);
    if (label) return revision.labels.some((one) => one.toLowerCase().includes(label[1] ?? ""));
    return [revision.id, revision.message, revision.author ?? "", revision.path, ...revision.labels].some((text) =>
      text.toLowerCase().includes(word),
    );
  });
}

/** The words of a filter; a name with spaces stands in quotes, and "pending on prod" is said as in speech. */
export function wordsOf(filter: string): string[] {
  const said = filter.toLowerCase().replace(/(?:pending on|ожидает на)\s+/g, "pending:");
  return (said.match(/(?:[^\s"]+|"[^"]*"?)+/g) ?? []).map((word) => word.replaceAll('"', "")).filter(Boolean);
}

/** One word of a filter as a person would write it. */
export function wordFor(name: "pending" | "author" | "label", value: string): string {
  return /[\s"]/.test(value) ? `${name}:"${value.replaceAll('"', "")}"` : `${name}:${value}`;
}

/** Adds the word, or takes it out where it stands already. */
export function toggleWord(filter: string, word: string): string {
  const [wanted] = wordsOf(word);
  const words = filter.match(/(?:pending on|ожидает на)\s+\S+|(?:[^\s"]+|"[^"]*"?)+/gi) ?? [];
  const others = words.filter((one) => wordsOf(one)[0] !== wanted);
  return (others.length === words.length ? [...words, word] : others).join(" ");
}

export function filteredRows(revisions: readonly Revision[], filter: string, standings: readonly EnvironmentStanding[]): Row[] {
  const words = wordsOf(filter);
  return revisions.flatMap((revision, index): Row[] =>
    matches(revision, words, standings) ? [{ kind: "revision", revision, index }] : [],
  );
}

/** Where a revision stands, as text to compare neighbours by; null: a row that nobody wants hidden. */
export type Look = (revision: Revision) => string | null;
export const APPLIED = "applied";

/** Long straight stretches that look the same on every database, folded but for their ends. */
export function foldedRows(
  revisions: readonly Revision[],
  lanes: readonly LaneRow[],
  look: Look,
  opened: ReadonlySet<string>,
): Row[] {
  const rows: Row[] = [];
  const looks = revisions.map((revision, index) => {
    const lane = lanes[index];
    return lane !== undefined && isStraight(lane) && revision.labels.length === 0 ? look(revision) : null;
  });
  const show = (from: number, to: number) => {
    for (let index = from; index < to; index++) {
      const revision = revisions[index];
      if (revision) rows.push({ kind: "revision", revision, index });
    }
  };
  for (let index = 0; index < revisions.length; ) {
    const here = looks[index] ?? null;
    let end = index + 1;
    while (here !== null && end < revisions.length && looks[end] === here) end++;
    const applied = here === APPLIED;
    const first = revisions[index];
    if (here !== null && end - index >= (applied ? FOLD_FROM : FOLD_PENDING_FROM) && first && !opened.has(first.id)) {
      show(index, index + KEEP);
      rows.push({ kind: "fold", from: index + KEEP, count: end - index - 2 * KEEP, applied });
      show(end - KEEP, end);
    } else show(index, end);
    index = end;
  }
  return rows;
}

/** The fold that hides a revision: named by the first revision of its stretch, as `opened` holds it. */
export function stretchOf(revisions: readonly Revision[], fold: { from: number }): string | undefined {
  return revisions[fold.from - KEEP]?.id;
}
