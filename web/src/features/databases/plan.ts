/** PostgreSQL's JSON of a plan as rows of a tree, with each node's own share of the time. */

export interface PlanNode {
  depth: number;
  /** What the node does, and on what. */
  title: string;
  on: string | null;
  detail: string[];
  cost: number;
  estimated: number;
  /** Null where the query was not run. */
  rows: number | null;
  ms: number | null;
  /** Without its children, as a share of the whole from 0 to 1; by cost where nothing was measured. */
  share: number;
  /** How many times the real number of rows is away from the estimate; null where it is near or unknown. */
  off: number | null;
  buffers: { hit: number; read: number } | null;
}

type Json = Record<string, unknown>;

const DETAILS = ["Index Cond", "Recheck Cond", "Hash Cond", "Merge Cond", "Join Filter", "Filter", "Sort Key", "Group Key"];
const OFF = 10;

function number(node: Json, name: string): number | null {
  const value = node[name];
  return typeof value === "number" ? value : null;
}

function text(node: Json, name: string): string | null {
  const value = node[name];
  return typeof value === "string" ? value : null;
}

function children(node: Json): Json[] {
  return Array.isArray(node["Plans"]) ? (node["Plans"] as Json[]) : [];
}

/** A node's numbers are told for one of its loops. */
function time(node: Json): number | null {
  const each = number(node, "Actual Total Time");
  return each === null ? null : each * (number(node, "Actual Loops") ?? 1);
}

function weight(node: Json): number {
  return time(node) ?? number(node, "Total Cost") ?? 0;
}

function offBy(estimated: number, real: number | null): number | null {
  if (real === null) return null;
  const [low, high] = [Math.max(1, Math.min(estimated, real)), Math.max(1, estimated, real)];
  return high / low >= OFF ? high / low : null;
}

export function planNodes(plan: Json): PlanNode[] {
  const root = plan["Plan"] as Json | undefined;
  if (!root) return [];
  const whole = Math.max(weight(root), 1e-9);
  const nodes: PlanNode[] = [];
  const visit = (node: Json, depth: number) => {
    const inner = children(node).reduce((sum, child) => sum + weight(child), 0);
    const loops = number(node, "Actual Loops") ?? 1;
    const each = number(node, "Actual Rows");
    const rows = each === null ? null : Math.round(each * loops);
    const estimated = number(node, "Plan Rows") ?? 0;
    const hit = number(node, "Shared Hit Blocks");
    const read = number(node, "Shared Read Blocks");
    nodes.push({
      depth,
      title: [text(node, "Join Type"), text(node, "Node Type")].filter((part) => part && part !== "Inner").join(" "),
      on: text(node, "Index Name") ?? text(node, "Relation Name") ?? text(node, "CTE Name"),
      detail: DETAILS.flatMap((name) => {
        const value = node[name];
        return typeof value === "string" ? [`${name}: ${value}`] : Array.isArray(value) ? [`${name}: ${value.join(", ")}`] : [];
      }),
      cost: number(node, "Total Cost") ?? 0,
      estimated,
      rows,
      ms: time(node),
      share: Math.max(0, Math.min(1, (weight(node) - inner) / whole)),
      off: offBy(estimated, each),
      buffers: hit === null || read === null ? null : { hit, read },
    });
    for (const child of children(node)) visit(child, depth + 1);
  };
  visit(root, 0);
  return nodes;
}
