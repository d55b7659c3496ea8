import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";

const UI = join(import.meta.dirname, "../../ui");
const page = readFileSync(join(import.meta.dirname, "components.tsx"), "utf8");

/** Not drawn by themselves. */
const PROVIDERS = ["TooltipProvider"];

/** What src/ui exports to be drawn, by file. */
const components = readdirSync(UI)
  .filter((name) => name.endsWith(".tsx") && !name.endsWith(".test.tsx"))
  .flatMap((name) => [...readFileSync(join(UI, name), "utf8").matchAll(/^export (?:function|const) ([A-Z]\w+)/gm)].map((match) => match[1] ?? ""));

test("every component of ui stands on the page that shows them", () => {
  expect(components.length).toBeGreaterThan(30);
  const missing = components.filter((name) => !PROVIDERS.includes(name) && !new RegExp(`<${name}[\\s>/]`).test(page));
  expect(missing).toEqual([]);
});

test("every look of a button, every mark, tone and kind of notice is shown", () => {
  const keysOf = (file: string, table: RegExp) => [...(table.exec(readFileSync(join(UI, file), "utf8"))?.[1] ?? "").matchAll(/^ {2}"?([\w-]+)"?:/gm)].map((match) => match[1] ?? "");
  const looks = keysOf("button.tsx", /const LOOK[^{]*\{([\s\S]*?)\n\}/);
  expect(looks.length).toBeGreaterThan(3);
  expect(looks.filter((look) => look !== "plain" && look !== "quiet" && !page.includes(`variant="${look}"`))).toEqual([]);
  const tones = keysOf("chip.tsx", /const TONES[^{]*\{([\s\S]*?)\n\}/);
  expect(tones.length).toBeGreaterThan(4);
  expect(tones.filter((tone) => tone !== "neutral" && !page.includes(`tone="${tone}"`))).toEqual([]);
});
