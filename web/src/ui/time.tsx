import { useLanguage } from "@/i18n";
import { useNow } from "./use-now";

/** A moment, relative; the exact time on hover. */
export function Ago({ at, short = false, className }: { at: string; short?: boolean; className?: string }) {
  const { ago, agoShort, exact } = useLanguage();
  const now = useNow(30_000);
  return (
    <time dateTime={at} title={exact(at)} className={className}>
      {short ? agoShort(at, now) : ago(at, now)}
    </time>
  );
}
