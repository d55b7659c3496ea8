/** What may hurt, one thing after the other: how bad, what, why, how large, and what to do instead. */
import { ChevronRight } from "lucide-react";
import type { Finding } from "@/api/types";
import { useLanguage } from "@/i18n";
import { Chip } from "@/ui/chip";
import { Name } from "@/ui/name";
import { LevelChip } from "./level";
import { objectOf, useFindingTexts } from "./texts";

interface ListProps {
  /** Null: the file cannot be read. */
  findings: readonly Finding[] | null;
  /** Shows the line in the source, where there is one beside it. */
  onLine?: ((line: number) => void) | undefined;
}

export function FindingList({ findings, onLine }: ListProps) {
  const { t } = useLanguage();
  if (findings === null) return <p className="text-sm text-muted">{t("findings.unreadable")}</p>;
  if (findings.length === 0) return <p className="text-sm text-muted">{t("findings.none")}</p>;
  return (
    <ul aria-label={t("findings.checks")} className="flex flex-col gap-2.5">
      {findings.map((finding, at) => (
        <Item key={at} finding={finding} onLine={onLine} />
      ))}
    </ul>
  );
}

/** Signs of code in a sentence: `autocommit_block()`. */
function Sentence({ text }: { text: string }) {
  return text.split("`").map((part, at) =>
    at % 2 ? (
      <code key={at} className="text-xs">
        {part}
      </code>
    ) : (
      part
    ),
  );
}

function Item({ finding, onLine }: { finding: Finding; onLine: ListProps["onLine"] }) {
  const { t } = useLanguage();
  const texts = useFindingTexts();
  const { line, lock } = finding;
  const object = objectOf(finding);
  const size = texts.size(finding);
  return (
    <li className="text-sm">
      <div className="flex flex-wrap items-center gap-x-2 gap-y-1">
        <LevelChip level={finding.severity} />
        {object && <Name text={object} className="min-w-0 font-mono text-[12.5px] break-all whitespace-pre-wrap" />}
        {lock && (
          <Chip className="font-mono font-normal">
            <span className="sr-only">{t("findings.lock")} </span>
            {lock}
          </Chip>
        )}
        {line !== null &&
          (onLine ? (
            <button type="button" onClick={() => onLine(line)} title={t("findings.showLine")} className="shrink-0 text-xs text-accent-text tabular-nums hover:underline">
              {t("migrations.line", { line })}
            </button>
          ) : (
            <span className="shrink-0 text-xs text-muted tabular-nums">{t("migrations.line", { line })}</span>
          ))}
        {size && <span className="text-xs text-muted">{size}</span>}
      </div>
      <p className="mt-0.5 break-words">
        <Sentence text={texts.title(finding)} />
      </p>
      <details className="group">
        <summary className="inline-flex cursor-pointer list-none items-center gap-0.5 rounded text-xs text-muted hover:text-text">
          <ChevronRight aria-hidden className="size-3 group-open:rotate-90" />
          {t("findings.instead")}
        </summary>
        <p className="pl-3.5 break-words text-muted">
          <Sentence text={texts.fix(finding)} />
        </p>
      </details>
    </li>
  );
}
