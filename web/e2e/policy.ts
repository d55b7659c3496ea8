/** What the content security policy forbade on a page: nothing that we make ourselves may be among it. */
import type { BrowserContext, Page } from "@playwright/test";

declare global {
  interface Window {
    forbidden?: string[];
  }
}

/** Pages that are opened from now on keep what was forbidden there. */
export async function watchesPolicy(context: BrowserContext): Promise<void> {
  await context.addInitScript(() => {
    window.forbidden = [];
    document.addEventListener("securitypolicyviolation", (one) => {
      window.forbidden?.push(`${one.effectiveDirective}: ${one.blockedURI} ${one.sample} ${one.sourceFile}:${one.lineNumber}`);
    });
  });
}

export const forbidden = (page: Page) => page.evaluate(() => window.forbidden ?? ["the policy was not watched"]);
