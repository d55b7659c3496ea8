/** The language of the screens: the person's choice, else the browser's. */
import { createContext, Fragment, type ReactNode, useContext, useEffect, useMemo, useState } from "react";
import type { Key, Texts } from "./en";
import { formatters, type Formatters } from "./format";
import { choose, type Message, type NamesOf, split } from "./messages";
import { partsIn } from "./parts";
import { serverTranslator } from "./server";

export type Locale = "en" | "ru";
export const LOCALES: readonly Locale[] = ["en", "ru"];
export type { Key };

type Value = string | number;
type Parameters_<K extends Key, V> = [NamesOf<Texts[K]>] extends [never] ? [] : [Record<NamesOf<Texts[K]>, V>];

export type Translate = <K extends Key>(key: K, ...parameters: Parameters_<K, Value>) => string;
/** Like Translate, for sentences that hold markup. */
export type TranslateRich = <K extends Key>(key: K, ...parameters: Parameters_<K, ReactNode>) => ReactNode;

interface Language extends Formatters {
  locale: Locale;
  setLocale: (locale: Locale) => void;
  t: Translate;
  rich: TranslateRich;
  /** What the service itself said, in the reader's language as far as it is known. */
  said: (text: string) => string;
}

type Dictionary = Readonly<Record<Key, Message>>;

const STORED = "stillroom.locale";

export function isLocale(value: unknown): value is Locale {
  return value === "en" || value === "ru";
}

function firstLocale(): Locale {
  const stored = localStorage.getItem(STORED);
  if (isLocale(stored)) return stored;
  return navigator.languages.some((tag) => tag.toLowerCase().startsWith("ru")) ? "ru" : "en";
}

export function translator(locale: Locale, dictionary: Dictionary): Pick<Language, "t" | "rich"> {
  const rules = new Intl.PluralRules(locale);
  const numbers = new Intl.NumberFormat(locale);
  // A count is read, not copied: it gets the language's separators. Other numbers may be names.
  const shown = <V,>(values: Record<string, V> | undefined): Record<string, V | string> => {
    const count = values?.["count"];
    return typeof count === "number" ? { ...values, count: numbers.format(count) } : (values ?? {});
  };
  const text = (key: Key, values: Record<string, unknown> | undefined) =>
    choose(dictionary[key], rules, values?.["count"]);
  return {
    t: (key, ...parameters) => {
      const values = parameters[0] as Record<string, Value> | undefined;
      return split<Value>(text(key, values), shown(values)).join("");
    },
    rich: (key, ...parameters) => {
      const values = parameters[0] as Record<string, ReactNode> | undefined;
      return split<ReactNode>(text(key, values), shown(values)).map((part, index) => (
        <Fragment key={index}>{part}</Fragment>
      ));
    },
  };
}

interface Loaded {
  locale: Locale;
  dictionary: Dictionary;
  said: (text: string) => string;
}

/** `parts` grows as pages are opened. */
function whole(base: Readonly<Record<string, Message>>, parts: Readonly<Record<string, Message>>): Dictionary {
  return new Proxy(base, { get: (texts, key) => (Reflect.get(texts, key) as Message | undefined) ?? (Reflect.get(parts, key) as Message | undefined) });
}

const asItIs = (text: string) => text;

const Context = createContext<Language | null>(null);

/** Each language is loaded only by those who read it. */
async function load(locale: Locale): Promise<Loaded> {
  const [base, parts] = await Promise.all([locale === "en" ? import("./en").then(({ en }) => en) : import("./ru").then(({ ru }) => ru), partsIn(locale)]);
  return { locale, dictionary: whole(base, parts), said: asItIs };
}

/** Asked for as soon as this file runs, and not only when something is drawn. */
let early: { locale: Locale; loaded: Promise<Loaded> } | null = { locale: firstLocale(), loaded: load(firstLocale()) };
// A failed load is told where it is waited for.
early.loaded.catch(() => undefined);

/** The language as it is now: what was loaded early is good once. */
function loadOnce(locale: Locale): Promise<Loaded> {
  const found = early?.locale === locale ? early.loaded : load(locale);
  early = null;
  return found;
}

/** The service's sentences are many and seldom needed: they come after the page is drawn. */
async function loadSaid(locale: Locale): Promise<(text: string) => string> {
  if (locale === "en") return asItIs;
  const { server, nouns } = await import("./ru/server");
  return serverTranslator(server, nouns);
}

export function LanguageProvider({ children, locale: fixed }: { children: ReactNode; locale?: Locale }) {
  const [locale, setLocale] = useState<Locale>(() => fixed ?? firstLocale());
  const [loaded, setLoaded] = useState<Loaded | null>(null);

  useEffect(() => {
    let wanted = true;
    void loadOnce(locale).then(async (language) => {
      if (wanted) setLoaded(language);
      const said = await loadSaid(locale);
      if (wanted) setLoaded({ ...language, said });
    });
    return () => {
      wanted = false;
    };
  }, [locale]);

  const language = useMemo<Language | null>(() => {
    if (!loaded) return null;
    document.documentElement.lang = loaded.locale;
    return {
      locale: loaded.locale,
      said: loaded.said,
      setLocale: (next) => {
        localStorage.setItem(STORED, next);
        setLocale(next);
      },
      ...translator(loaded.locale, loaded.dictionary),
      ...formatters(loaded.locale),
    };
  }, [loaded]);

  return language && <Context.Provider value={language}>{children}</Context.Provider>;
}

export function useLanguage(): Language {
  const language = useContext(Context);
  if (!language) throw new Error("useLanguage outside of LanguageProvider");
  return language;
}
