import { expect, test } from "vitest";
import { sqlTokens } from "./sql";

const kinds = (source: string) => sqlTokens(source).filter((token) => token.text.trim()).map((token) => `${token.kind}:${token.text.trim()}`);

test("whatever goes in comes out again, in order", () => {
  for (const source of ["select 'it''s' -- \"x\"\nfrom \"a\"\"b\"", "do $x$ begin 'x; end $x$", "'never closed", "/* open", "\u202e<script>"])
    expect(sqlTokens(source).map((token) => token.text).join("")).toBe(source);
});

test("keywords, strings, quoted names, numbers and comments are told apart", () => {
  expect(kinds("SELECT 1 FROM \"T\" WHERE a = 'x' -- why")).toEqual([
    "keyword:SELECT",
    "number:1",
    "keyword:FROM",
    'name:"T"',
    "keyword:WHERE",
    "plain:a =",
    "string:'x'",
    "comment:-- why",
  ]);
});

test("a body between dollars is one string", () => {
  expect(kinds("as $f$ select 'x' $f$")).toEqual(["keyword:as", "string:$f$ select 'x' $f$"]);
});
