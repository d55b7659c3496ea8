import { expect, test } from "vitest";
import { commitLink, fileLink } from "./host-link";

test.each([
  ["https://github.com/acme/shop.git", "https://github.com/acme/shop/commit/abc"],
  ["git@github.com:acme/shop.git", "https://github.com/acme/shop/commit/abc"],
  ["ssh://git@gitlab.example.com:2222/group/sub/shop.git", "https://gitlab.example.com/group/sub/shop/-/commit/abc"],
  ["https://git.example.com:8443/acme/shop", "https://git.example.com:8443/acme/shop/commit/abc"],
  ["https://codeberg.org/acme/shop", "https://codeberg.org/acme/shop/commit/abc"],
  ["git@bitbucket.org:acme/shop.git", "https://bitbucket.org/acme/shop/commits/abc"],
  ["https://code.example.com/group/sub/shop.git", "https://code.example.com/group/sub/shop/-/commit/abc"],
])("%s shows its commits at %s", (url, link) => {
  expect(commitLink(url, "abc")).toBe(link);
});

test("a password in the address never comes into a link", () => {
  expect(commitLink("https://ann:s3cret@github.com/acme/shop.git", "abc")).toBe("https://github.com/acme/shop/commit/abc");
});

test("a folder of this machine and an unknown host have no page", () => {
  expect(commitLink("/srv/git/shop", "abc")).toBeNull();
  expect(commitLink("file:///srv/git/shop", "abc")).toBeNull();
  expect(commitLink("https://example.com/acme/shop", "abc")).toBeNull();
  expect(commitLink("javascript:alert(1)//a/b", "abc")).toBeNull();
});

test("a file's name is spelled for an address", () => {
  expect(fileLink("git@github.com:acme/shop.git", "abc", "db/a b#1.py")).toBe("https://github.com/acme/shop/blob/abc/db/a%20b%231.py");
});
