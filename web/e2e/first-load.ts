/** How much JavaScript a reader loads before the first page is drawn, by the manifest of the built web. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";

interface Part {
  file: string;
  isEntry?: boolean;
  imports?: string[];
}

const DIST = join(import.meta.dirname, "../dist/");

/** What readers of each language load besides; the service's own sentences come after the page is drawn. */
const ENGLISH = /^src\/i18n\/en\/index\.ts$/;
const RUSSIAN = /^src\/i18n\/ru\/index\.ts$/;
/** Pages that wait for texts of their own; see src/i18n/parts.ts. */
const PARTED: Readonly<Record<string, string>> = { databases: "databases", database: "databases", compare: "databases", components: "findings" };
const PAGE = /^src\/app\/pages\/([\w-]+)\.tsx$/;

export interface FirstLoad {
  page: string;
  /** Kilobytes of 1,000 bytes, as gzip -9 leaves them. */
  english: number;
  russian: number;
}

/** Every page that is opened first, the heaviest first; throws where the web was not built. */
export function firstLoads(): FirstLoad[] {
  const manifest = JSON.parse(readFileSync(`${DIST}.vite/manifest.json`, "utf8")) as Record<string, Part>;
  const sizes = new Map<string, number>();
  const size = (file: string): number => {
    const known = sizes.get(file) ?? gzipSync(readFileSync(DIST + file), { level: 9 }).length / 1000;
    sizes.set(file, known);
    return known;
  };
  /** The part and all that it imports before it runs. */
  const needed = (name: string, found = new Set<string>()): Set<string> => {
    const part = manifest[name];
    if (!part || found.has(part.file)) return found;
    found.add(part.file);
    for (const other of part.imports ?? []) needed(other, found);
    return found;
  };
  const names = Object.keys(manifest);
  const total = (wanted: string[]) => {
    const files = new Set<string>();
    for (const name of wanted) needed(name, files);
    return [...files].filter((file) => file.endsWith(".js")).reduce((sum, file) => sum + size(file), 0);
  };
  const entries = names.filter((name) => manifest[name]?.isEntry);
  const english = names.filter((name) => ENGLISH.test(name));
  const russian = names.filter((name) => RUSSIAN.test(name));
  if (english.length === 0 || russian.length === 0) throw new Error("The build has no file for each language any more.");
  return names
    .flatMap((name) => {
      const page = PAGE.exec(name)?.[1];
      if (!page) return [];
      const said = (locale: string) => names.filter((one) => one === `src/i18n/${locale}/${PARTED[page]}.ts`);
      return [{ page, english: total([...entries, ...english, ...said("en"), name]), russian: total([...entries, ...russian, ...said("ru"), name]) }];
    })
    .sort((one, other) => other.russian - one.russian);
}
