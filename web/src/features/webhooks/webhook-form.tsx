import type { Webhook, WebhookMade } from "@/api/types";
import { useTrouble } from "@/api/use-trouble";
import { useLanguage } from "@/i18n";
import { Button } from "@/ui/button";
import { Dialog } from "@/ui/dialog";
import { Checkbox, Field, Input, Select } from "@/ui/field";
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
  "project.fetch_failed",
] as const;
type WebhookEvent = (typeof EVENTS)[number];

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
      project: webhook?.project_ids?.[0] ?? "",
      events: (webhook?.events ?? ["job.failed", "job.lost", "database.moved"]),
    },
    async ({ name, url, format, project, events }) => {
      const body = { name, format, events };
      const projects = project ? [project] : null;
      if (!webhook) {
        onMade(await make.mutateAsync({ ...body, url, projects }));
        return;
      }
      // What was not touched here stays: the address, and a choice of several projects that was made over the API.
      const touched = project === (webhook.project_ids?.[0] ?? "") ? {} : { projects };
      await change.mutateAsync({ webhook: webhook.id, body: { ...body, ...touched, ...(url ? { url } : {}) } });
      onClose();
    },
  );
  const { values, set, errorOf } = form;
  const toggle = (one: WebhookEvent, on: boolean) => set("events", on ? [...values.events, one] : values.events.filter((other) => other !== one));
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
        <Field label={t("webhooks.project")} error={errorOf("projects")}>
          <Select value={values.project} onChange={(event) => set("project", event.target.value)}>
            <option value="">{t("tokens.allProjects")}</option>
            {projects.map((project) => (
              <option key={project.id} value={project.id}>
                {project.name}
              </option>
            ))}
          </Select>
        </Field>
        <fieldset className="flex flex-col gap-1.5 sm:col-span-2">
          <legend className="mb-1 text-sm font-medium">{t("webhooks.events")}</legend>
          <div className="grid gap-x-4 gap-y-1.5 sm:grid-cols-2">
            {EVENTS.map((one) => (
              <Checkbox
                key={one}
                label={t(`happening.${one}`)}
                checked={values.events.includes(one)}
                onChange={(event) => toggle(one, event.target.checked)}
              />
            ))}
          </div>
          {errorOf("events") && (
            <p role="alert" className="text-sm text-failed">
              {t("webhooks.noEvent")}
            </p>
          )}
        </fieldset>
        {Boolean(form.error) && <TroubleNotice trouble={trouble(form.error)} className="sm:col-span-2" />}
        <button type="submit" hidden />
      </form>
    </Dialog>
  );
}
