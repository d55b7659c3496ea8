import type { Webhook, WebhookMade } from "@/api/types";
import { useTrouble } from "@/api/use-trouble";
import { useLanguage } from "@/i18n";
import { Button } from "@/ui/button";
import { Choices, named } from "@/ui/choices";
import { Dialog } from "@/ui/dialog";
import { Field, Input, Select } from "@/ui/field";
import { TroubleNotice } from "@/ui/notice";
import { useForm } from "@/ui/use-form";
import { useChangeWebhook, useMakeWebhook } from "./queries";

export const EVENTS = [
  "job.failed",
  "job.lost",
  "job.succeeded",
  "job.cancelled",
  "job.needs_approval",
  "database.moved",
  "database.unreachable",
  "database.reachable",
  "database.certificate_expiring",
  "project.fetch_failed",
  "rule.refused",
] as const;

interface WebhookFormProps {
  org: string;
  /** The one to change; without it a new one. */
  webhook?: Webhook;
  projects: { id: string; name: string }[];
  onClose: () => void;
  onMade: (made: WebhookMade) => void;
}

export function WebhookForm({ org, webhook, projects, onClose, onMade }: WebhookFormProps) {
  const { t } = useLanguage();
  const trouble = useTrouble();
  const make = useMakeWebhook(org);
  const change = useChangeWebhook(org);
  const form = useForm(
    {
      name: webhook?.name ?? "",
      url: "",
      format: webhook?.format ?? "stillroom",
      projects: webhook?.project_ids ?? [],
      events: (webhook?.events ?? ["job.failed", "job.lost", "database.moved"]),
    },
    async ({ name, url, format, projects, events }) => {
      const body = { name, format, events, projects: projects.length > 0 ? projects : null };
      if (!webhook) {
        onMade(await make.mutateAsync({ ...body, url }));
        return;
      }
      // The address is shown to nobody: what was not typed anew stays.
      await change.mutateAsync({ webhook: webhook.id, body: { ...body, ...(url ? { url } : {}) } });
      onClose();
    },
  );
  const { values, set, errorOf } = form;
  return (
    <Dialog
      open
      wide
      onClose={onClose}
      title={webhook ? t("webhooks.changeTitle", { name: webhook.name }) : t("webhooks.new")}
      description={t("webhooks.newLead")}
      footer={
        <>
          <Button onClick={onClose}>{t("common.cancel")}</Button>
          <Button variant="primary" busy={form.busy} onClick={() => void form.submit()}>
            {webhook ? t("common.save") : t("common.add")}
          </Button>
        </>
      }
    >
      <form className="grid gap-4 sm:grid-cols-2" onSubmit={(event) => void form.submit(event)}>
        <Field label={t("webhooks.name")} error={errorOf("name")}>
          <Input data-autofocus value={values.name} maxLength={200} onChange={(event) => set("name", event.target.value)} />
        </Field>
        <Field label={t("webhooks.format")} error={errorOf("format")} hint={t("webhooks.formatHint")}>
          <Select value={values.format} onChange={(event) => set("format", event.target.value === "slack" ? "slack" : "stillroom")}>
            <option value="stillroom">Stillroom (JSON)</option>
            <option value="slack">Slack</option>
          </Select>
        </Field>
        <Field
          className="sm:col-span-2"
          label={t("webhooks.url")}
          error={errorOf("url")}
          hint={webhook ? t("webhooks.urlKept", { host: webhook.host }) : t("webhooks.urlHint")}
          {...(webhook ? { optional: t("common.optional") } : {})}
        >
          <Input mono type="url" value={values.url} maxLength={2000} placeholder="https://" onChange={(event) => set("url", event.target.value)} />
        </Field>
        <Choices
          wide
          className="sm:col-span-2"
          legend={t("webhooks.projects")}
          options={named(projects, values.projects)}
          chosen={values.projects}
          onChange={(chosen) => set("projects", chosen)}
          hint={t("tokens.projectsHint")}
          error={errorOf("projects")}
        />
        <Choices
          wide
          className="sm:col-span-2"
          legend={t("webhooks.events")}
          options={EVENTS.map((one) => ({ value: one, label: t(`happening.${one}`) }))}
          chosen={values.events}
          onChange={(chosen) => set("events", chosen)}
          error={errorOf("events") && t("webhooks.noEvent")}
        />
        {Boolean(form.error) && <TroubleNotice trouble={trouble(form.error)} className="sm:col-span-2" />}
        <button type="submit" hidden />
      </form>
    </Dialog>
  );
}
