import { defineConfig } from "@playwright/test";
import { base } from "./playwright.base";

export default defineConfig(base, { testMatch: "**/*.spec.ts" });
