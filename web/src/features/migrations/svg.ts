/** The graph with its databases as one picture: for a design document, a review, an incident report. */
import type { Revision } from "@/api/types";
import { graphWidth, laneStep, linePath, MARGIN, ROW_HEIGHT } from "./graph-cell";
import type { Lanes } from "./lanes";
import { type CellState, cellOf, type EnvironmentStanding } from "./standing";

/** A colour by the name of its variable in the stylesheet: "bg", "lane-3". */
export type Palette = (name: string) => string;

interface Picture {
  title: string;
  revisions: readonly Revision[];
  lanes: Lanes;
  standings: readonly EnvironmentStanding[];
}

const HEAD = 44;
const TEXT = 560;
const COLUMN = 120;
const NONE = new Map();

function escaped(text: string): string {
  // What XML cannot hold at all goes first; a message may hold anything.
  // eslint-disable-next-line no-control-regex
  const clean = text.replace(/[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]/g, "\ufffd");
  return clean.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;").replaceAll('"', "&quot;");
}

function cut(text: string, most: number): string {
  const letters = Array.from(text);
  return letters.length > most ? `${letters.slice(0, most - 1).join("")}…` : text;
}

/** The shapes of the page: meaning never hangs on colour alone. */
function mark(state: CellState, x: number, y: number, colour: Palette): string {
  switch (state) {
    case "applied":
      return `<circle cx="${x}" cy="${y}" r="4" fill="${colour("applied")}"/>`;
    case "partial":
      return `<circle cx="${x}" cy="${y}" r="3.6" fill="none" stroke="${colour("pending")}" stroke-width="1.4"/><path d="M${x} ${y - 3.6}a3.6 3.6 0 0 1 0 7.2z" fill="${colour("pending")}"/>`;
    case "failed":
      return `<path d="M${x - 3} ${y - 3}l6 6M${x + 3} ${y - 3}l-6 6" stroke="${colour("failed")}" stroke-width="2" stroke-linecap="round"/>`;
    case "running":
      return `<circle cx="${x}" cy="${y}" r="3.6" fill="none" stroke="${colour("running")}" stroke-width="2"/>`;
    case "unknown":
      return `<circle cx="${x}" cy="${y}" r="1.4" fill="${colour("text-muted")}"/>`;
    default:
      return `<circle cx="${x}" cy="${y}" r="3.6" fill="none" stroke="${colour("pending")}" stroke-width="1.4" stroke-dasharray="2.2 1.57"/>`;
  }
}

export function graphSvg({ title, revisions, lanes, standings }: Picture, colour: Palette): string {
  const graph = graphWidth(lanes.width);
  const step = laneStep(lanes.width);
  const width = graph + TEXT + standings.length * COLUMN;
  const height = HEAD + revisions.length * ROW_HEIGHT;
  const out = [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}" font-family="Inter, system-ui, sans-serif" font-size="13">`,
    `<title>${escaped(title)}</title>`,
    `<rect width="${width}" height="${height}" fill="${colour("bg")}"/>`,
    `<g fill="${colour("text")}" font-weight="600"><text x="${MARGIN}" y="27">${escaped(title)}</text>`,
    ...standings.map((one, index) => `<text x="${graph + TEXT + index * COLUMN + 12}" y="27">${escaped(cut(one.environment.name, 14))}</text>`),
    "</g>",
  ];
  revisions.forEach((revision, index) => {
    const row = lanes.rows[index];
    if (!row) return;
    const top = HEAD + index * ROW_HEIGHT;
    const middle = ROW_HEIGHT / 2;
    const node = MARGIN + row.lane * step;
    const cells = standings.map((standing) => cellOf(standing, revision.id, NONE));
    const full = cells.length > 0 && cells.every((cell) => cell.state === "applied");
    out.push(`<g transform="translate(0 ${top})"><path d="M${graph} ${ROW_HEIGHT - 0.5}H${width}" stroke="${colour("line")}"/>`);
    for (const segment of row.segments)
      out.push(
        `<path d="${linePath(segment, node, step)}" fill="none" stroke="${colour(`lane-${segment.colour}`)}" stroke-width="2"${segment.dashed ? ' stroke-dasharray="2 3"' : ""}/>`,
      );
    if (row.missing.length > 0)
      out.push(`<path d="M${node} ${middle}V${ROW_HEIGHT - 1}M${node - 3} ${ROW_HEIGHT - 1}h6" stroke="${colour("failed")}" stroke-width="2" stroke-dasharray="2 2"/>`);
    const line = colour(`lane-${row.colour}`);
    out.push(
      `<circle cx="${node}" cy="${middle}" r="${Math.min(step / 2 + 1, 4)}" fill="${full ? line : colour("bg")}" stroke="${line}" stroke-width="2"/>`,
      `<text x="${graph}" y="19" font-family="JetBrains Mono, monospace" font-size="11" fill="${colour("text-muted")}">${escaped(revision.id.slice(0, 12))}</text>`,
      `<text x="${graph + 96}" y="19" fill="${colour("text")}">${escaped(cut([revision.message, ...revision.labels.map((label) => `[${label}]`)].join(" "), 48))}</text>`,
      `<text x="${graph + TEXT - 12}" y="19" font-size="11" text-anchor="end" fill="${colour("text-muted")}">${escaped(cut(revision.author ?? "", 20))}</text>`,
    );
    cells.forEach((cell, at) => {
      const x = graph + TEXT + at * COLUMN;
      out.push(mark(cell.state, x + 16, middle, colour));
      if (cell.headOf.length > 0)
        out.push(`<text x="${x + 28}" y="19" font-family="JetBrains Mono, monospace" font-size="10" font-weight="600" fill="${colour("text")}">HEAD</text>`);
    });
    out.push("</g>");
  });
  out.push("</svg>");
  return out.join("\n");
}

/** The colours as the page shows them now. */
export function paletteOfPage(): Palette {
  const style = getComputedStyle(document.documentElement);
  return (name) => style.getPropertyValue(`--${name}`).trim() || "#888";
}
