/** How answers are kept and asked for again; the one client of the page. */
import { MutationCache, QueryCache, QueryClient } from "@tanstack/react-query";
import { Problem } from "./problem";

declare module "@tanstack/react-query" {
  interface Register {
    queryMeta: {
      /** Its answer says whether the reader still has the place that the page is about. */
      place?: true;
    };
  }
}

/** Not oftener than this: a list that is refused every two seconds says nothing new. */
const PAUSE = 5_000;

/** What a second asking cannot change is not asked twice: refusals. Silence is. */
function worthRetry(failures: number, error: unknown): boolean {
  return failures < 2 && !(error instanceof Problem && error.status >= 400 && error.status < 500);
}

/** Strangers get 404, members without the permission 403. */
export function isRefusal(error: unknown): boolean {
  return error instanceof Problem && (error.status === 403 || error.status === 404);
}

export function createQueryClient(): QueryClient {
  let asked = 0;
  // Something was refused: the reader's role may have changed, so places and permissions are asked for anew.
  const ask = () => {
    if (Date.now() - asked < PAUSE) return;
    asked = Date.now();
    void client.invalidateQueries({ predicate: (query) => query.meta?.place === true });
  };
  const client = new QueryClient({
    queryCache: new QueryCache({
      onError: (error, query) => {
        if (isRefusal(error) && query.meta?.place !== true) ask();
      },
    }),
    mutationCache: new MutationCache({
      onError: (error) => {
        if (isRefusal(error)) ask();
      },
    }),
    defaultOptions: { queries: { retry: worthRetry, staleTime: 5_000, refetchOnWindowFocus: true } },
  });
  return client;
}
