import { expect, test } from "vitest";
import { tokenize, tokenLines } from "./python";

const SOURCE = `@op.batch
def upgrade() -> None:
    """Adds a column.

    With # no comment inside."""
    op.execute('it\\'s %s', f"x{1}")  # why
    n = 0xff + 1_000.5
`;

test("no character is lost or invented", () => {
  expect(
    tokenize(SOURCE)
      .map((token) => token.text)
      .join(""),
  ).toBe(SOURCE);
});

test("keywords, strings, comments, numbers and calls are told apart", () => {
  const of = (kind: string) =>
    tokenize(SOURCE)
      .filter((token) => token.kind === kind)
      .map((token) => token.text);
  expect(of("keyword")).toEqual(["def", "None"]);
  expect(of("comment")).toEqual(["# why"]);
  expect(of("number")).toEqual(["0xff", "1_000.5"]);
  expect(of("name")).toEqual(["@op.batch", "upgrade", "execute"]);
  expect(of("string")[1]).toBe("'it\\'s %s'");
});

test("a string over several lines keeps its kind on each of them", () => {
  const lines = tokenLines(SOURCE);
  expect(lines).toHaveLength(SOURCE.split("\n").length);
  expect(lines[4]).toEqual([{ kind: "string", text: '    With # no comment inside."""' }]);
});

test("an open string ends with the text instead of hanging", () => {
  expect(tokenize('x = """never closed').at(-1)).toEqual({ kind: "string", text: '"""never closed' });
});
