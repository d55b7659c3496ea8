import { cx } from "./cx";
import { legible } from "./legible";

/** A name that others gave: whatever is in it stays inside of it and can be seen. */
export function Name({ text, className }: { text: string; className?: string }) {
  return (
    <bdi dir="ltr" title={text} className={cx("whitespace-pre", className)}>
      {legible(text)}
    </bdi>
  );
}
