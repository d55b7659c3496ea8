import { Plus, Webhook as WebhookIcon } from "lucide-react";
import { useState } from "react";
import { Link, useSearchParams } from "react-router";
import type { Webhook, WebhookMade } from "@/api/types";
import { useTrouble } from "@/api/use-trouble";
import { useProjects } from "@/features/projects/queries";
import { Deliveries } from "@/features/webhooks/deliveries";
import { useChangeWebhook, useNewSecret, useRemoveWebhook, useTestWebhook, useWebhooks } from "@/features/webhooks/queries";
import { WebhookForm } from "@/features/webhooks/webhook-form";
import { WebhookList } from "@/features/webhooks/webhook-list";
import { useLanguage } from "@/i18n";
import { Button } from "@/ui/button";
import { Dialog } from "@/ui/dialog";
import { TroubleNotice } from "@/ui/notice";
import { ShownOnce } from "@/ui/shown-once";
import { Empty, Failed, SkeletonRows } from "@/ui/states";
import { useTitle } from "@/ui/use-title";
import { addresses } from "../addresses";
import { PageHead } from "../layout/page-head";
import { useOrganization } from "../use-me";

type Asked =
  | { what: "new" }
  | { what: "change" | "remove" | "secret"; webhook: Webhook }
  | { what: "shown"; made: WebhookMade };

export function Webhooks() {
  const { t } = useLanguage();
  const organization = useOrganization();
  const org = organization?.slug ?? "";
  const [search] = useSearchParams();
  const webhooks = useWebhooks(org);
  const projects = useProjects(org);
  const [asked, setAsked] = useState<Asked | null>(null);
  const trouble = useTrouble();
  const chosen = webhooks.data?.find((one) => one.id === search.get("log"));
  useTitle(t("webhooks.title"), organization?.name);
  const close = () => setAsked(null);
  if (webhooks.isError) return <Failed trouble={trouble(webhooks.error)} onRetry={() => void webhooks.refetch()} />;
  const add = (
    <Button variant={webhooks.data?.length ? "plain" : "primary"} onClick={() => setAsked({ what: "new" })}>
      <Plus aria-hidden className="size-3.5" /> {t("webhooks.add")}
    </Button>
  );
  const actions = (webhook: Webhook) => <Actions org={org} webhook={webhook} ask={(what) => setAsked({ what, webhook })} />;
  return (
    <>
      {chosen ? (
        <>
          <PageHead
            title={chosen.name}
            lead={t("webhooks.logLead", { host: chosen.host })}
            action={
              <div className="flex flex-wrap items-center gap-2">
                <Button size="small" asChild>
                  <Link to={addresses.webhooks(org)}>{t("webhooks.all")}</Link>
                </Button>
                {actions(chosen)}
              </div>
            }
          />
          <Deliveries org={org} webhook={chosen.id} active={chosen.active} />
        </>
      ) : (
        <>
          <PageHead title={t("webhooks.title")} count={webhooks.data?.length} lead={t("webhooks.lead")} action={Boolean(webhooks.data?.length) && add} />
          {webhooks.isPending ? (
            <SkeletonRows rows={4} />
          ) : webhooks.data.length === 0 ? (
            <Empty icon={<WebhookIcon className="size-5" />} title={t("webhooks.empty")} action={add}>
              {t("webhooks.emptyLead")}
            </Empty>
          ) : (
            <WebhookList
              webhooks={webhooks.data}
              nameOfProject={(id) => projects.data?.find((one) => one.id === id)?.name}
              log={(webhook, label) => (
                <Link className="hover:underline" to={addresses.webhooks(org, webhook.id)}>
                  {label}
                </Link>
              )}
              actions={actions}
            />
          )}
        </>
      )}
      {(asked?.what === "new" || asked?.what === "change") && (
        <WebhookForm
          org={org}
          {...(asked.what === "change" ? { webhook: asked.webhook } : {})}
          projects={projects.data ?? []}
          onClose={close}
          onMade={(made) => setAsked({ what: "shown", made })}
        />
      )}
      {asked?.what === "shown" && (
        <ShownOnce
          title={t("webhooks.secretTitle", { name: asked.made.name })}
          lead={t("webhooks.secretLead")}
          text={asked.made.secret}
          testId="secret"
          kept={t("tokens.kept")}
          onClose={close}
        />
      )}
      {(asked?.what === "remove" || asked?.what === "secret") && (
        <Confirm org={org} what={asked.what} webhook={asked.webhook} onClose={close} onMade={(made) => setAsked({ what: "shown", made })} />
      )}
    </>
  );
}

function Actions({ org, webhook, ask }: { org: string; webhook: Webhook; ask: (what: "change" | "remove" | "secret") => void }) {
  const { t } = useLanguage();
  const trouble = useTrouble();
  const test = useTestWebhook(org);
  const change = useChangeWebhook(org);
  const failed = test.error ?? change.error;
  return (
    <>
      <Button size="small" busy={test.isPending} why={webhook.active ? null : t("webhooks.offWhy")} onClick={() => test.mutate(webhook.id)}>
        {t("webhooks.test")}
      </Button>
      <Button size="small" onClick={() => ask("change")}>
        {t("webhooks.change")}
      </Button>
      <Button size="small" onClick={() => ask("secret")}>
        {t("webhooks.newSecret")}
      </Button>
      <Button size="small" busy={change.isPending} onClick={() => change.mutate({ webhook: webhook.id, body: { active: !webhook.active } })}>
        {webhook.active ? t("webhooks.switchOff") : t("webhooks.switchOn")}
      </Button>
      <Button size="small" variant="danger" onClick={() => ask("remove")}>
        {t("common.remove")}
      </Button>
      {Boolean(failed) && <TroubleNotice trouble={trouble(failed)} />}
      {test.isSuccess && (
        <span role="status" className="self-center text-sm text-applied">
          {t("webhooks.testSent")}
        </span>
      )}
    </>
  );
}

interface ConfirmProps {
  org: string;
  what: "remove" | "secret";
  webhook: Webhook;
  onClose: () => void;
  onMade: (made: WebhookMade) => void;
}

function Confirm({ org, what, webhook, onClose, onMade }: ConfirmProps) {
  const { t } = useLanguage();
  const trouble = useTrouble();
  const remove = useRemoveWebhook(org);
  const secret = useNewSecret(org);
  const act = what === "remove" ? remove : secret;
  const go = () => (what === "remove" ? remove.mutate(webhook.id, { onSuccess: onClose }) : secret.mutate(webhook.id, { onSuccess: onMade }));
  return (
    <Dialog
      open
      onClose={onClose}
      title={t(`webhooks.${what}Ask`, { name: webhook.name })}
      footer={
        <>
          <Button onClick={onClose}>{t("common.cancel")}</Button>
          <Button variant={what === "remove" ? "danger" : "primary"} busy={act.isPending} onClick={go}>
            {what === "remove" ? t("common.remove") : t("webhooks.newSecret")}
          </Button>
        </>
      }
    >
      <p>{t(`webhooks.${what}Lead`)}</p>
      {act.isError && <TroubleNotice className="mt-3" trouble={trouble(act.error)} />}
    </Dialog>
  );
}
