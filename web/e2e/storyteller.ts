/** A job of the stack under test that talks when the test wants it to; and the stack's processes. */
import { type ChildProcessWithoutNullStreams, spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import { createInterface, type Interface } from "node:readline";
import { fileURLToPath } from "node:url";

function given(name: string): string {
  const value = process.env[name];
  if (!value) throw new Error(`${name} is not set: run the browser tests with make test-browser.`);
  return value;
}

export class Storyteller {
  #process: ChildProcessWithoutNullStreams;
  #lines: Interface;
  #answers: AsyncIterator<string>;
  job = "";

  private constructor() {
    const tests = fileURLToPath(new URL("../../tests", import.meta.url));
    this.#process = spawn(given("STILLROOM_PYTHON"), ["-m", "stillroom_testing.storyteller"], { env: { ...process.env, PYTHONPATH: tests } });
    this.#process.stderr.pipe(process.stderr);
    this.#lines = createInterface(this.#process.stdout);
    this.#answers = this.#lines[Symbol.asyncIterator]();
  }

  static async begin(): Promise<Storyteller> {
    const made = new Storyteller();
    made.job = await made.#answer();
    return made;
  }

  async tell(count: number): Promise<void> {
    await this.#order(`tell ${count}`);
  }

  async store(count: number): Promise<void> {
    await this.#order(`store ${count}`);
  }

  async end(): Promise<void> {
    await this.#order("end");
    this.#process.stdin.end();
  }

  async #order(text: string): Promise<void> {
    this.#process.stdin.write(`${text}\n`);
    await this.#answer();
  }

  async #answer(): Promise<string> {
    const next = await this.#answers.next();
    if (next.done) throw new Error("the storyteller has left");
    return next.value;
  }
}

interface Launcher {
  processes: Record<string, { pid: number }>;
}

function apiProcess(): number {
  const { processes } = JSON.parse(readFileSync(`${given("STILLROOM_HOME")}/launcher.json`, "utf8")) as Launcher;
  return processes["api"]?.pid ?? 0;
}

/** Kills the api as an outage would; the launcher starts it again. Gives what waits until it has. */
export function killApi(): { isBack: () => boolean } {
  const former = apiProcess();
  process.kill(former, "SIGKILL");
  return { isBack: () => ![0, former].includes(apiProcess()) };
}
