import { ToggleGroup } from "radix-ui";
import type { ReactNode } from "react";

interface SegmentedProps<Value extends string> {
  label: string;
  value: Value;
  onChange: (value: Value) => void;
  options: { value: Value; label: ReactNode }[];
}

/** One of a few, all visible. */
export function Segmented<Value extends string>({ label, value, onChange, options }: SegmentedProps<Value>) {
  return (
    <ToggleGroup.Root
      type="single"
      aria-label={label}
      value={value}
      onValueChange={(next) => next && onChange(next as Value)}
      className="inline-flex w-max max-w-full overflow-x-auto rounded-md border border-line bg-code p-0.5"
    >
      {options.map((option) => (
        <ToggleGroup.Item
          key={option.value}
          value={option.value}
          className="h-6 rounded px-2.5 text-sm whitespace-nowrap text-muted hover:text-text data-[state=on]:bg-raised data-[state=on]:font-medium data-[state=on]:text-text data-[state=on]:shadow-[0_0_0_1px_var(--line-strong)]"
        >
          {option.label}
        </ToggleGroup.Item>
      ))}
    </ToggleGroup.Root>
  );
}

interface TogglesProps<Value extends string> {
  label: string;
  value: Value[];
  onChange: (value: Value[]) => void;
  options: { value: Value; label: ReactNode }[];
}

/** Any of a few. */
export function Toggles<Value extends string>({ label, value, onChange, options }: TogglesProps<Value>) {
  return (
    <ToggleGroup.Root type="multiple" aria-label={label} value={value} onValueChange={(next) => onChange(next as Value[])} className="inline-flex gap-1">
      {options.map((option) => (
        <ToggleGroup.Item
          key={option.value}
          value={option.value}
          className="h-5.5 rounded border border-line px-1.5 text-xs whitespace-nowrap text-muted line-through hover:text-text data-[state=on]:border-transparent data-[state=on]:bg-neutral-soft data-[state=on]:text-text data-[state=on]:no-underline"
        >
          {option.label}
        </ToggleGroup.Item>
      ))}
    </ToggleGroup.Root>
  );
}
