import { expect, test } from "vitest";
import { firstLoads } from "../e2e/first-load";

const MOST = 250;

test("no page loads more than 250 KB of JavaScript before it is drawn, in either language", () => {
  const loads = firstLoads();
  expect(loads.length).toBeGreaterThan(5);
  expect(loads.filter(({ english, russian }) => Math.max(english, russian) > MOST)).toEqual([]);
});
