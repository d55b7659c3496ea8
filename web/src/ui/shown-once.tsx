import type { ReactNode } from "react";
import { Button } from "./button";
import { CopyButton } from "./copy-button";
import { Dialog } from "./dialog";

interface ShownOnceProps {
  title: string;
  lead: string;
  /** What nobody is shown again. */
  text: string;
  testId?: string;
  kept: ReactNode;
  onClose: () => void;
}

/** A secret, this once: only the button that says it was kept closes it. */
export function ShownOnce({ title, lead, text, testId, kept, onClose }: ShownOnceProps) {
  return (
    <Dialog
      open
      title={title}
      description={lead}
      footer={
        <Button variant="primary" onClick={onClose}>
          {kept}
        </Button>
      }
    >
      <div className="flex items-center gap-2 rounded-md border border-line bg-code px-3 py-2">
        <code className="min-w-0 flex-1 text-sm break-all" data-testid={testId}>
          {text}
        </code>
        <CopyButton text={text} />
      </div>
    </Dialog>
  );
}
