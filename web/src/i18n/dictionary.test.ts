import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import type { Key } from "./en";
import { type Message, parametersOf } from "./messages";
import { en, ru } from "./whole";

const SOURCE = join(import.meta.dirname, "..");

function sources(folder: string): string[] {
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) return path.includes(join("i18n", "en")) || path.includes(join("i18n", "ru")) ? [] : sources(path);
    return /\.tsx?$/.test(entry.name) && !/\.(test|gen)\.tsx?$/.test(entry.name) ? [path] : [];
  });
}

const code = sources(SOURCE).map((path) => readFileSync(path, "utf8")).join("\n");
const keys = Object.keys(en) as Key[];
const forms = (message: Message): string[] => (typeof message === "string" ? [message] : Object.values(message) as string[]);
const parameters = (message: Message) => [...new Set(forms(message).flatMap(parametersOf))].sort();

test("both languages have the same keys", () => {
  expect(Object.keys(ru).sort()).toEqual([...keys].sort());
});

test("each text asks for the same parameters in both languages", () => {
  for (const key of keys) expect([key, parameters(ru[key])]).toEqual([key, parameters(en[key])]);
});

test("every plural has all the forms of its language, and each form names the count's parameters", () => {
  for (const key of keys) {
    const [english, russian]: [Message, Message] = [en[key], ru[key]];
    if (typeof english === "string") continue;
    expect([key, Object.keys(english).sort()]).toEqual([key, ["one", "other"]]);
    expect([key, typeof russian === "string" ? [] : Object.keys(russian).sort()]).toEqual([key, ["few", "many", "one", "other"]]);
    for (const message of [english, russian])
      for (const form of forms(message)) expect([key, parametersOf(form).length]).toEqual([key, parameters(message).length]);
  }
});

/** Keys that the code builds: `jobs.state.${state}` stands for all that begin so. */
const built = [...code.matchAll(/`((?:[a-z][\w]*\.)+)\$\{/gi)].map((match) => match[1] ?? "");

test("every text is used somewhere", () => {
  const unused = keys.filter((key) => !code.includes(`"${key}"`) && !built.some((start) => key.startsWith(start)));
  expect(unused).toEqual([]);
});

test("no text of the dictionary is empty, and Russian is not left in English", () => {
  const same = keys.filter((key) => {
    const [english, russian]: [Message, Message] = [en[key], ru[key]];
    return forms(russian).some((form) => form.trim() === "") || (typeof english === "string" && english === russian && /[a-z]{3}/i.test(english.replace(/\{\w+\}/g, "")));
  });
  expect(same).toEqual([]);
});

test("words on the screen come from the dictionary", () => {
  const pages = sources(SOURCE).filter((path) => path.endsWith(".tsx") && !path.endsWith(join("pages", "components.tsx")));
  const bare = pages.flatMap((path) =>
    [...readFileSync(path, "utf8").matchAll(/>\s*([A-Z][a-z]+(?: [a-z]+)+)\s*</g)].map((match) => `${path}: ${match[1] ?? ""}`),
  );
  expect(bare).toEqual([]);
});
