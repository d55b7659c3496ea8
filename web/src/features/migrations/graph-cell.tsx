import { memo } from "react";
import type { LaneRow, Segment } from "./lanes";

export const ROW_HEIGHT = 30;
const STEP = 15;
export const MARGIN = 12;
/** Beyond this many lanes they draw together rather than push the text away. */
const ROOMY = 9;

export function laneStep(lanes: number): number {
  return lanes <= ROOMY ? STEP : Math.max(5, (STEP * ROOMY) / lanes);
}

export function graphWidth(lanes: number): number {
  return Math.round(MARGIN * 2 + (Math.max(lanes, 1) - 1) * laneStep(lanes));
}

const x = (lane: number, step: number) => MARGIN + lane * step;

export function linePath(segment: Segment, node: number, step: number): string {
  const edge = x(segment.lane, step);
  const middle = ROW_HEIGHT / 2;
  if (segment.part === "through") return `M${edge} 0V${ROW_HEIGHT}`;
  const from = segment.part === "in" ? 0 : ROW_HEIGHT;
  if (edge === node) return `M${edge} ${from}V${middle}`;
  const near = segment.part === "in" ? middle * 0.75 : ROW_HEIGHT - middle * 0.75;
  return `M${edge} ${from}C${edge} ${near} ${node} ${near} ${node} ${middle}`;
}

interface GraphCellProps {
  row: LaneRow;
  lanes: number;
  /** Applied on every database: a filled node. */
  full: boolean;
  merge: boolean;
  /** Lines mean nothing between rows that a filter put together. */
  bare: boolean;
}

export const GraphCell = memo(function GraphCell({ row, lanes, full, merge, bare }: GraphCellProps) {
  const step = laneStep(lanes);
  const node = x(row.lane, step);
  const colour = `var(--lane-${row.colour})`;
  const radius = Math.min(step / 2 + 1, merge ? 4.6 : 4);
  return (
    <svg aria-hidden width={graphWidth(lanes)} height={ROW_HEIGHT} className="relative block shrink-0">
      {!bare &&
        row.segments.map((segment, index) => (
          <path
            key={index}
            d={linePath(segment, node, step)}
            fill="none"
            stroke={`var(--lane-${segment.colour})`}
            strokeWidth={2}
            strokeDasharray={segment.dashed ? "2 3" : undefined}
            opacity={segment.dashed ? 0.8 : 1}
          />
        ))}
      {!bare && row.missing.length > 0 && (
        <path d={`M${node} ${ROW_HEIGHT / 2}V${ROW_HEIGHT - 1}M${node - 3} ${ROW_HEIGHT - 1}h6`} stroke="var(--failed)" strokeWidth={2} strokeDasharray="2 2" />
      )}
      <circle cx={node} cy={ROW_HEIGHT / 2} r={radius} fill={full ? colour : "var(--bg)"} stroke={colour} strokeWidth={2} />
      {merge && full && <circle cx={node} cy={ROW_HEIGHT / 2} r={1.6} fill="var(--bg)" />}
    </svg>
  );
});

/** The lanes that go through folded rows, dotted: something is left out here. */
export function FoldCell({ row, lanes }: { row: LaneRow; lanes: number }) {
  const step = laneStep(lanes);
  const going = row.segments.filter((segment) => segment.part !== "in");
  return (
    <svg aria-hidden width={graphWidth(lanes)} height={ROW_HEIGHT} className="relative block shrink-0">
      {going.map((segment, index) => (
        <path
          key={index}
          d={`M${x(segment.lane, step)} 2V${ROW_HEIGHT}`}
          stroke={`var(--lane-${segment.colour})`}
          strokeWidth={2}
          strokeDasharray="2 4"
        />
      ))}
    </svg>
  );
}
