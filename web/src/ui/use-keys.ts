import { useEffect, useRef } from "react";

export type Keys = Record<string, (event: KeyboardEvent) => void>;

function isTyping(target: EventTarget | null): boolean {
  return target instanceof HTMLElement && (target.isContentEditable || /^(INPUT|TEXTAREA|SELECT)$/.test(target.tagName));
}

/** A dialog or menu takes the keys for itself. */
function isCovered(): boolean {
  return document.querySelector('[role="dialog"],[role="menu"]') !== null;
}

/**
 * Keys of a page while nobody types: "j", "/", "Enter", or a sequence of two as "g m".
 * Keys held with Ctrl, Alt or ⌘ belong to the browser.
 */
export function useKeys(keys: Keys): void {
  const current = useRef(keys);
  useEffect(() => {
    current.current = keys;
  });
  useEffect(() => {
    let before = "";
    let beforeAt = 0;
    const onKey = (event: KeyboardEvent) => {
      if (event.ctrlKey || event.altKey || event.metaKey || isTyping(event.target) || isCovered()) return;
      const sequence = Date.now() - beforeAt < 900 ? `${before} ${event.key}` : "";
      const action = current.current[sequence] ?? current.current[event.key];
      before = event.key;
      beforeAt = Date.now();
      if (action) action(event);
    };
    addEventListener("keydown", onKey);
    return () => removeEventListener("keydown", onKey);
  }, []);
}
