import { QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { RouterProvider } from "react-router";
import { Problem } from "@/api/problem";
import { LanguageProvider } from "@/i18n";
import { TooltipProvider } from "@/ui/tooltip";
import { createRouter } from "./router";

/** What a second asking cannot change is not asked twice: refusals. Silence is. */
function worthRetry(failures: number, error: unknown): boolean {
  return failures < 2 && !(error instanceof Problem && error.status >= 400 && error.status < 500);
}

const router = createRouter();

const client = new QueryClient({
  defaultOptions: { queries: { retry: worthRetry, staleTime: 5_000, refetchOnWindowFocus: true } },
});

export function App() {
  return (
    <QueryClientProvider client={client}>
      <LanguageProvider>
        <TooltipProvider>
          <RouterProvider router={router} />
        </TooltipProvider>
      </LanguageProvider>
    </QueryClientProvider>
  );
}
