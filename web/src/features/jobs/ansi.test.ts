import { expect, test } from "vitest";
import { partsOf, withoutCodes } from "./ansi";

test("colours and weight become parts in the page's own palette", () => {
  expect(partsOf("\u001b[31mred\u001b[0m plain \u001b[1;32mgood\u001b[22m still green\u001b[39m")).toEqual([
    { text: "red", look: "text-failed" },
    { text: " plain ", look: "" },
    { text: "good", look: "text-applied font-semibold" },
    { text: " still green", look: "text-applied" },
  ]);
});

test("256 colours and true colour take the nearest one, and what follows them is not lost", () => {
  expect(partsOf("\u001b[38;5;196ma\u001b[38;2;0;200;30mb\u001b[38;2;250;10;10;4mc")).toEqual([
    { text: "a", look: "text-failed" },
    { text: "b", look: "text-applied" },
    { text: "c", look: "text-failed underline" },
  ]);
});

test("nothing that commands a terminal is left, and plain text is one part", () => {
  expect(partsOf("a plain line")).toEqual([{ text: "a plain line", look: "" }]);
  expect(withoutCodes("\u001b]0;owned\u0007\u001b[2J\u001b[31mred\u001b[0m\u0000 \u009b5n")).toBe("red 5n");
  expect(partsOf("")).toEqual([]);
});
