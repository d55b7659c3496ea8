import { describe, expect, it } from "vitest";
import { pairs } from "./comparison";

describe("lines of two texts side by side", () => {
  it("put what is alike beside each other, and what changed across", () => {
    expect(pairs("a\nb\nc", "a\nx\ny\nc")).toEqual([
      { left: "a", right: "a", same: true },
      { left: "b", right: "x", same: false },
      { left: null, right: "y", same: false },
      { left: "c", right: "c", same: true },
    ]);
  });

  it("stand alone where the other side has nothing", () => {
    expect(pairs("", "a").filter((pair) => pair.right !== null)).toEqual([expect.objectContaining({ right: "a", same: false })]);
  });

  it("end with two long texts that have nothing in common", () => {
    const text = (letter: string) => Array.from({ length: 20_000 }, (_, at) => `${letter}${at}`).join("\n");
    expect(pairs(text("a"), text("b")).length).toBeGreaterThanOrEqual(20_000);
  });
});
