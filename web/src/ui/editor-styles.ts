import { StyleModule } from "style-mod";

/**
 * CodeMirror writes its styles into a <style> element, which our content security policy refuses. A constructed sheet
 * is no inline style; style-mod itself makes one only within a shadow tree.
 */
const sheet = new CSSStyleSheet();
let mounted: readonly StyleModule[] = [];

function mount(root: Document | ShadowRoot | DocumentOrShadowRoot, modules: StyleModule | readonly StyleModule[]): void {
  const wanted = modules instanceof StyleModule ? [modules] : modules;
  // In the order in which they were given, so that a theme stands behind what it changes.
  mounted = [...mounted.filter((one) => !wanted.includes(one)), ...wanted];
  sheet.replaceSync(mounted.map((one) => one.getRules()).join("\n"));
  if (!root.adoptedStyleSheets.includes(sheet)) root.adoptedStyleSheets = [...root.adoptedStyleSheets, sheet];
}

export function keepPolicy(): void {
  StyleModule.mount = mount;
}
