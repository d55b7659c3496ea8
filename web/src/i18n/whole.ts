/** Everything that the screens may say, parts included; for tests. */
import { en as base } from "./en";
import { databases as databasesEn } from "./en/databases";
import { findings as findingsEn } from "./en/findings";
import { ru as baseRu } from "./ru";
import { databases as databasesRu } from "./ru/databases";
import { findings as findingsRu } from "./ru/findings";

export const en = { ...base, ...databasesEn, ...findingsEn };
export const ru = { ...baseRu, ...databasesRu, ...findingsRu };
