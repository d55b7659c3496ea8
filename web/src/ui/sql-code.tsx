import { useMemo } from "react";
import { CopyButton } from "./copy-button";
import { cx } from "./cx";
import { type SqlKind, sqlTokens } from "./sql";

const LOOK: Record<SqlKind, string | undefined> = {
  keyword: "text-(--syntax-keyword)",
  string: "text-(--syntax-string)",
  number: "text-(--syntax-number)",
  comment: "text-(--syntax-comment)",
  name: "text-(--syntax-name)",
  plain: undefined,
};

/** Past so much, colouring costs more than it tells. */
const COLOURED = 100_000;

export function SqlCode({ source, label, className }: { source: string; label: string; className?: string }) {
  const tokens = useMemo(() => (source.length > COLOURED ? [{ kind: "plain" as const, text: source }] : sqlTokens(source)), [source]);
  return (
    <div className={cx("relative", className)}>
      <div className="absolute top-1.5 right-2 z-10">
        <CopyButton text={source} label={label} />
      </div>
      <pre tabIndex={0} role="region" aria-label={label} className="overflow-x-auto bg-code px-4 py-3 font-mono text-[12px] leading-[18px]">
        <code>
          {tokens.map((token, at) => (
            <span key={at} className={LOOK[token.kind]}>
              {token.text}
            </span>
          ))}
        </code>
      </pre>
    </div>
  );
}
