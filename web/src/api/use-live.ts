/** This tab's live connection, for components. */
import { useEffect, useRef, useSyncExternalStore } from "react";
import { api, liveAddress, unwrap } from "./client";
import { Live, type LiveState, type Said, type Socket } from "./live";
import { asProblem } from "./problem";
import { accessToken, onSession } from "./tokens";

export const live = new Live({
  getTicket: async () => {
    if (accessToken() === null) return null;
    try {
      return (await unwrap(api.POST("/api/live/ticket"))).ticket;
    } catch (error) {
      if (asProblem(error).status === 401) return null;
      throw error;
    }
  },
  openSocket: () => new WebSocket(liveAddress()) as unknown as Socket,
});

addEventListener("online", live.check);
addEventListener("pageshow", live.check);
addEventListener("offline", live.drop);
document.addEventListener("visibilitychange", () => {
  if (!document.hidden) live.check();
});
// Whoever signs out hears nothing more; who signs in (again, perhaps over the same page) has another connection.
onSession((change) => {
  if (change === "in") live.resume();
  else live.drop();
});

export function useLiveState(): LiveState {
  return useSyncExternalStore(live.watch, () => live.state);
}

/** Hears what is said of a topic while the component is there; null listens to nothing. */
export function useTopic(topic: string | null, onSaid: (said: Said) => void): void {
  const newest = useRef(onSaid);
  useEffect(() => {
    newest.current = onSaid;
  });
  useEffect(() => {
    if (topic !== null) return live.subscribe(topic, { onSaid: (said) => newest.current(said) });
  }, [topic]);
}

/** For refetchInterval: a look now and then, and often only while nobody tells us what changes. */
export function lookByItself(): number {
  return live.state === "live" ? 60_000 : 5_000;
}
