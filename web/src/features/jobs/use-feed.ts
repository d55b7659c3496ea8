import { useQueryClient } from "@tanstack/react-query";
import { useEffect, useReducer, useRef, useState } from "react";
import type { Said } from "@/api/live";
import type { JobEvent } from "@/api/types";
import { live, useLiveState } from "@/api/use-live";
import { applyEvents, EMPTY_FEED, type Feed } from "./feed";
import { jobQuery } from "./queries";

export type Connection = "connecting" | "live" | "reconnecting" | "ended" | "refused";

/** A page that nobody sees is drawn this often, where a browser gives it no frames. */
const UNSEEN = 500;

/** Follows the stream of a job; the job's row goes where every other reader of it looks. */
export function useFeed(job: string): { feed: Feed; connection: Connection } {
  const client = useQueryClient();
  const state = useLiveState();
  const [over, setOver] = useState<"ended" | "refused" | null>(null);
  const feed = useRef<Feed>(EMPTY_FEED);
  const [, redraw] = useReducer((count: number) => count + 1, 0);

  useEffect(() => {
    feed.current = EMPTY_FEED;
    const topic = `job:${job}`;
    let waiting: JobEvent[] = [];
    let frame = 0;
    let timer: ReturnType<typeof setTimeout> | undefined;
    // Thousands of small batches become one drawing a frame.
    const take = () => {
      cancelAnimationFrame(frame);
      clearTimeout(timer);
      frame = 0;
      timer = undefined;
      feed.current = applyEvents(feed.current, waiting);
      waiting = [];
      redraw();
      if (feed.current.gap) live.again(topic);
    };
    const onSaid = (said: Said) => {
      switch (said.type) {
        case "events":
          waiting = waiting.concat(said.items);
          if (document.hidden) timer ??= setTimeout(take, UNSEEN);
          else frame ||= requestAnimationFrame(take);
          break;
        case "job":
          client.setQueryData(jobQuery(job).queryKey, said.job);
          break;
        case "end":
          take();
          setOver("ended");
          stop();
          break;
        case "refused":
          setOver("refused");
          stop();
          void client.invalidateQueries({ queryKey: jobQuery(job).queryKey });
      }
    };
    const stop = live.subscribe(topic, {
      onSaid,
      lastSeq: () => {
        if (waiting.length > 0) take();
        return feed.current.lastSeq;
      },
    });
    return () => {
      stop();
      cancelAnimationFrame(frame);
      clearTimeout(timer);
      setOver(null);
    };
  }, [job, client]);
  return { feed: feed.current, connection: over ?? (state === "idle" ? "connecting" : state) };
}
