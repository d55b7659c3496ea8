/** What every page is held to: WCAG 2.2 AA as far as axe can tell, and nothing cut off at the side. */
import AxeBuilder from "@axe-core/playwright";
import type { Page } from "@playwright/test";

/** Each violation with its element and what is wrong with it. */
export async function faults(page: Page): Promise<string[]> {
  const { violations } = await new AxeBuilder({ page }).withTags(["wcag2a", "wcag2aa", "wcag21aa", "wcag22aa"]).analyze();
  return violations.flatMap(({ id, nodes }) => nodes.map((node) => `${id}: ${node.html}: ${node.failureSummary ?? ""}`));
}

/** So many pixels of the page lie beside the screen. */
export const overflow = (page: Page) => page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
