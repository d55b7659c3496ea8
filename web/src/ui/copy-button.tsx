import { Check, Copy } from "lucide-react";
import { type ReactNode, useEffect, useState } from "react";
import { useLanguage } from "@/i18n";
import { IconButton } from "./button";

export function CopyButton({ text, label, icon }: { text: string; label?: string; icon?: ReactNode }) {
  const { t } = useLanguage();
  const [copied, setCopied] = useState(false);
  useEffect(() => {
    if (!copied) return;
    const timer = setTimeout(() => setCopied(false), 1500);
    return () => clearTimeout(timer);
  }, [copied]);
  return (
    <IconButton
      size="small"
      label={copied ? t("common.copied") : (label ?? t("common.copy"))}
      onClick={() => void navigator.clipboard.writeText(text).then(() => setCopied(true))}
    >
      {copied ? <Check className="size-3.5 text-applied" /> : (icon ?? <Copy className="size-3.5" />)}
    </IconButton>
  );
}
