/** A `stillroom` command in a process of its own, with a configuration folder of its own and no browser. */
import { type ChildProcessByStdio, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Readable } from "node:stream";
import { PYTHON } from "./python";

const OF_A_SCREEN = ["BROWSER", "DISPLAY", "WAYLAND_DISPLAY"];

export class Terminal {
  readonly #home = mkdtempSync(join(tmpdir(), "stillroom-terminal-"));
  readonly #url: string;
  #login: ChildProcessByStdio<null, Readable, Readable> | null = null;
  #said = "";

  constructor(url: string) {
    this.#url = url;
  }

  /** Begins `stillroom login --browser`; gives the address that it shows. */
  async login(): Promise<string> {
    const login = spawn(PYTHON, ["-m", "stillroom_cli", "login", "--browser", this.#url], { env: this.#environment(), stdio: ["ignore", "pipe", "pipe"] });
    this.#login = login;
    login.stdout.on("data", (text: Buffer) => (this.#said += text.toString()));
    return new Promise((resolve, reject) => {
      login.stderr.on("data", (text: Buffer) => {
        this.#said += text.toString();
        const shown = /Open (\S+)\n.*the code \S+\n/s.exec(this.#said)?.[1];
        if (shown) resolve(shown);
      });
      login.once("exit", () => reject(new Error(`it has ended: ${this.#said}`)));
    });
  }

  /** The exit code of the login, and all that it said. */
  async ended(): Promise<{ code: number | null; said: string }> {
    if (this.#login?.exitCode === null) await once(this.#login, "close");
    return { code: this.#login?.exitCode ?? null, said: this.#said };
  }

  /** What another command in the same terminal prints. */
  run(...words: string[]): string {
    const done = spawnSync(PYTHON, ["-m", "stillroom_cli", ...words], { encoding: "utf8", env: this.#environment() });
    return done.stdout + done.stderr;
  }

  close(): void {
    this.#login?.kill();
    rmSync(this.#home, { recursive: true });
  }

  #environment(): NodeJS.ProcessEnv {
    const kept = Object.entries(process.env).filter(([name]) => !name.startsWith("STILLROOM_") && !OF_A_SCREEN.includes(name));
    return { ...Object.fromEntries(kept), XDG_CONFIG_HOME: this.#home };
  }
}
