import { Check, Copy } from "lucide-react";
import { useEffect, useState } from "react";
import { useLanguage } from "@/i18n";
import { IconButton } from "./button";

export function CopyButton({ text, label }: { text: string; label?: string }) {
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
      {copied ? <Check className="size-3.5 text-applied" /> : <Copy className="size-3.5" />}
    </IconButton>
  );
}
