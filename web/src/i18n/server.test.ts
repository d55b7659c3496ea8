import { expect, test } from "vitest";
import { nouns, server } from "./ru/server";
import { serverTranslator } from "./server";
import sentences from "./server-texts.gen.json";

const PLACE = /\{\d\}/g;
const said = serverTranslator(server, nouns);

test("every sentence of the service has a Russian one, and no other has", () => {
  expect(Object.keys(server).sort()).toEqual([...sentences].sort());
});

test("a Russian sentence takes what the service puts in, each thing once at least", () => {
  const places = (text: string) => [...new Set(text.match(PLACE))].sort();
  for (const [key, text] of Object.entries(server)) expect([key, places(text)]).toEqual([key, places(key)]);
});

test("what the service puts into a sentence stands in the Russian one", () => {
  expect(said("Job #12 is running there.")).toBe("Там идёт задание №12.");
  expect(said("The commit moved from 0a1b to 2c3d.")).toBe("Коммит сменился с 0a1b на 2c3d.");
  expect(said("This environment does not exist, or you have no access to it.")).toBe("Этого нет, или у вас нет доступа: окружение.");
});

test("a name with signs of a pattern is only a name", () => {
  expect(said("The secret $1.*(x is no pattern) has no value.")).toBe("У секрета $1.*(x is no pattern) нет значения.");
});

test("joined sentences are translated one by one", () => {
  expect(said("The plan is too old. Candidates: a1, b2.")).toBe("План слишком старый. Подходят: a1, b2.");
});

test("the words of PostgreSQL, git and projects stay as they are", () => {
  for (const words of ['relation "shop" does not exist', "fatal: not a git repository", "", "Что-то"]) expect(said(words)).toBe(words);
});
