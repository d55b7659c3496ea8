/**
 * Where to go after signing in: only a path of ours, because an address elsewhere would make the sign-in page a
 * springboard. It is read as the browser will read it, which drops tabs, turns backslashes and resolves dots.
 */
export function safeNext(next: string | null, origin = window.location.origin): string {
  if (!next?.startsWith("/")) return "/";
  try {
    const url = new URL(next, origin);
    return url.origin === origin && !url.pathname.startsWith("//") ? url.pathname + url.search + url.hash : "/";
  } catch {
    return "/"; // what is no address
  }
}
