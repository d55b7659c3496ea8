import { X } from "lucide-react";
import { Dialog as Radix } from "radix-ui";
import { type ReactNode, useRef } from "react";
import { useLanguage } from "@/i18n";
import { IconButton } from "./button";
import { cx } from "./cx";

/** Dialogs here are opened by state and have no trigger that the library could give the focus back to. */
function useFocusBack() {
  const from = useRef<Element | null>(null);
  return {
    leave: () => {
      from.current = document.activeElement;
    },
    comeBack: (event: Event) => {
      event.preventDefault();
      if (from.current instanceof HTMLElement && from.current.isConnected) from.current.focus();
    },
  };
}

interface DialogProps {
  open: boolean;
  /** Without it the dialog stays until what it asks for is done. */
  onClose?: () => void;
  title: ReactNode;
  description?: ReactNode;
  children: ReactNode;
  footer?: ReactNode;
  wide?: boolean;
}

/** In the middle on a desk, from below on a phone. */
export function Dialog({ open, onClose, title, description, children, footer, wide = false }: DialogProps) {
  const { t } = useLanguage();
  const focus = useFocusBack();
  return (
    <Radix.Root open={open} onOpenChange={(next) => !next && onClose?.()}>
      <Radix.Portal>
        <Radix.Overlay className="fixed inset-0 z-40 bg-black/35 dark:bg-black/60" />
        <Radix.Content
          {...(description ? {} : { "aria-describedby": undefined })}
          onOpenAutoFocus={(event) => {
            // The first thing to type, else the dialog itself: never the button that closes it.
            event.preventDefault();
            focus.leave();
            const box = event.currentTarget as HTMLElement;
            (box.querySelector<HTMLElement>("[data-autofocus]") ?? box).focus();
          }}
          onCloseAutoFocus={focus.comeBack}
          className={cx(
            "pops fixed z-50 flex max-h-[92dvh] flex-col border border-line bg-raised shadow-pop outline-none",
            "max-sm:inset-x-0 max-sm:bottom-0 max-sm:rounded-t-xl",
            "sm:top-1/2 sm:left-1/2 sm:max-h-[86dvh] sm:w-[calc(100vw-2rem)] sm:-translate-x-1/2 sm:-translate-y-1/2 sm:rounded-lg",
            wide ? "sm:max-w-2xl" : "sm:max-w-lg",
          )}
        >
          <header className="flex items-start gap-3 border-b border-line px-4 py-3">
            <div className="min-w-0 flex-1">
              <Radix.Title className="text-lg font-semibold">{title}</Radix.Title>
              {description && <Radix.Description className="mt-0.5 text-sm text-muted">{description}</Radix.Description>}
            </div>
            {onClose && (
              <Radix.Close asChild>
                <IconButton label={t("common.close")} size="small">
                  <X className="size-4" />
                </IconButton>
              </Radix.Close>
            )}
          </header>
          <div className="min-h-0 flex-1 overflow-y-auto px-4 py-3">{children}</div>
          {footer && <footer className="flex flex-wrap items-center justify-end gap-2 border-t border-line px-4 py-3">{footer}</footer>}
        </Radix.Content>
      </Radix.Portal>
    </Radix.Root>
  );
}

interface SheetProps {
  open: boolean;
  onClose: () => void;
  label: string;
  side?: "left" | "bottom";
  children: ReactNode;
}

/** A panel that slides over the page where there is no room beside it. */
export function Sheet({ open, onClose, label, side = "bottom", children }: SheetProps) {
  const focus = useFocusBack();
  return (
    <Radix.Root open={open} onOpenChange={(next) => !next && onClose()}>
      <Radix.Portal>
        <Radix.Overlay className="fixed inset-0 z-40 bg-black/35 dark:bg-black/60" />
        <Radix.Content
          aria-describedby={undefined}
          onOpenAutoFocus={(event) => {
            event.preventDefault();
            focus.leave();
            (event.currentTarget as HTMLElement).focus();
          }}
          onCloseAutoFocus={focus.comeBack}
          className={cx(
            "fixed z-50 flex flex-col border-line bg-bg shadow-pop outline-none",
            side === "left" ? "slides-left inset-y-0 left-0 w-64 border-r" : "rises inset-x-0 bottom-0 max-h-[86dvh] rounded-t-xl border-t",
          )}
        >
          <Radix.Title className="sr-only">{label}</Radix.Title>
          {children}
        </Radix.Content>
      </Radix.Portal>
    </Radix.Root>
  );
}
