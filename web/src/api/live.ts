/**
 * The one live connection of this tab: everything that changes while a page is open comes over it, by topics.
 * It breaks at any moment (sleep, offline, a restarted api) and mends itself; whoever subscribed is subscribed again.
 * docs/live.md describes the messages. Knows nothing of React.
 */
import type { Job, JobEvent } from "./types";

export type LiveState = "idle" | "connecting" | "live" | "reconnecting";

export type About = "jobs" | "databases" | "project" | "approvals";

/** What is said of a topic. */
export type Said =
  | { type: "subscribed" }
  | { type: "changed"; about: About[] }
  | { type: "events"; items: JobEvent[] }
  | { type: "job"; job: Job }
  | { type: "end" }
  | { type: "refused"; status: number; code: string };

type Message = ({ topic: string } & Said) | { type: "ready" } | { type: "pong" };

export interface Listener {
  onSaid: (said: Said) => void;
  /** Only of jobs: the number of the last event taken, asked at every subscribing. */
  lastSeq?: () => number;
}

/** The part of WebSocket that is used; a test gives its own. */
export interface Socket {
  send: (text: string) => void;
  close: () => void;
  onopen: (() => void) | null;
  onmessage: ((event: { data: unknown }) => void) | null;
  onclose: ((event: { code: number }) => void) | null;
}

export interface Outside {
  /** Null when the sign-in has ended. */
  getTicket: () => Promise<string | null>;
  openSocket: () => Socket;
}

const FIRST_PAUSE = 400;
const LONGEST_PAUSE = 15_000;
/** A browser cannot send the protocol's own pings; this is how a dead connection is found out. */
const BEAT = 5_000;
const QUIET = 15_000;
const PATIENCE = 6_000;

export class Live {
  #listeners = new Map<string, Set<Listener>>();
  #watchers = new Set<() => void>();
  #state: LiveState = "idle";
  #socket: Socket | null = null;
  #ready = false;
  #running = false;
  #endPause: (() => void) | null = null;
  #heard = 0;
  #pinged: number | null = null;

  constructor(readonly outside: Outside) {}

  get state(): LiveState {
    return this.#state;
  }

  /** Tells when the state changes; returns the way to stop. */
  watch = (watcher: () => void): (() => void) => {
    this.#watchers.add(watcher);
    return () => this.#watchers.delete(watcher);
  };

  /** Returns the way to unsubscribe. */
  subscribe(topic: string, listener: Listener): () => void {
    const listeners = this.#listeners.get(topic) ?? new Set();
    this.#listeners.set(topic, listeners.add(listener));
    if (this.#ready) this.#ask(topic);
    this.resume();
    return () => {
      listeners.delete(listener);
      if (listeners.size > 0 || this.#listeners.get(topic) !== listeners) return;
      this.#listeners.delete(topic);
      if (this.#ready) this.#send({ unsubscribe: topic });
    };
  }

  /** Asks for a topic anew: what was said of it has a hole. */
  again(topic: string): void {
    if (this.#ready) this.#ask(topic);
  }

  /** Somebody is signed in: whoever subscribed before is served. */
  resume = (): void => {
    if (!this.#running && this.#listeners.size > 0) void this.#run();
  };

  /** The machine woke up, or the network is back: find out now, not at the next beat. */
  check = (): void => {
    this.#endPause?.();
    if (this.#ready && this.#pinged === null) this.#ping();
  };

  /** The network is away; a socket would notice it minutes later. */
  drop = (): void => {
    this.#socket?.close();
    // A socket without a network does not finish closing by itself.
    this.#socket?.onclose?.({ code: 1006 });
  };

  async #run(): Promise<void> {
    this.#running = true;
    let failures = 0;
    this.#become("connecting");
    const beat = this.#startBeat();
    while (this.#listeners.size > 0) {
      const result = await this.#connect();
      if (result === "signed out") break;
      failures = result === "was live" ? 0 : failures + 1;
      if (this.#listeners.size === 0) break;
      this.#become("reconnecting");
      const longest = Math.min(LONGEST_PAUSE, FIRST_PAUSE * 2 ** failures);
      // Not in step with everybody else's tabs after a restart.
      await this.#pause(longest * (0.5 + Math.random() / 2));
    }
    clearInterval(beat);
    this.#running = false;
    this.#become("idle");
  }

  #connect(): Promise<"was live" | "failed" | "signed out"> {
    return new Promise((resolve) => {
      this.outside.getTicket().then(
        (ticket) => {
          if (ticket === null) {
            resolve("signed out");
            return;
          }
          const socket = this.outside.openSocket();
          this.#socket = socket;
          this.#heard = Date.now();
          this.#pinged = null;
          let live = false;
          socket.onopen = () => socket.send(JSON.stringify({ ticket }));
          socket.onmessage = ({ data }) => {
            this.#heard = Date.now();
            this.#pinged = null;
            const message = JSON.parse(String(data)) as Message;
            if (message.type === "ready") {
              live = this.#ready = true;
              this.#become("live");
              for (const topic of this.#listeners.keys()) this.#ask(topic);
            } else if (message.type !== "pong") {
              for (const listener of [...(this.#listeners.get(message.topic) ?? [])]) listener.onSaid(message);
            }
          };
          socket.onclose = () => {
            socket.onmessage = socket.onclose = null;
            if (this.#socket === socket) this.#socket = null;
            this.#ready = false;
            resolve(live ? "was live" : "failed");
          };
        },
        () => resolve("failed"),
      );
    });
  }

  #ask(topic: string): void {
    const known = [...(this.#listeners.get(topic) ?? [])].map((listener) => listener.lastSeq?.() ?? 0);
    this.#send({ subscribe: topic, after: Math.min(...known) });
  }

  #send(message: object): void {
    this.#socket?.send(JSON.stringify(message));
  }

  #ping(): void {
    this.#pinged = Date.now();
    this.#send({ ping: 1 });
    setTimeout(() => {
      if (this.#pinged !== null && Date.now() - this.#pinged >= PATIENCE) this.drop();
    }, PATIENCE);
  }

  #startBeat(): ReturnType<typeof setInterval> {
    let last = Date.now();
    return setInterval(() => {
      const now = Date.now();
      const slept = now - last > 2 * BEAT;
      last = now;
      if (slept) this.check();
      else if (this.#ready && this.#pinged === null && now - this.#heard > QUIET) this.#ping();
      // Nobody watches any more: a connection without topics is closed after a while, not at every change of page.
      if (this.#listeners.size === 0) this.drop();
    }, BEAT);
  }

  #pause(milliseconds: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(() => this.#endPause?.(), milliseconds);
      this.#endPause = () => {
        clearTimeout(timer);
        this.#endPause = null;
        resolve();
      };
    });
  }

  #become(state: LiveState): void {
    if (this.#state === state) return;
    this.#state = state;
    for (const watcher of this.#watchers) watcher();
  }
}
