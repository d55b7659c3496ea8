/** The rows of the table: filtered, or with long applied stretches folded. */
import type { Revision } from "@/api/types";
import { isStraight, type LaneRow } from "./lanes";
import type { EnvironmentStanding } from "./standing";

export type Row =
  | { kind: "revision"; revision: Revision; index: number }
  | { kind: "fold"; from: number; count: number };

/** As many letters as tell every id apart, within what a column can show. */
export function shortIdLength(revisions: readonly Revision[]): number {
  const apart = (length: number) => new Set(revisions.map((revision) => revision.id.slice(0, length))).size === revisions.length;
  return [8, 10].find(apart) ?? 12;
}

/** Shorter stretches are not worth a click. */
export const FOLD_FROM = 24;
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

/** "pending on prod" is said as in speech; a person need not learn the short form. */
export function wordsOf(filter: string): string[] {
  return filter
    .toLowerCase()
    .replace(/(?:pending on|ожидает на) (\S+)/g, "pending:$1")
    .split(/\s+/)
    .filter(Boolean);
}

export function filteredRows(revisions: readonly Revision[], filter: string, standings: readonly EnvironmentStanding[]): Row[] {
  const words = wordsOf(filter);
  return revisions.flatMap((revision, index): Row[] =>
    matches(revision, words, standings) ? [{ kind: "revision", revision, index }] : [],
  );
}

export function foldedRows(
  revisions: readonly Revision[],
  lanes: readonly LaneRow[],
  quiet: (revision: Revision) => boolean,
  opened: ReadonlySet<string>,
): Row[] {
  const rows: Row[] = [];
  const plain = revisions.map((revision, index) => {
    const lane = lanes[index];
    return lane !== undefined && isStraight(lane) && revision.labels.length === 0 && quiet(revision);
  });
  for (let index = 0; index < revisions.length; ) {
    let end = index;
    while (end < revisions.length && plain[end]) end++;
    const length = end - index;
    const first = revisions[index];
    const folds = length >= FOLD_FROM && first !== undefined && !opened.has(first.id);
    const shown = folds ? KEEP : Math.max(length, 1);
    for (let at = index; at < index + shown; at++) {
      const revision = revisions[at];
      if (revision) rows.push({ kind: "revision", revision, index: at });
    }
    if (folds) {
      rows.push({ kind: "fold", from: index + KEEP, count: length - 2 * KEEP });
      for (let at = end - KEEP; at < end; at++) {
        const revision = revisions[at];
        if (revision) rows.push({ kind: "revision", revision, index: at });
      }
    }
    index = Math.max(end, index + 1);
  }
  return rows;
}

/** The fold that hides a revision: named by the first revision of its stretch, as `opened` holds it. */
export function stretchOf(revisions: readonly Revision[], fold: { from: number }): string | undefined {
  return revisions[fold.from - KEEP]?.id;
}
