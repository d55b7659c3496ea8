import type { Job } from "@/api/types";
import { useLanguage } from "@/i18n";
import { CopyButton } from "@/ui/copy-button";

type Aftermath = NonNullable<Job["aftermath"]>;

/** What a job that did not apply wholly left in the database, and how to clean it. */
export function AftermathFacts({ aftermath }: { aftermath: Aftermath }) {
  const { t } = useLanguage();
  const { committed, committed_count: count, current, left, left_count: things } = aftermath;
  const last = committed.at(-1);
  return (
    <section>
      <h2 className="text-sm font-semibold">{t("jobs.left.title")}</h2>
      <p className="mt-1 text-sm break-words">
        {last === undefined ? t("jobs.left.nothingCommitted") : t("jobs.left.committed", { count, last })}{" "}
        {things > 0 ? t("jobs.left.remains", { count: things }) : current !== null && t("jobs.left.undone", { revision: current })}
      </p>
      {left.length > 0 && (
        <ul className="mt-1 divide-y divide-line">
          {left.map((thing, index) => (
            <li key={index} className="py-2 text-sm">
              <p className="text-muted">
                {thing.what === "invalid_index" ? t("jobs.left.invalidIndex") : thing.certain ? t("jobs.left.statement") : t("jobs.left.perhaps")}
                {thing.revision !== null && ` · ${thing.revision}`}
                {thing.line !== null && `:${thing.line}`}
              </p>
              <code className="block text-xs break-all whitespace-pre-wrap">{thing.text}</code>
              {thing.cleanup !== null && (
                <p className="mt-1 flex items-start gap-1">
                  <code className="min-w-0 flex-1 rounded bg-hover px-1.5 py-1 text-xs break-all">{thing.cleanup}</code>
                  <CopyButton text={thing.cleanup} label={t("jobs.left.copy")} />
                </p>
              )}
            </li>
          ))}
        </ul>
      )}
    </section>
  );
}
