import { fileURLToPath } from "node:url";
import tailwindcss from "@tailwindcss/vite";
import react from "@vitejs/plugin-react";
import { defineConfig } from "vitest/config";

/** Where the dev server sends /api; the stack of `make up` listens here. */
const api = process.env["STILLROOM_API_URL"] ?? "http://127.0.0.1:8000";

export default defineConfig({
  plugins: [react(), tailwindcss()],
  resolve: { alias: { "@": fileURLToPath(new URL("./src", import.meta.url)) } },
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
