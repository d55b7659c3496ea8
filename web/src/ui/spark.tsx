/** A small chart of one figure over time; what it says stands in words beside it and for whoever does not see it. */
import { useId } from "react";

export interface SparkPoint {
  /** Milliseconds since 1970. */
  at: number;
  /** Null: nothing is known of this moment, and the line has a gap. */
  value: number | null;
}

interface SparkProps {
  label: string;
  points: readonly SparkPoint[];
  /** The lower end of the scale; by default the least value. */
  from?: number;
  height?: number;
}

const WIDTH = 240;

export function Spark({ label, points, from, height = 44 }: SparkProps) {
  const gradient = useId();
  const known = points.flatMap((point) => (point.value === null ? [] : [point.value]));
  const low = from ?? Math.min(...known);
  const high = Math.max(...known);
  const first = points[0]?.at ?? 0;
  const span = (points.at(-1)?.at ?? 0) - first || 1;
  const x = (at: number) => ((at - first) / span) * WIDTH;
  const y = (value: number) => height - 2 - ((value - low) / (high - low || 1)) * (height - 4);
  const lines: string[] = [];
  let open: string[] = [];
  for (const { at, value } of points) {
    if (value === null) {
      if (open.length > 1) lines.push(open.join(" "));
      open = [];
    } else open.push(`${x(at).toFixed(1)},${y(value).toFixed(1)}`);
  }
  if (open.length > 1) lines.push(open.join(" "));
  return (
    <svg role="img" aria-label={label} viewBox={`0 0 ${WIDTH} ${height}`} preserveAspectRatio="none" className="block w-full" style={{ height }}>
      <defs>
        <linearGradient id={gradient} x1="0" y1="0" x2="0" y2="1">
          <stop offset="0" stopColor="var(--accent)" stopOpacity="0.25" />
          <stop offset="1" stopColor="var(--accent)" stopOpacity="0" />
        </linearGradient>
      </defs>
      <line x1="0" x2={WIDTH} y1={height - 0.5} y2={height - 0.5} stroke="var(--line)" vectorEffect="non-scaling-stroke" />
      {lines.map((line, at) => (
        <g key={at}>
          <polygon points={`${line.split(" ")[0]?.split(",")[0]},${height} ${line} ${line.split(" ").at(-1)?.split(",")[0]},${height}`} fill={`url(#${gradient})`} />
          <polyline points={line} fill="none" stroke="var(--accent)" strokeWidth="1.5" vectorEffect="non-scaling-stroke" strokeLinejoin="round" />
        </g>
      ))}
    </svg>
  );
}
