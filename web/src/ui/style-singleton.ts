import { useEffect, type FC } from "react";

/**
 * Stands in for the package react-style-singleton, with which menus and dialogs hold the page behind them still: that
 * one writes <style> elements, which our content security policy refuses. A constructed sheet is no inline style.
 * vite.config.ts puts it in its place.
 */
export function stylesheetSingleton() {
  let users = 0;
  let sheet: CSSStyleSheet | null = null;
  return {
    add(styles: string) {
      if (users++ > 0) return;
      sheet = new CSSStyleSheet();
      sheet.replaceSync(styles);
      document.adoptedStyleSheets = [...document.adoptedStyleSheets, sheet];
    },
    remove() {
      if (--users > 0) return;
      document.adoptedStyleSheets = document.adoptedStyleSheets.filter((one) => one !== sheet);
      sheet = null;
    },
  };
}

export function styleHookSingleton() {
  const singleton = stylesheetSingleton();
  return (styles: string, dynamic?: boolean) => {
    useEffect(() => {
      singleton.add(styles);
      return () => {
        singleton.remove();
      };
      // As the package does: other styles of the same user count only where that was asked for.
      // eslint-disable-next-line react-hooks/exhaustive-deps
    }, [styles && dynamic]);
  };
}

export function styleSingleton(): FC<{ styles: string; dynamic?: boolean }> {
  const useStyle = styleHookSingleton();
  return function Sheet({ styles, dynamic }) {
    useStyle(styles, dynamic);
    return null;
  };
}
