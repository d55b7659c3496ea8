import { Check } from "lucide-react";
import { DropdownMenu as Radix } from "radix-ui";
import type { ReactNode } from "react";
import { cx } from "./cx";

const ITEM =
  "relative flex min-h-7 cursor-default items-center gap-2 rounded px-2 py-1 text-sm outline-none select-none data-highlighted:bg-hover data-disabled:text-muted data-disabled:opacity-70";

interface MenuProps {
  trigger: ReactNode;
  children: ReactNode;
  align?: "start" | "end" | "center";
  label?: string;
}

export function Menu({ trigger, children, align = "end", label }: MenuProps) {
  return (
    <Radix.Root modal={false}>
      <Radix.Trigger asChild>{trigger}</Radix.Trigger>
      <Radix.Portal>
        <Radix.Content
          align={align}
          sideOffset={4}
          collisionPadding={8}
          aria-label={label}
          className="pops z-50 max-h-[70vh] max-w-80 min-w-44 overflow-y-auto rounded-lg border border-line bg-raised p-1 shadow-pop"
        >
          {children}
        </Radix.Content>
      </Radix.Portal>
    </Radix.Root>
  );
}

interface ItemProps {
  children: ReactNode;
  onSelect?: () => void;
  disabled?: boolean;
  danger?: boolean;
  icon?: ReactNode;
  /** A link, for what opens a page. */
  asChild?: boolean;
}

export function MenuItem({ children, onSelect, disabled = false, danger = false, icon, asChild = false }: ItemProps) {
  return (
    <Radix.Item onSelect={onSelect} disabled={disabled} asChild={asChild} className={cx(ITEM, danger && "text-failed")}>
      {asChild ? (
        children
      ) : (
        <>
          {icon && <span className="flex w-4 justify-center text-muted">{icon}</span>}
          <span className="min-w-0">{children}</span>
        </>
      )}
    </Radix.Item>
  );
}

export function MenuLabel({ children }: { children: ReactNode }) {
  return <Radix.Label className="px-2 pt-1.5 pb-1 text-xs text-muted">{children}</Radix.Label>;
}

export function MenuSeparator() {
  return <Radix.Separator className="my-1 h-px bg-line" />;
}

interface ChoiceProps<Value extends string> {
  value: Value;
  onChange: (value: Value) => void;
  options: { value: Value; label: ReactNode }[];
}

export function MenuChoice<Value extends string>({ value, onChange, options }: ChoiceProps<Value>) {
  return (
    <Radix.RadioGroup value={value} onValueChange={(next) => onChange(next as Value)}>
      {options.map((option) => (
        <Radix.RadioItem key={option.value} value={option.value} className={cx(ITEM, "pr-8")}>
          {option.label}
          <Radix.ItemIndicator className="absolute right-2">
            <Check className="size-3.5 text-accent-text" />
          </Radix.ItemIndicator>
        </Radix.RadioItem>
      ))}
    </Radix.RadioGroup>
  );
}
