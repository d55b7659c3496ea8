import { RotateCw } from "lucide-react";
import type { ReactNode } from "react";
import type { Job } from "@/api/types";
import { useLanguage } from "@/i18n";
import { Button } from "@/ui/button";
import { mayResume } from "./queries";
import { useAsked } from "./use-asked";

interface ResumeProps {
  job: Job;
  dialog: (close: () => void) => ReactNode;
}

/** The way to go on with a job that stopped. */
export function ResumeButton({ job, dialog }: ResumeProps) {
  const { t } = useLanguage();
  const [open, setOpen] = useAsked("resume");
  if (!job.resumable) return null;
  const permission = job.kind === "downgrade" ? "job.downgrade" : "job.upgrade";
  const may = mayResume(job);
  return (
    <>
      <Button variant="primary" why={may ? null : t("common.noPermission", { permission })} onClick={() => setOpen(true)}>
        <RotateCw aria-hidden className="size-3.5" /> {t("jobs.resume")}
      </Button>
      {open && may && dialog(() => setOpen(false))}
    </>
  );
}
