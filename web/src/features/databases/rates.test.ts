import { describe, expect, it } from "vitest";
import { cacheShare, type Counted, series, transactionsPerSecond } from "./rates";

const at = (ms: number, commits: number, hits = 0, reads = 0): Counted => ({ at: ms, commits, rollbacks: 0, hits, reads });

describe("rates of counters", () => {
  it("are what was done in the time between", () => {
    expect(transactionsPerSecond(at(0, 10), at(2000, 30))).toBe(10);
    expect(transactionsPerSecond(undefined, at(2000, 30))).toBeNull();
  });

  it("are unknown where the server began to count anew, and at one moment twice", () => {
    expect(transactionsPerSecond(at(0, 100), at(1000, 5))).toBeNull();
    expect(transactionsPerSecond(at(1000, 1), at(1000, 5))).toBeNull();
    expect(cacheShare(at(0, 0, 100, 10), at(1000, 0, 5, 1))).toBeNull();
  });

  it("of the cache count what was asked for meanwhile, or since ever", () => {
    expect(cacheShare(at(0, 0, 100, 100), at(1000, 0, 190, 110))).toBe(0.9);
    expect(cacheShare(undefined, at(0, 0, 3, 1))).toBe(0.75);
    expect(cacheShare(at(0, 0, 5, 5), at(1000, 0, 5, 5))).toBeNull();
  });

  it("make a line with a gap where nothing is known", () => {
    expect(series([at(0, 0), at(1000, 10), at(2000, 2)], (one, before) => transactionsPerSecond(before, one)).map((point) => point.value)).toEqual([null, 10, null]);
  });
});
