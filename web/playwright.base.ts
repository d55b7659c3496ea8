/** What the browser tests and the photographs share: Chromium of the machine, a stack that runs already. */
import { existsSync } from "node:fs";
import { defineConfig } from "@playwright/test";

const chromium =
  process.env["STILLROOM_CHROMIUM"] ?? process.env["CHROMIUM"] ?? (existsSync("/usr/bin/chromium") ? "/usr/bin/chromium" : undefined);

export const base = defineConfig({
  testDir: "e2e",
  outputDir: "test-results",
  // One stack with three databases: two tests at once would queue behind each other's jobs.
  workers: 1,
  fullyParallel: false,
  forbidOnly: true,
  timeout: 60_000,
  expect: { timeout: 15_000 },
  reporter: "list",
  use: {
    baseURL: process.env["STILLROOM_URL"] ?? process.env["BASE_URL"] ?? "http://localhost:8000",
    locale: "en-US",
    viewport: { width: 1440, height: 900 },
    trace: "retain-on-failure",
    launchOptions: {
      ...(chromium ? { executablePath: chromium } : {}),
      // Chromium's own sandbox refuses to start as root.
      args: process.getuid?.() === 0 ? ["--no-sandbox"] : [],
    },
  },
});
