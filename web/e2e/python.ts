/** The project's own Python, with what its tests share. */
import { execFileSync } from "node:child_process";
import { fileURLToPath } from "node:url";

export const PYTHON = fileURLToPath(new URL("../../.venv/bin/python", import.meta.url));
export const TESTS = fileURLToPath(new URL("../../tests", import.meta.url));

/** Runs it and gives what it printed. */
export function python(code: string, words: readonly string[] = [], input = ""): string {
  return execFileSync(PYTHON, ["-c", code, ...words], { encoding: "utf8", input, env: { ...process.env, PYTHONPATH: TESTS } }).trim();
}
