/** Light, dark, or whatever the system says; public/theme.js does the same before the first paint. */
import { useSyncExternalStore } from "react";

export type Theme = "light" | "dark" | "system";

const STORED = "stillroom.theme";
const media = () => globalThis.matchMedia("(prefers-color-scheme: dark)");
const listeners = new Set<() => void>();

export function isTheme(value: unknown): value is Theme {
  return value === "light" || value === "dark" || value === "system";
}

export function storedTheme(): Theme {
  const stored = localStorage.getItem(STORED);
  return isTheme(stored) ? stored : "system";
}

function apply(): void {
  const theme = storedTheme();
  const dark = theme === "dark" || (theme === "system" && media().matches);
  document.documentElement.dataset["theme"] = dark ? "dark" : "light";
}

export function setTheme(theme: Theme): void {
  localStorage.setItem(STORED, theme);
  apply();
  for (const listener of listeners) listener();
}

function subscribe(listener: () => void): () => void {
  const system = media();
  system.addEventListener("change", apply);
  listeners.add(listener);
  return () => {
    system.removeEventListener("change", apply);
    listeners.delete(listener);
  };
}

export function useTheme(): [Theme, (theme: Theme) => void] {
  return [useSyncExternalStore(subscribe, storedTheme), setTheme];
}
