/** Places boxes in layers along the keys; what has no key stands in rows below. */
import dagre from "@dagrejs/dagre";
import type { Box, Layout, Line, Placed } from "./diagram";

const GAP = 28;
const MARGIN = 16;

export function layOut(boxes: readonly Box[], lines: readonly Line[]): Layout {
  const tied = new Set(lines.filter((line) => line.from !== line.to).flatMap((line) => [line.from, line.to]));
  const graph = new dagre.graphlib.Graph({ multigraph: true });
  graph.setGraph({ rankdir: "LR", nodesep: GAP, ranksep: GAP * 2.5, marginx: MARGIN, marginy: MARGIN });
  graph.setDefaultEdgeLabel(() => ({}));
  for (const box of boxes) if (tied.has(box.id)) graph.setNode(box.id, { width: box.width, height: box.height });
  for (const line of lines) if (line.from !== line.to) graph.setEdge(line.from, line.to, {}, line.id);
  const places: Record<string, Placed> = {};
  const routes: Record<string, Placed[]> = {};
  let [width, height] = [0, 0];
  if (tied.size > 0) {
    dagre.layout(graph);
    for (const box of boxes) {
      if (!tied.has(box.id)) continue;
      const node = graph.node(box.id) as { x: number; y: number };
      places[box.id] = { x: node.x - box.width / 2, y: node.y - box.height / 2 };
      width = Math.max(width, node.x + box.width / 2 + MARGIN);
      height = Math.max(height, node.y + box.height / 2 + MARGIN);
    }
    for (const line of lines) if (line.from !== line.to) routes[line.id] = (graph.edge(line.from, line.to, line.id) as { points: Placed[] }).points;
  }
  // Rows of those that stand alone, as wide as the rest or as a square of them.
  const alone = boxes.filter((box) => !tied.has(box.id));
  const area = alone.reduce((sum, box) => sum + (box.width + GAP) * (box.height + GAP), 0);
  const most = Math.max(width, Math.sqrt(area) * 1.4, 400);
  let [x, y, row] = [MARGIN, height + (height > 0 ? GAP : MARGIN), 0];
  for (const box of alone) {
    if (x > MARGIN && x + box.width > most) [x, y, row] = [MARGIN, y + row + GAP, 0];
    places[box.id] = { x, y };
    x += box.width + GAP;
    row = Math.max(row, box.height);
    width = Math.max(width, x);
    height = Math.max(height, y + box.height + MARGIN);
  }
  return { width, height, places, lines: routes };
}
