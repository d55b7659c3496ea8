import { expect, test } from "vitest";
import type { Revision } from "@/api/types";
import { assignLanes } from "./lanes";
import { graphSvg } from "./svg";

const revision = (id: string, down: string[], message: string, depends_on: string[] = []): Revision => ({
  id, down, depends_on, labels: id === "c" ? ["billing"] : [], message, author: "Ann", date: null, commit: null, path: "",
  is_head: false, is_base: down.length === 0, is_merge: false, is_branch_point: false,
});

test("the picture is well-formed whatever a message holds, and shows every revision", () => {
  const revisions = [revision("c", ["b"], "<script>&\"\u0001", ["a"]), revision("b", [], "b"), revision("a", [], "a")];
  const svg = graphSvg({ title: "shop & more", revisions, lanes: assignLanes(revisions), standings: [] }, () => "#123456");
  const parsed = new DOMParser().parseFromString(svg, "image/svg+xml");
  expect(parsed.querySelector("parsererror")).toBeNull();
  expect(parsed.querySelector("script")).toBeNull();
  expect(parsed.querySelectorAll("circle")).toHaveLength(3);
  expect(svg).toContain("&lt;script&gt;&amp;");
  expect(svg).toContain("[billing]");
  expect(svg).not.toContain("\u0001");
});

test("a dependency is dashed in the picture as on the page", () => {
  const revisions = [revision("c", ["b"], "c", ["a"]), revision("b", [], "b"), revision("a", [], "a")];
  expect(graphSvg({ title: "t", revisions, lanes: assignLanes(revisions), standings: [] }, () => "#000")).toContain("stroke-dasharray");
});
