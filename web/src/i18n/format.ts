/** Times and durations as people read them. */
import type { Locale } from "./index";

export interface Formatters {
  /** "3 hours ago". */
  ago: (iso: string, now?: number) => string;
  /** "3 h": for narrow columns. */
  agoShort: (iso: string, now?: number) => string;
  /** The exact moment in the reader's zone. */
  exact: (iso: string) => string;
  /** "1.2 s", "3 m 04 s". */
  duration: (milliseconds: number) => string;
  number: (value: number) => string;
  /** "12 million", for what is only estimated. */
  about: (value: number) => string;
  /** "8 KB", "1.4 GB": powers of 1024, as PostgreSQL counts. */
  bytes: (value: number) => string;
}

const STEPS: [Intl.RelativeTimeFormatUnit, number][] = [
  ["year", 31_557_600],
  ["month", 2_629_800],
  ["week", 604_800],
  ["day", 86_400],
  ["hour", 3_600],
  ["minute", 60],
];

const SHORT: Record<Locale, Record<string, string>> = {
  en: { year: "y", month: "mo", week: "w", day: "d", hour: "h", minute: "min", now: "now" },
  ru: { year: "г.", month: "мес.", week: "нед.", day: "дн.", hour: "ч", minute: "мин", now: "сейчас" },
};

const UNITS: Record<Locale, { ms: string; s: string; m: string; h: string }> = {
  en: { ms: "ms", s: "s", m: "m", h: "h" },
  ru: { ms: "мс", s: "с", m: "мин", h: "ч" },
};

const SIZES: Record<Locale, readonly string[]> = {
  en: ["B", "KB", "MB", "GB", "TB"],
  ru: ["Б", "КБ", "МБ", "ГБ", "ТБ"],
};

function largest(seconds: number): [Intl.RelativeTimeFormatUnit, number] | null {
  for (const [unit, size] of STEPS) if (seconds >= size) return [unit, Math.floor(seconds / size)];
  return null;
}

export function formatters(locale: Locale): Formatters {
  const relative = new Intl.RelativeTimeFormat(locale, { numeric: "auto" });
  const moment = new Intl.DateTimeFormat(locale, { dateStyle: "long", timeStyle: "long" });
  const numbers = new Intl.NumberFormat(locale);
  const tenth = new Intl.NumberFormat(locale, { minimumFractionDigits: 1, maximumFractionDigits: 1 });
  const upToTenth = new Intl.NumberFormat(locale, { maximumFractionDigits: 1 });
  // "12 млн": spelled out, the Russian word would have to be declined.
  const rough = new Intl.NumberFormat(locale, { notation: "compact", compactDisplay: locale === "en" ? "long" : "short", maximumSignificantDigits: 2 });
  const units = UNITS[locale];
  const pad = (value: number) => String(value).padStart(2, "0");

  return {
    ago: (iso, now = Date.now()) => {
      const found = largest((now - Date.parse(iso)) / 1000);
      return found ? relative.format(-found[1], found[0]) : relative.format(0, "second");
    },
    agoShort: (iso, now = Date.now()) => {
      const found = largest((now - Date.parse(iso)) / 1000);
      const words = SHORT[locale];
      return found ? `${found[1]} ${words[found[0]] ?? found[0]}` : (words["now"] ?? "");
    },
    exact: (iso) => moment.format(new Date(iso)),
    duration: (milliseconds) => {
      if (milliseconds < 100) return `${milliseconds < 10 ? tenth.format(milliseconds) : Math.round(milliseconds)} ${units.ms}`;
      if (milliseconds < 60_000) return `${tenth.format(milliseconds / 1000)} ${units.s}`;
      const seconds = Math.round(milliseconds / 1000);
      if (seconds < 3_600) return `${Math.floor(seconds / 60)} ${units.m} ${pad(seconds % 60)} ${units.s}`;
      return `${Math.floor(seconds / 3_600)} ${units.h} ${pad(Math.floor((seconds % 3_600) / 60))} ${units.m}`;
    },
    number: (value) => numbers.format(value),
    about: (value) => rough.format(value),
    bytes: (value) => {
      const names = SIZES[locale];
      const power = value < 1024 ? 0 : Math.min(names.length - 1, Math.floor(Math.log2(value) / 10));
      const scaled = value / 1024 ** power;
      return `${scaled < 10 && power > 0 ? upToTenth.format(scaled) : numbers.format(Math.round(scaled))} ${names[power]}`;
    },
  };
}

/** A clock that counts: "0:07", "1:02:03". */
export function clock(milliseconds: number): string {
  const seconds = Math.max(0, Math.floor(milliseconds / 1000));
  const rest = String(seconds % 60).padStart(2, "0");
  const minutes = Math.floor(seconds / 60);
  if (minutes < 60) return `${minutes}:${rest}`;
  return `${Math.floor(minutes / 60)}:${String(minutes % 60).padStart(2, "0")}:${rest}`;
}

/** A line's place in the stream's time: "00:02.104". */
export function stamp(milliseconds: number): string {
  const whole = Math.max(0, milliseconds);
  const minutes = String(Math.floor(whole / 60_000)).padStart(2, "0");
  const seconds = String(Math.floor((whole % 60_000) / 1000)).padStart(2, "0");
  return `${minutes}:${seconds}.${String(Math.floor(whole % 1000)).padStart(3, "0")}`;
}
