import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import tailwindcss from "@tailwindcss/vite";
import react from "@vitejs/plugin-react";
import { defineConfig } from "vitest/config";

/** Where the dev server sends /api; the stack of `make up` listens here. */
const api = process.env["STILLROOM_API_URL"] ?? "http://127.0.0.1:8000";

const here = (path: string) => fileURLToPath(new URL(path, import.meta.url));

/** What public/docs/index.html shows the API's document with; from the package, so that nothing is loaded from elsewhere. */
const apiPage = {
  name: "api-page",
  apply: "build" as const,
  generateBundle(this: { emitFile: (file: { type: "asset"; fileName: string; source: Uint8Array }) => string }) {
    for (const name of ["swagger-ui-bundle.js", "swagger-ui-bundle.js.LICENSE.txt", "swagger-ui.css"]) {
      const source = readFileSync(here(`./node_modules/swagger-ui-dist/${name}`));
      this.emitFile({ type: "asset", fileName: `docs/${name}`, source });
    }
  },
};

export default defineConfig({
  plugins: [react(), tailwindcss(), apiPage],
  resolve: { alias: { "@": here("./src"), "react-style-singleton": here("./src/ui/style-singleton.ts") } },
  server: {
    port: Number(process.env["PORT"] ?? 3000),
    strictPort: true,
    proxy: { "/api": { target: api, ws: true } },
  },
  // The manifest tells tools/first-load.ts what a page loads.
  build: { target: "es2022", chunkSizeWarningLimit: 600, manifest: true },
  test: {
    environment: "happy-dom",
    include: ["src/**/*.test.{ts,tsx}"],
    setupFiles: ["src/test-setup.ts"],
    restoreMocks: true,
  },
});
