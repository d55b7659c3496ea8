import { Slot } from "radix-ui";
import type { ComponentProps, ReactNode } from "react";
import { cx } from "./cx";
import { Spinner } from "./spinner";
import { Tooltip } from "./tooltip";

type Variant = "primary" | "plain" | "quiet" | "danger" | "danger-primary";

const LOOK: Record<Variant, string> = {
  primary: "bg-accent text-on-accent border-transparent hover:bg-accent-hover",
  plain: "bg-raised text-text border-line hover:border-line-strong hover:bg-hover",
  quiet: "bg-transparent text-muted border-transparent hover:bg-hover hover:text-text",
  danger: "bg-raised text-failed border-line hover:border-failed hover:bg-failed-soft",
  "danger-primary": "bg-failed text-bg border-transparent hover:opacity-90",
};

const SIZE = {
  small: "h-6 px-2 text-xs gap-1 rounded-[5px]",
  normal: "h-7.5 px-2.5 text-sm gap-1.5 rounded-md",
  large: "h-9 px-3.5 text-base gap-2 rounded-md",
};

interface ButtonProps extends ComponentProps<"button"> {
  variant?: Variant;
  size?: keyof typeof SIZE;
  busy?: boolean;
  /** The child element becomes the button (a link that looks like one). */
  asChild?: boolean;
  /** Why it cannot be pressed; shown on hover and focus. The button stays reachable by keyboard. */
  why?: string | null | undefined;
}

export function Button({
  variant = "plain",
  size = "normal",
  busy = false,
  asChild = false,
  why,
  className,
  children,
  disabled,
  onClick,
  ...rest
}: ButtonProps) {
  const Component = asChild ? Slot.Root : "button";
  const blocked = Boolean(why);
  const button = (
    <Component
      {...(asChild ? {} : { type: "button" as const })}
      {...rest}
      className={cx(
        "inline-flex shrink-0 items-center justify-center border font-medium whitespace-nowrap transition-colors duration-100 select-none",
        LOOK[variant],
        SIZE[size],
        (disabled || blocked || busy) && "pointer-events-auto cursor-not-allowed opacity-60",
        className,
      )}
      disabled={disabled || busy}
      aria-disabled={blocked || undefined}
      aria-busy={busy || undefined}
      onClick={blocked ? (event) => event.preventDefault() : onClick}
    >
      {busy && !asChild ? (
        <>
          <Spinner /> {children}
        </>
      ) : (
        children
      )}
    </Component>
  );
  return why ? <Tooltip text={why}>{button}</Tooltip> : button;
}

interface IconButtonProps extends Omit<ButtonProps, "children" | "aria-label"> {
  label: string;
  children: ReactNode;
}

/** A button that is only a picture: the label is read aloud and shown on hover. */
export function IconButton({ label, className, variant = "quiet", why, ...rest }: IconButtonProps) {
  return (
    <Tooltip text={why ?? label}>
      <Button
        {...rest}
        variant={variant}
        aria-label={label}
        aria-disabled={why ? true : undefined}
        className={cx("!px-0", rest.size === "small" ? "w-6" : "w-7.5", why && "opacity-60", className)}
      />
    </Tooltip>
  );
}
