import { QueryClientProvider } from "@tanstack/react-query";
import { RouterProvider } from "react-router";
import { createQueryClient } from "@/api/query-client";
import { LanguageProvider } from "@/i18n";
import { TooltipProvider } from "@/ui/tooltip";
import { createRouter } from "./router";

const router = createRouter();

const client = createQueryClient();

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
