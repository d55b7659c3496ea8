import { useMemo } from "react";
import { cx } from "./cx";
import { type Kind, tokenLines } from "./python";

const LOOK: Record<Kind, string | undefined> = {
  keyword: "text-(--syntax-keyword)",
  string: "text-(--syntax-string)",
  number: "text-(--syntax-number)",
  comment: "text-(--syntax-comment)",
  name: "text-(--syntax-name)",
  plain: undefined,
};

interface CodeProps {
  source: string;
  /** Number of the first line in its file. */
  from?: number;
  /** A file that is added: every line with its sign. */
  added?: boolean;
  /** A line to light. */
  lit?: number | null;
  /** A line that the reader asked for. */
  chosen?: number | null;
  label: string;
  className?: string;
}

export function Code({ source, from = 1, lit = null, chosen = null, added = false, label, className }: CodeProps) {
  const lines = useMemo(() => tokenLines(source.replace(/\n$/, "")), [source]);
  return (
    <div tabIndex={0} role="region" aria-label={label} className={cx("overflow-x-auto bg-code py-2 font-mono text-[12px] leading-[18px]", className)}>
      <div className="w-max min-w-full">
        {lines.map((tokens, index) => (
          <div key={index} data-line={from + index} className={cx("flex pr-4", lit === from + index ? "bg-running-soft" : chosen === from + index && "bg-selected", added && "border-l-2 border-applied")}>
            <span aria-hidden className="w-11 shrink-0 pr-3 text-right text-muted select-none">
              {from + index}
            </span>
            {added && (
              <span aria-hidden className="w-4 shrink-0 text-applied select-none">
                +
              </span>
            )}
            <code className="whitespace-pre">
              {tokens.map((token, at) => (
                <span key={at} className={LOOK[token.kind]}>
                  {token.text}
                </span>
              ))}
              {tokens.length === 0 && "\n"}
            </code>
          </div>
        ))}
      </div>
    </div>
  );
}
