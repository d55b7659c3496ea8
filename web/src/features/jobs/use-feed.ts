import { useQueryClient } from "@tanstack/react-query";
import { useEffect, useReducer, useRef, useState } from "react";
import { api, streamAddress, unwrap } from "@/api/client";
import type { JobEvent } from "@/api/types";
import { applyEvents, EMPTY_FEED, type Feed } from "./feed";
import { type Connection, follow, type Socket } from "./follow";
import { jobQuery } from "./queries";

/** Follows the stream of a job; the job's row goes where every other reader of it looks. */
export function useFeed(job: string): { feed: Feed; connection: Connection } {
  const client = useQueryClient();
  const [connection, setConnection] = useState<Connection>("connecting");
  const feed = useRef<Feed>(EMPTY_FEED);
  const [, redraw] = useReducer((count: number) => count + 1, 0);

  useEffect(() => {
    feed.current = EMPTY_FEED;
    let frame = 0;
    // Thousands of small batches become one drawing a frame.
    const draw = () => {
      frame ||= requestAnimationFrame(() => {
        frame = 0;
        redraw();
      });
    };
    const stop = follow({
      getTicket: async () => (await unwrap(api.POST("/api/jobs/{job}/ticket", { params: { path: { job } } }))).ticket,
      openSocket: (after) => new WebSocket(streamAddress(job, after)) as unknown as Socket,
      lastSeq: () => feed.current.lastSeq,
      onEvents: (events: JobEvent[]) => {
        feed.current = applyEvents(feed.current, events);
        draw();
        return !feed.current.gap;
      },
      onJob: (fresh) => {
        client.setQueryData(jobQuery(job).queryKey, fresh);
        if (fresh.finished_at) {
          void client.invalidateQueries({ queryKey: ["current"] });
          void client.invalidateQueries({ queryKey: ["jobs"] });
        }
      },
      onConnection: setConnection,
    });
    return () => {
      stop();
      cancelAnimationFrame(frame);
    };
  }, [job, client]);
  return { feed: feed.current, connection };
}
