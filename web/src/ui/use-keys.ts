import { useEffect, useRef } from "react";

export type Keys = Record<string, (event: KeyboardEvent) => void>;

/** How long the first key of two is remembered, by the moments of the presses themselves. */
const TOGETHER = 1_500;

const listening = new Set<{ current: Keys }>();
let before = "";
let beforeAt = 0;

function isTyping(target: EventTarget | null): boolean {
  return target instanceof HTMLElement && (target.isContentEditable || /^(INPUT|TEXTAREA|SELECT)$/.test(target.tagName));
}

/** A dialog or menu takes the keys for itself. */
function isCovered(): boolean {
  return document.querySelector('[role="dialog"],[role="menu"]') !== null;
}

/** Everyone hears of a key from here, so that the "j" of "g j" moves no list. */
function onKey(event: KeyboardEvent): void {
  if (event.ctrlKey || event.altKey || event.metaKey || isTyping(event.target) || isCovered()) return;
  const pair = event.timeStamp - beforeAt < TOGETHER ? `${before} ${event.key}` : "";
  const all = [...listening];
  const known = all.some(({ current }) => pair in current) ? pair : event.key;
  before = known === pair ? "" : event.key;
  beforeAt = event.timeStamp;
  for (const { current } of all) current[known]?.(event);
}

/**
 * Keys of a page while nobody types: "j", "/", "Enter", or two after each other as "g m".
 * Keys held with Ctrl, Alt or ⌘ belong to the browser.
 */
export function useKeys(keys: Keys): void {
  const latest = useRef(keys);
  useEffect(() => {
    latest.current = keys;
  });
  useEffect(() => {
    if (listening.size === 0) addEventListener("keydown", onKey);
    listening.add(latest);
    return () => {
      listening.delete(latest);
      if (listening.size === 0) removeEventListener("keydown", onKey);
    };
  }, []);
}
