import { type ReactNode, useEffect, useState } from "react";
import { createPortal } from "react-dom";

/** Puts what belongs to a page into the bar above it. */
export function TopBarSlot({ children }: { children: ReactNode }) {
  const [place, setPlace] = useState<HTMLElement | null>(null);
  useEffect(() => setPlace(document.getElementById("top-bar-slot")), []);
  return place && createPortal(children, place);
}
