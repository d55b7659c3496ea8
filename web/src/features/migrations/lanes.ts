/** Which column of the graph each revision stands in, and what is drawn through its row. */

export interface Node {
  id: string;
  down: readonly string[];
  depends_on: readonly string[];
}

/** A line through one row, from its upper edge, its middle or to its lower edge. */
export interface Segment {
  /** through: edge to edge; in: upper edge to the node; out: node to lower edge. */
  part: "through" | "in" | "out";
  /** Lane at the edge (for through: both edges, lanes never move). */
  lane: number;
  colour: number;
  /** A depends_on, not a down_revision. */
  dashed: boolean;
}

export interface LaneRow {
  lane: number;
  colour: number;
  segments: Segment[];
  /** Parents that no revision of this code has: drawn as a broken line. */
  missing: string[];
}

export interface Lanes {
  rows: LaneRow[];
  /** How many lanes are in use at once, at most. */
  width: number;
}

interface Line {
  /** The revision that this line goes down to. */
  to: string;
  colour: number;
  dashed: boolean;
}

export const COLOURS = 8;

function firstFree(lines: (Line | null)[]): number {
  const free = lines.indexOf(null);
  return free === -1 ? lines.length : free;
}

/**
 * Children come before their parents in `nodes`. A revision continues the leftmost line that waits for it;
 * its first parent continues the revision's own lane, every other parent joins the line that waits for
 * that parent already or opens a lane of its own. Lanes never move sideways, so a straight history
 * stays a straight line. Revisions outside `nodes` are never waited for.
 */
export function assignLanes(nodes: readonly Node[]): Lanes {
  const known = new Set(nodes.map((node) => node.id));
  const lines: (Line | null)[] = [];
  const rows: LaneRow[] = [];
  let nextColour = 0;
  let width = 0;
  const freshColour = () => nextColour++ % COLOURS;

  for (const node of nodes) {
    const segments: Segment[] = [];
    const waiting: number[] = [];
    lines.forEach((line, lane) => {
      if (!line) return;
      if (line.to === node.id) {
        waiting.push(lane);
        segments.push({ part: "in", lane, colour: line.colour, dashed: line.dashed });
      } else segments.push({ part: "through", lane, colour: line.colour, dashed: line.dashed });
    });

    // A dashed line ends here but does not hand on its lane: a dependency is not the same branch.
    const solid = waiting.find((lane) => !lines[lane]?.dashed);
    for (const lane of waiting) if (lane !== solid) lines[lane] = null;
    const own = solid ?? firstFree(lines);
    const colour = solid === undefined ? freshColour() : (lines[solid]?.colour ?? 0);
    lines[own] = null;

    const open = (to: string, lane: number, lineColour: number, dashed: boolean) => {
      lines[lane] = { to, colour: lineColour, dashed };
      segments.push({ part: "out", lane, colour: lineColour, dashed });
    };

    const parents = node.down.filter((id) => known.has(id));
    const [first, ...others] = parents;
    if (first !== undefined) open(first, own, colour, false);
    for (const parent of others) {
      const present = lines.findIndex((line) => line?.to === parent && !line.dashed);
      if (present !== -1) segments.push({ part: "out", lane: present, colour: lines[present]?.colour ?? colour, dashed: false });
      else open(parent, firstFree(lines), freshColour(), false);
    }
    for (const dependency of node.depends_on.filter((id) => known.has(id) && !parents.includes(id))) {
      const present = lines.findIndex((line) => line?.to === dependency && line.dashed);
      if (present !== -1) segments.push({ part: "out", lane: present, colour: lines[present]?.colour ?? colour, dashed: true });
      // With no parent the own lane is free here, yet the dependency must not look like one.
      else open(dependency, first === undefined ? Math.max(own + 1, firstFree(lines)) : firstFree(lines), colour, true);
    }

    for (let lane = 0; lane < lines.length; lane++) lines[lane] ??= null;
    while (lines.length > 0 && lines.at(-1) === null) lines.pop();
    width = Math.max(width, lines.length, own + 1);
    rows.push({ lane: own, colour, segments, missing: node.down.filter((id) => !known.has(id)) });
  }
  return { rows, width };
}

/** A row that only continues straight lines: folding it hides nothing about the shape. */
export function isStraight(row: LaneRow): boolean {
  return (
    row.missing.length === 0 &&
    row.segments.every((segment) => segment.part === "through" || segment.lane === row.lane) &&
    row.segments.filter((segment) => segment.part === "in").length === 1 &&
    row.segments.filter((segment) => segment.part === "out").length === 1
  );
}
