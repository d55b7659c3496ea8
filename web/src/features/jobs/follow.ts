/** Follows a job over a WebSocket that may break at any moment; knows nothing of React. */
import type { Job, JobEvent } from "@/api/types";

export type Connection = "connecting" | "live" | "reconnecting" | "ended" | "refused";

type Message = { type: "events"; items: JobEvent[] } | { type: "job"; job: Job } | { type: "end" };

/** The part of WebSocket that is used; a test gives its own. */
export interface Socket {
  send: (text: string) => void;
  close: () => void;
  onopen: (() => void) | null;
  onmessage: ((event: { data: unknown }) => void) | null;
  onclose: ((event: { code: number }) => void) | null;
}

export interface Followed {
  getTicket: () => Promise<string>;
  /** Opens the stream after this number. */
  openSocket: (after: number) => Socket;
  /** The number of the last event taken: asked again at every connection. */
  lastSeq: () => number;
  /** Returns false at a gap: the connection is then made anew after lastSeq. */
  onEvents: (events: JobEvent[]) => boolean;
  onJob: (job: Job) => void;
  onConnection: (connection: Connection) => void;
  wait?: (milliseconds: number) => Promise<void>;
}

const FIRST_PAUSE = 400;
const LONGEST_PAUSE = 15_000;
/** The server's word that asking again would change nothing. */
const REFUSED = new Set([4403, 1008]);

function pause(milliseconds: number): Promise<void> {
  return new Promise((resolve) => {
    const done = () => {
      clearTimeout(timer);
      globalThis.removeEventListener("online", done);
      resolve();
    };
    const timer = setTimeout(done, milliseconds);
    // A machine that woke up does not wait out its pause.
    globalThis.addEventListener("online", done);
  });
}

/** Starts to follow; returns the way to stop. */
export function follow(followed: Followed): () => void {
  const wait = followed.wait ?? pause;
  const isStopped = () => stopped;
  let stopped = false;
  let ended = false;
  let socket: Socket | null = null;

  const connect = (): Promise<"again" | "over" | "refused"> =>
    new Promise((resolve) => {
      const after = followed.lastSeq();
      void followed.getTicket().then(
        (ticket) => {
          if (stopped) {
            resolve("over");
            return;
          }
          const own = followed.openSocket(after);
          socket = own;
          own.onopen = () => own.send(JSON.stringify({ ticket }));
          own.onmessage = ({ data }) => {
            if (stopped) return;
            const message = JSON.parse(String(data)) as Message;
            followed.onConnection("live");
            if (message.type === "job") followed.onJob(message.job);
            else if (message.type === "end") ended = true;
            else if (!followed.onEvents(message.items)) own.close();
          };
          own.onclose = ({ code }) => resolve(ended ? "over" : REFUSED.has(code) ? "refused" : "again");
        },
        () => resolve("again"),
      );
    });

  const run = async () => {
    let failures = 0;
    followed.onConnection("connecting");
    while (!stopped) {
      const before = followed.lastSeq();
      const result = await connect();
      if (isStopped()) return;
      if (result !== "again") {
        followed.onConnection(result === "over" ? "ended" : "refused");
        return;
      }
      followed.onConnection("reconnecting");
      failures = followed.lastSeq() > before ? 0 : failures + 1;
      const longest = Math.min(LONGEST_PAUSE, FIRST_PAUSE * 2 ** failures);
      await wait(longest * (0.5 + Math.random() / 2));
    }
  };
  void run();
  return () => {
    stopped = true;
    socket?.close();
  };
}
