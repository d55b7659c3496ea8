import { expect, test } from "vitest";
import { clock, formatters, stamp } from "./format";
import { translator } from "./index";
import { en, ru } from "./whole";

test("Russian counts in its own forms", () => {
  const { t } = translator("ru", ru);
  const say = (count: number) => t("migrations.revisions", { count });
  expect([1, 2, 5, 11, 21, 22, 112].map(say)).toEqual([
    "1 ревизия", "2 ревизии", "5 ревизий", "11 ревизий", "21 ревизия", "22 ревизии", "112 ревизий",
  ]);
});

test("English counts in two forms", () => {
  const { t } = translator("en", en);
  expect([1, 2].map((count) => t("migrations.revisions", { count }))).toEqual(["1 revision", "2 revisions"]);
});

test("a count is written with the language's separators, and chooses its form as a number", () => {
  expect(translator("en", en).t("migrations.revisions", { count: 10_000 })).toBe("10,000 revisions");
  expect(translator("ru", ru).t("migrations.revisions", { count: 10_001 }).replace(/\s/g, " ")).toBe("10 001 ревизия");
});

test("durations are short and exact enough", () => {
  const { duration } = formatters("en");
  expect([0.4, 42, 1234, 59_940, 184_000, 7_500_000].map(duration)).toEqual(["0.4 ms", "42 ms", "1.2 s", "59.9 s", "3 m 04 s", "2 h 05 m"]);
  expect(formatters("ru").duration(1234)).toBe("1,2 с");
});

test("moments are relative", () => {
  const now = Date.parse("2026-01-02T12:00:00Z");
  const { ago, agoShort } = formatters("en");
  expect(ago("2026-01-02T09:00:00Z", now)).toBe("3 hours ago");
  expect(agoShort("2026-01-02T11:59:50Z", now)).toBe("now");
  expect(formatters("ru").ago("2026-01-01T12:00:00Z", now)).toBe("вчера");
});

test("clocks count up", () => {
  expect([7_000, 61_000, 3_723_000].map(clock)).toEqual(["0:07", "1:01", "1:02:03"]);
  expect(stamp(2_104)).toBe("00:02.104");
});
