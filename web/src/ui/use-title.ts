import { useEffect } from "react";

export function useTitle(...parts: (string | null | undefined)[]): void {
  const title = [...parts.filter(Boolean), "Stillroom"].join(" · ");
  useEffect(() => {
    document.title = title;
  }, [title]);
}
