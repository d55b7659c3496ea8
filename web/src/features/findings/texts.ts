/** What is said of a finding, in the reader's language. */
import type { Finding, FindingCode } from "@/api/types";
import { useLanguage } from "@/i18n";
import type { Count } from "./sum";

/** The types demand every code here, and so both its texts. */
const KNOWN: Record<FindingCode, true> = {
  column_rewrites: true,
  column_without_default: true,
  type_rewrites: true,
  not_null_reads: true,
  check_reads: true,
  foreign_key_reads: true,
  unique_reads: true,
  index_blocks_writes: true,
  index_rebuilt: true,
  index_dropped: true,
  partition_reads: true,
  needs_no_transaction: true,
  stays_if_it_fails: true,
  column_dropped: true,
  table_dropped: true,
  table_emptied: true,
  renamed: true,
  all_rows_changed: true,
  rows_changed: true,
  table_rewritten: true,
  view_refreshed: true,
  table_locked: true,
  enum_value: true,
  no_way_back: true,
  not_read: true,
};

/** The whole name of what is meant, as far as the revision writes it. */
export function objectOf({ schema_name, table, name }: Finding): string {
  return [schema_name, table, name].filter(Boolean).join(".");
}

export function useFindingTexts() {
  const { t, about, bytes } = useLanguage();
  return {
    // A service that is newer than this page may know more rules; its own words are better than none.
    title: (finding: Finding) => (Object.hasOwn(KNOWN, finding.code) ? t(`findings.title.${finding.code}`) : finding.title),
    fix: (finding: Finding) => (Object.hasOwn(KNOWN, finding.code) ? t(`findings.fix.${finding.code}`) : finding.fix),
    /** "about 12 million rows, 3.2 GB"; null where neither is known. */
    size: ({ size }: Finding) => {
      if (!size) return null;
      const rows = size.rows !== null && t("findings.rows", { count: size.rows < 1_000 ? size.rows : 1_000, rows: about(size.rows) });
      return [rows, size.bytes !== null && bytes(size.bytes)].filter(Boolean).join(", ") || null;
    },
    /** "2 dangers, 1 warning". */
    counts: (counts: readonly Count[]) => counts.map(({ level, count }) => t(`findings.count.${level}`, { count })).join(", "),
  };
}
