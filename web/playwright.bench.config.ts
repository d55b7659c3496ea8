import { defineConfig } from "@playwright/test";
import { base } from "./playwright.base";

export default defineConfig(base, { testMatch: ["**/scroll.ts", "**/open-page.ts"], timeout: 180_000, use: { ...base.use, trace: "off" } });
