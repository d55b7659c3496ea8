/** Everything that the screens may say, parts included; for tests. */
import { en as base } from "./en";
import { databases as databasesEn } from "./en/databases";
import { ru as baseRu } from "./ru";
import { databases as databasesRu } from "./ru/databases";

export const en = { ...base, ...databasesEn };
export const ru = { ...baseRu, ...databasesRu };
