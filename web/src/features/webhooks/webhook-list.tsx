import type { ReactNode } from "react";
import type { Webhook } from "@/api/types";
import { useLanguage } from "@/i18n";
import { Chip } from "@/ui/chip";
import { Ago } from "@/ui/time";

interface WebhookListProps {
  webhooks: Webhook[];
  nameOfProject: (id: string) => string | undefined;
  /** Links to the log of one. */
  log: (webhook: Webhook, label: string) => ReactNode;
  actions: (webhook: Webhook) => ReactNode;
}

export function WebhookList({ webhooks, nameOfProject, log, actions }: WebhookListProps) {
  const { t } = useLanguage();
  return (
    <ul className="border-t border-line">
      {webhooks.map((webhook) => {
        const places = webhook.project_ids?.map((id) => nameOfProject(id) ?? t("tokens.goneProject")).join(", ") ?? t("tokens.allProjects");
        return (
          <li key={webhook.id} className="flex flex-wrap items-start gap-x-4 gap-y-2 border-b border-line px-4 py-2.5">
            <div className="min-w-0 flex-1 basis-72">
              <p className="flex flex-wrap items-center gap-2 font-medium">
                <span className="break-words">{log(webhook, webhook.name)}</span>
                {!webhook.active && <Chip tone="failed">{t("webhooks.off")}</Chip>}
                {webhook.active && webhook.failing_since && <Chip tone="pending">{t("webhooks.failing")}</Chip>}
                {webhook.format === "slack" && <Chip>Slack</Chip>}
              </p>
              <p className="flex flex-wrap gap-x-3 text-sm text-muted">
                <code className="text-xs break-all">{webhook.host}</code>
                <span>{places}</span>
              </p>
              <p className="text-xs break-words text-muted">{webhook.events.map((one) => t(`happening.${one}`)).join(" · ")}</p>
              {!webhook.active && webhook.disabled_because && (
                <p className="mt-1 text-sm">{t(`webhooks.because.${webhook.disabled_because}`)}</p>
              )}
              {webhook.active && webhook.failing_since && (
                <p className="mt-1 text-sm">
                  {t("webhooks.failingSince")} <Ago at={webhook.failing_since} />
                </p>
              )}
            </div>
            <div className="flex flex-wrap gap-2">{actions(webhook)}</div>
          </li>
        );
      })}
    </ul>
  );
}
