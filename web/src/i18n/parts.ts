/** Texts that only some pages need: loaded with the page, before it is drawn, and again in another language. */
import type { Message } from "./messages";
import type { Locale } from "./index";

export type PartName = "databases" | "findings";
type Texts = Readonly<Record<string, Message>>;

const SOURCES: Record<PartName, Record<Locale, () => Promise<Texts>>> = {
  databases: {
    en: async () => (await import("./en/databases")).databases,
    ru: async () => (await import("./ru/databases")).databases,
  },
  findings: {
    en: async () => (await import("./en/findings")).findings,
    ru: async () => (await import("./ru/findings")).findings,
  },
};

const needed = new Set<PartName>();
const loaded: Record<Locale, Record<string, Message>> = { en: {}, ru: {} };
let present: Locale = "en";

async function loadParts(names: Iterable<PartName>, locale: Locale): Promise<void> {
  for (const name of names) Object.assign(loaded[locale], await SOURCES[name][locale]());
}

/** What a page says besides; waits until it is there in the language of the screens. */
export async function needPart(name: PartName): Promise<void> {
  needed.add(name);
  await loadParts([name], present);
}

/** From now on this is the language of the screens; waits for the texts of the pages that were opened. */
export async function partsIn(locale: Locale): Promise<Texts> {
  present = locale;
  await loadParts(needed, locale);
  return loaded[locale];
}
