import { expect, test } from "vitest";
import { assignLanes, isStraight, type Node } from "./lanes";

/** "c < b, a" is a revision c with the parents b and a; "~x" is a dependency. */
function graph(text: string): Node[] {
  return text
    .trim()
    .split("\n")
    .map((line) => {
      const [id = "", rest = ""] = line.split("<").map((part) => part.trim());
      const names = rest.split(",").map((name) => name.trim()).filter(Boolean);
      return {
        id,
        down: names.filter((name) => !name.startsWith("~")),
        depends_on: names.filter((name) => name.startsWith("~")).map((name) => name.slice(1)),
      };
    });
}

/** Every line that leaves a row at its lower edge enters the next one at its upper edge, and the other way round. */
function edgesMeet(nodes: Node[]): void {
  const { rows } = assignLanes(nodes);
  const below = (index: number) =>
    [...new Set(rows[index]?.segments.filter((s) => s.part !== "in").map((s) => `${s.lane}${s.dashed ? "~" : ""}`))].sort();
  const above = (index: number) =>
    [...new Set(rows[index]?.segments.filter((s) => s.part !== "out").map((s) => `${s.lane}${s.dashed ? "~" : ""}`))].sort();
  for (let index = 0; index + 1 < rows.length; index++) expect(below(index)).toEqual(above(index + 1));
  expect(above(0)).toEqual([]);
  expect(below(rows.length - 1)).toEqual([]);
}

test("a straight history is one straight lane of one colour", () => {
  const { rows, width } = assignLanes(graph("d < c\nc < b\nb < a\na"));
  expect(width).toBe(1);
  expect(rows.map((row) => [row.lane, row.colour])).toEqual([[0, 0], [0, 0], [0, 0], [0, 0]]);
  expect(rows.map(isStraight)).toEqual([false, true, true, false]);
});

test("a branch and its merge use a second lane and give it back", () => {
  const nodes = graph("e < d\nd < b, c\nc < a\nb < a\na");
  const { rows, width } = assignLanes(nodes);
  expect(width).toBe(2);
  expect(rows.map((row) => row.lane)).toEqual([0, 0, 1, 0, 0]);
  expect(rows[2]?.colour).not.toBe(rows[1]?.colour);
  edgesMeet(nodes);
});

test("two heads are two lanes that meet at the branch point", () => {
  const nodes = graph("c < a\nb < a\na");
  const { rows } = assignLanes(nodes);
  expect(rows.map((row) => row.lane)).toEqual([0, 1, 0]);
  expect(rows[2]?.segments.filter((segment) => segment.part === "in").map((segment) => segment.lane)).toEqual([0, 1]);
  edgesMeet(nodes);
});

test("several bases each end their own lane", () => {
  const nodes = graph("m < x, y\nx < p\ny < q\np\nq");
  expect(assignLanes(nodes).rows.map((row) => row.lane)).toEqual([0, 0, 1, 0, 1]);
  edgesMeet(nodes);
});

test("a lane that ended is used again", () => {
  const nodes = graph("z < y\ny\nb < a\na");
  expect(assignLanes(nodes)).toMatchObject({ width: 1 });
  expect(assignLanes(nodes).rows[2]?.colour).toBe(1);
});

test("a dependency is dashed and never continues as a branch", () => {
  const nodes = graph("c < b, ~x\nb < a\nx < w\na\nw");
  const { rows } = assignLanes(nodes);
  expect(rows[0]?.segments).toContainEqual({ part: "out", lane: 1, colour: 0, dashed: true });
  expect(rows[2]?.segments).toContainEqual({ part: "in", lane: 1, colour: 0, dashed: true });
  expect(rows[2]?.segments.filter((segment) => segment.part === "out").every((segment) => !segment.dashed)).toBe(true);
  edgesMeet(nodes);
});

test("a base with a dependency keeps the dashed line beside it", () => {
  const nodes = graph("b < ~a\na");
  expect(assignLanes(nodes).rows[0]?.segments).toEqual([{ part: "out", lane: 1, colour: 0, dashed: true }]);
  edgesMeet(nodes);
});

test("a parent that the code does not have is named and not waited for", () => {
  const nodes = graph("b < gone\na");
  const { rows, width } = assignLanes(nodes);
  expect(rows[0]?.missing).toEqual(["gone"]);
  expect(width).toBe(1);
  edgesMeet(nodes);
});

test("merges by the dozen stay narrow and every line arrives", () => {
  const nodes: Node[] = [];
  for (let round = 40; round > 0; round--) {
    const below = round > 1 ? [`m${round - 1}`] : ["base"];
    nodes.push({ id: `m${round}`, down: [`l${round}`, `r${round}`, `t${round}`], depends_on: [] });
    for (const side of ["l", "r", "t"]) nodes.push({ id: `${side}${round}`, down: below, depends_on: [] });
  }
  nodes.push({ id: "base", down: [], depends_on: [] });
  expect(assignLanes(nodes).width).toBe(3);
  edgesMeet(nodes);
});

test("each of ten thousand revisions is looked at a few times, however many there are", () => {
  let looks = 0;
  const counted = (node: object) =>
    new Proxy(node, {
      get: (target, name) => {
        looks += 1;
        return Reflect.get(target, name) as unknown;
      },
    });
  const nodes = Array.from({ length: 10_000 }, (_, index) => ({ id: String(index), down: index < 9_999 ? [String(index + 1)] : [], depends_on: [] }));
  expect(assignLanes(nodes.map(counted) as typeof nodes).width).toBe(1);
  expect(looks).toBeLessThan(10 * nodes.length);
});
