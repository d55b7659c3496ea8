import { type ComponentProps, createContext, type ReactNode, useContext, useId } from "react";
import { useLanguage } from "@/i18n";
import { cx } from "./cx";

interface Wiring {
  id: string;
  describedBy: string | undefined;
  invalid: boolean;
}

const FieldContext = createContext<Wiring | null>(null);

interface FieldProps {
  label: ReactNode;
  hint?: ReactNode;
  error?: string | null | undefined;
  /** Marks what may stay empty, instead of starring all the rest. */
  optional?: string;
  children: ReactNode;
  className?: string;
}

/** A label, its control, a hint and the server's complaint, wired together for screen readers. */
export function Field({ label, hint, error, optional, children, className }: FieldProps) {
  const { said } = useLanguage();
  const id = useId();
  const hintId = `${id}-hint`;
  const errorId = `${id}-error`;
  const describedBy = [hint ? hintId : "", error ? errorId : ""].filter(Boolean).join(" ") || undefined;
  return (
    <FieldContext value={{ id, describedBy, invalid: Boolean(error) }}>
      <div className={cx("flex min-w-0 flex-col gap-1", className)}>
        <label htmlFor={id} className="flex items-baseline gap-1.5 text-sm font-medium">
          {label}
          {optional && <span className="text-xs font-normal text-muted">{optional}</span>}
        </label>
        {children}
        {error && (
          <p id={errorId} className="text-sm text-failed" role="alert">
            {said(error)}
          </p>
        )}
        {hint && (
          <p id={hintId} className="text-xs text-muted">
            {hint}
          </p>
        )}
      </div>
    </FieldContext>
  );
}

function useWiring(): Partial<{ id: string; "aria-describedby": string; "aria-invalid": true }> {
  const wiring = useContext(FieldContext);
  if (!wiring) return {};
  return {
    id: wiring.id,
    ...(wiring.describedBy ? { "aria-describedby": wiring.describedBy } : {}),
    ...(wiring.invalid ? { "aria-invalid": true as const } : {}),
  };
}

const CONTROL =
  "w-full min-w-0 rounded-md border border-line-strong/80 bg-raised text-base text-text hover:border-line-strong aria-invalid:border-failed disabled:opacity-60 focus-visible:border-accent focus-visible:outline-offset-0 max-sm:text-[16px]";

export function Input({ className, mono, ...rest }: ComponentProps<"input"> & { mono?: boolean }) {
  return (
    <input
      autoComplete="off"
      spellCheck={false}
      {...useWiring()}
      {...rest}
      className={cx(CONTROL, "h-8 px-2.5", mono && "font-mono text-sm", className)}
    />
  );
}

export function TextArea({ className, mono, ...rest }: ComponentProps<"textarea"> & { mono?: boolean }) {
  return (
    <textarea
      spellCheck={false}
      rows={3}
      {...useWiring()}
      {...rest}
      className={cx(CONTROL, "px-2.5 py-1.5", mono && "font-mono text-sm", className)}
    />
  );
}

/** The browser's own list: the best one on a phone, and it needs no script. */
export function Select({ className, children, ...rest }: ComponentProps<"select">) {
  return (
    <div className="relative min-w-0">
      <select {...useWiring()} {...rest} className={cx(CONTROL, "h-8 appearance-none pr-7 pl-2.5", className)}>
        {children}
      </select>
      <svg aria-hidden viewBox="0 0 12 12" className="pointer-events-none absolute top-1/2 right-2.5 size-2.5 -translate-y-1/2 text-muted">
        <path d="M2 4.2l4 4 4-4" fill="none" stroke="currentColor" strokeWidth="1.6" strokeLinecap="round" strokeLinejoin="round" />
      </svg>
    </div>
  );
}

export function Checkbox({ label, hint, ...rest }: Omit<ComponentProps<"input">, "type"> & { label: ReactNode; hint?: ReactNode }) {
  const id = useId();
  return (
    <div className="flex items-start gap-2">
      <input {...rest} id={id} type="checkbox" className="mt-0.75 size-3.5 shrink-0 accent-(--accent)" aria-describedby={hint ? `${id}-hint` : undefined} />
      <div className="min-w-0">
        <label htmlFor={id} className="text-base">
          {label}
        </label>
        {hint && (
          <p id={`${id}-hint`} className="text-xs text-muted">
            {hint}
          </p>
        )}
      </div>
    </div>
  );
}
