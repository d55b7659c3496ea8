import { type ReactNode, useId } from "react";
import { useLanguage } from "@/i18n";
import { cx } from "./cx";
import { Checkbox } from "./field";

interface ChoicesProps<T extends string> {
  legend: ReactNode;
  options: readonly { value: T; label: ReactNode }[];
  chosen: readonly T[];
  onChange: (chosen: T[]) => void;
  hint?: ReactNode;
  error?: string | null | undefined;
  disabled?: boolean;
  /** Two columns where there is room for them. */
  wide?: boolean;
  className?: string;
}

/** Several of a list, or none; a long one scrolls. What is chosen keeps the order of the list. */
export function Choices<T extends string>({ legend, options, chosen, onChange, hint, error, disabled, wide, className }: ChoicesProps<T>) {
  const { said } = useLanguage();
  const hintId = useId();
  const toggle = (value: T, on: boolean) => onChange(options.map((one) => one.value).filter((one) => (one === value ? on : chosen.includes(one))));
  return (
    <fieldset disabled={disabled} aria-describedby={hint ? hintId : undefined} className={cx("flex min-w-0 flex-col gap-1.5 disabled:opacity-60", className)}>
      <legend className="mb-1 text-sm font-medium">{legend}</legend>
      <div className={cx("grid max-h-52 gap-x-4 gap-y-1.5 overflow-y-auto", wide && "sm:grid-cols-2")}>
        {options.map(({ value, label }) => (
          <Checkbox key={value} label={label} checked={chosen.includes(value)} onChange={(event) => toggle(value, event.target.checked)} />
        ))}
      </div>
      {error && (
        <p role="alert" className="text-sm text-failed">
          {said(error)}
        </p>
      )}
      {hint && (
        <p id={hintId} className="text-xs text-muted">
          {hint}
        </p>
      )}
    </fieldset>
  );
}

/** Options by id and name; what is chosen and no longer there can be taken away still. */
export function named(known: readonly { id: string; name: string }[], chosen: readonly string[]) {
  const gone = chosen.filter((id) => !known.some((one) => one.id === id));
  return [...known.map(({ id, name }) => ({ value: id, label: name })), ...gone.map((id) => ({ value: id, label: id }))];
}
