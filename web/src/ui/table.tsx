import type { ReactNode } from "react";
import { cx } from "./cx";

interface TableProps {
  label: string;
  head: ReactNode[];
  /** Which columns hold numbers. */
  numbers?: number[];
  rows: { key: string; cells: ReactNode[] }[];
  className?: string;
}

/** A plain table of facts; wide ones scroll by themselves. */
export function Table({ label, head, numbers = [], rows, className }: TableProps) {
  return (
    <div tabIndex={0} role="region" aria-label={label} className={cx("overflow-x-auto outline-offset-[-2px]", className)}>
      <table className="w-full border-collapse text-sm">
        <thead>
          <tr className="border-b border-line text-left text-xs text-muted">
            {head.map((cell, at) => (
              <th key={at} scope="col" className={cx("h-7 px-2 font-normal whitespace-nowrap first:pl-4 last:pr-4", numbers.includes(at) && "text-right")}>
                {cell}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {rows.map((row) => (
            <tr key={row.key} className="border-b border-line align-top hover:bg-hover">
              {row.cells.map((cell, at) => (
                <td key={at} className={cx("px-2 py-1.5 first:pl-4 last:pr-4", numbers.includes(at) && "text-right whitespace-nowrap tabular-nums")}>
                  {cell}
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
