import type { ReactNode } from "react";
import { Check } from "lucide-react";
import { cx } from "@/ui/cx";

interface StepProps {
  number: number;
  title: string;
  done: boolean;
  children: ReactNode;
}

/** One numbered part of the wizard; all that was reached stay open, because each may be corrected. */
export function Step({ number, title, done, children }: StepProps) {
  return (
    <section aria-labelledby={`step-${number}`} className="border-t border-line py-5 first:border-t-0 first:pt-0">
      <h2 id={`step-${number}`} className="mb-3 flex items-center gap-2 font-semibold">
        <span
          aria-hidden
          className={cx(
            "inline-flex size-5 items-center justify-center rounded-full text-xs font-semibold",
            done ? "bg-applied-soft text-applied" : "bg-neutral-soft text-muted",
          )}
        >
          {done ? <Check className="size-3" /> : number}
        </span>
        {title}
      </h2>
      {children}
    </section>
  );
}
