import { expect, test } from "vitest";
import { bodyOf, EMPTY, joinWords, nameFromUrl, slugFrom, splitWords } from "./values";

test("a name is guessed from every kind of git address", () => {
  expect(nameFromUrl("https://example.org/team/shop.git")).toBe("shop");
  expect(nameFromUrl("git@example.org:team/shop.git")).toBe("shop");
  expect(nameFromUrl("/srv/repos/shop/")).toBe("shop");
});

test("a slug holds only what the API accepts", () => {
  expect(slugFrom("Shop API (v2)")).toBe("shop-api-v2");
  expect(slugFrom("Магазин")).toBe("");
});

test("words of a command survive a round trip", () => {
  const words = ["flask", "--app", "my app", "db", "upgrade"];
  expect(splitWords(joinWords(words))).toEqual(words);
});

test("an address alone is enough for a project", () => {
  expect(bodyOf({ ...EMPTY, git_url: "https://example.org/shop.git" })).toMatchObject({
    name: "shop",
    slug: "shop",
    git_ref: "main",
    config_file: "alembic.ini",
    credential: null,
  });
});

test("a stored credential is not touched by saving other fields", () => {
  expect(bodyOf({ ...EMPTY, git_url: "x", credentialKind: "keep" })).not.toHaveProperty("credential");
  expect(bodyOf({ ...EMPTY, git_url: "x", credentialKind: "token", password: "p" }).credential).toEqual({
    username: null,
    password: "p",
  });
});
