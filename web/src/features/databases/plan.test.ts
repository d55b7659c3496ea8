import { expect, test } from "vitest";
import { planNodes } from "./plan";

const PLAN = {
  Plan: {
    "Node Type": "Hash Join",
    "Join Type": "Left",
    "Hash Cond": "(a.id = b.id)",
    "Total Cost": 100,
    "Plan Rows": 10,
    "Actual Rows": 500,
    "Actual Loops": 1,
    "Actual Total Time": 10,
    "Shared Hit Blocks": 7,
    "Shared Read Blocks": 1,
    Plans: [
      { "Node Type": "Seq Scan", "Relation Name": "a", "Total Cost": 40, "Plan Rows": 500, "Actual Rows": 500, "Actual Loops": 1, "Actual Total Time": 6 },
      { "Node Type": "Index Scan", "Index Name": "b_id", "Total Cost": 1, "Plan Rows": 1, "Actual Rows": 1, "Actual Loops": 20, "Actual Total Time": 0.1 },
    ],
  },
};

test("each node has its own share of the time, and loops are counted", () => {
  const nodes = planNodes(PLAN);
  expect(nodes.map((node) => [node.depth, node.title, node.on, node.ms, Math.round(node.share * 100)])).toEqual([
    [0, "Left Hash Join", null, 10, 20],
    [1, "Seq Scan", "a", 6, 60],
    [1, "Index Scan", "b_id", 2, 20],
  ]);
  expect(nodes[2]?.rows).toBe(20);
});

test("an estimate that is ten times wrong is told, a near one is not", () => {
  expect(planNodes(PLAN).map((node) => node.off)).toEqual([50, null, null]);
});

test("an estimated plan goes by cost and knows no time", () => {
  const [join, scan] = planNodes({ Plan: { "Node Type": "Sort", "Total Cost": 100, "Plan Rows": 1, Plans: [{ "Node Type": "Seq Scan", "Total Cost": 75, "Plan Rows": 1 }] } });
  expect([join?.share, scan?.share, join?.ms, join?.rows]).toEqual([0.25, 0.75, null, null]);
  expect(planNodes({})).toEqual([]);
});
