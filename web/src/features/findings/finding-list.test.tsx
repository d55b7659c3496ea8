import { readFileSync } from "node:fs";
import { join } from "node:path";
import { render, screen } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { expect, test, vi } from "vitest";
import type { Finding } from "@/api/types";
import { LanguageProvider, type Locale } from "@/i18n";
import { findings as english } from "@/i18n/en/findings";
import { needPart } from "@/i18n/parts";
import { FindingList } from "./finding-list";

const RULES = readFileSync(join(import.meta.dirname, "../../../../services/core/stillroom_core/findings/rules.py"), "utf8");

const DROPPED: Finding = {
  code: "column_dropped",
  severity: "danger",
  title: "The service's own words.",
  fix: "",
  lock: "ACCESS EXCLUSIVE",
  rows: null,
  schema_name: "public",
  table: "orders",
  name: "note",
  line: 14,
  size: { rows: 12_300_000, bytes: 3_435_973_837 },
};

async function show(findings: Finding[] | null, locale: Locale = "en", onLine?: (line: number) => void) {
  await needPart("findings");
  render(
    <LanguageProvider locale={locale}>
      <FindingList findings={findings} onLine={onLine} />
    </LanguageProvider>,
  );
}

test("a finding says how bad, what, why, under which lock, how large and in which line", async () => {
  await show([DROPPED]);
  const item = await screen.findByRole("listitem");
  expect(item.textContent).toContain("danger");
  for (const part of ["public.orders.note", "ACCESS EXCLUSIVE", "about 12 million rows, 3.2 GB", "line 14", english["findings.title.column_dropped"], english["findings.fix.column_dropped"]])
    expect(item.textContent).toContain(part);
  expect(screen.queryByRole("button")).toBeNull();
});

test("in Russian sizes are rounded and declined as one says them", async () => {
  await show([DROPPED, { ...DROPPED, size: { rows: 21, bytes: null } }, { ...DROPPED, size: { rows: null, bytes: null } }], "ru");
  const said = (await screen.findAllByRole("listitem")).map((item) => item.textContent.replace(/\s/g, " "));
  expect(said[0]).toContain("около 12 млн строк, 3,2 ГБ");
  expect(said[1]).toContain("около 21 строки");
  expect(said[2]).not.toContain("около");
});

test("where a source stands beside it, a finding leads to its line", async () => {
  const onLine = vi.fn();
  await show([DROPPED], "en", onLine);
  await userEvent.click(await screen.findByRole("button", { name: "line 14" }));
  expect(onLine).toHaveBeenCalledWith(14);
});

test("nothing found and a file that cannot be read are said in a sentence", async () => {
  await show([]);
  expect(await screen.findByText("Nothing here is known to hurt.")).toBeTruthy();
  await show(null);
  expect(await screen.findByText(/cannot be read without running it/)).toBeTruthy();
});

test("a rule that this page does not know yet is told in the service's own words", async () => {
  await show([{ ...DROPPED, code: "from_the_future" as Finding["code"] }]);
  expect(await screen.findByText("The service's own words.")).toBeTruthy();
});

test("the English texts are the sentences of the rules", () => {
  // Python joins texts that stand side by side.
  const rules = RULES.replace(/"\s*\n\s*"/g, "");
  const said = [...rules.matchAll(/code=Code\.(\w+),[\s\S]*?title="([^"]*)",\s*fix="([^"]*)"/g)].flatMap(([, code = "", title, fix]) => [
    [`findings.title.${code.toLowerCase()}`, title],
    [`findings.fix.${code.toLowerCase()}`, fix],
  ]);
  expect(said.length).toBeGreaterThan(40);
  const ours = Object.entries(english).filter(([key]) => /^findings\.(title|fix)\./.test(key));
  expect(Object.fromEntries(ours)).toEqual(Object.fromEntries(said));
});
