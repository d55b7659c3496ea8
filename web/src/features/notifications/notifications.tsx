import { useState } from "react";
import type { NotificationChoice, NotifiedOrganization } from "@/api/types";
import { useTrouble } from "@/api/use-trouble";
import { useLanguage } from "@/i18n";
import { Button } from "@/ui/button";
import { Chip } from "@/ui/chip";
import { Checkbox } from "@/ui/field";
import { Notice, TroubleNotice } from "@/ui/notice";
import { Failed, SkeletonRows } from "@/ui/states";
import { useChooseNotification, useNotifications } from "./queries";

type Happening = NotificationChoice["events"][number];

/** What I am told of by e-mail, in each organization and project. */
export function NotificationChoices() {
  const { t } = useLanguage();
  const trouble = useTrouble();
  const all = useNotifications();
  if (all.isError) return <Failed trouble={trouble(all.error)} onRetry={() => void all.refetch()} />;
  if (all.isPending) return <SkeletonRows rows={6} />;
  return (
    <>
      <p className="text-muted">{t("notifications.lead")}</p>
      {!all.data.mail && <Notice kind="warning">{t("notifications.noMail")}</Notice>}
      {all.data.organizations.map((organization) => (
        <section key={organization.slug} className="flex flex-col gap-2">
          <h2 className="font-semibold">{organization.name}</h2>
          <ul className="rounded-md border border-line">
            {organization.choices.map((choice) => (
              <Row key={choice.project?.id ?? ""} organization={organization} choice={choice} events={all.data.events} />
            ))}
          </ul>
        </section>
      ))}
    </>
  );
}

interface RowProps {
  organization: NotifiedOrganization;
  choice: NotificationChoice;
  events: Happening[];
}

function Row({ organization, choice, events }: RowProps) {
  const { t } = useLanguage();
  const [open, setOpen] = useState(false);
  const told = choice.events.map((one) => t(`happening.${one}`)).join(" · ");
  return (
    <li className="flex flex-col gap-3 border-b border-line px-3 py-2.5 last:border-0">
      <div className="flex flex-wrap items-start gap-x-3 gap-y-1">
        <div className="min-w-0 flex-1 basis-60">
          <p className="flex flex-wrap items-center gap-2 font-medium">
            {choice.project?.name ?? t("notifications.everywhere")}
            {choice.project && choice.chosen && <Chip tone="accent">{t("notifications.own")}</Chip>}
          </p>
          <p className="text-sm break-words text-muted">
            {told || t("notifications.nothing")}
            {told && choice.own_jobs_only && ` (${t("notifications.ownJobs")})`}
          </p>
        </div>
        <Button size="small" aria-expanded={open} onClick={() => setOpen(!open)}>
          {open ? t("common.cancel") : t("notifications.choose")}
        </Button>
      </div>
      {open && <Form organization={organization} choice={choice} events={events} onDone={() => setOpen(false)} />}
    </li>
  );
}

function Form({ organization, choice, events, onDone }: RowProps & { onDone: () => void }) {
  const { t } = useLanguage();
  const trouble = useTrouble();
  const choose = useChooseNotification();
  const [chosen, setChosen] = useState<Happening[]>(choice.events);
  const [ownOnly, setOwnOnly] = useState(choice.own_jobs_only);
  const save = (wanted: Happening[] | null) =>
    choose.mutate(
      { organization: organization.slug, project: choice.project?.slug ?? null, events: wanted, own_jobs_only: ownOnly },
      { onSuccess: onDone },
    );
  return (
    <form
      className="flex flex-col gap-3"
      onSubmit={(event) => {
        event.preventDefault();
        save(chosen);
      }}
    >
      <fieldset className="grid gap-x-4 gap-y-1.5 sm:grid-cols-2">
        <legend className="sr-only">{t("notifications.choose")}</legend>
        {events.map((one) => (
          <Checkbox
            key={one}
            label={t(`happening.${one}`)}
            checked={chosen.includes(one)}
            onChange={(event) => setChosen(event.target.checked ? [...chosen, one] : chosen.filter((other) => other !== one))}
          />
        ))}
      </fieldset>
      <Checkbox label={t("notifications.ownJobs")} hint={t("notifications.ownJobsHint")} checked={ownOnly} onChange={(event) => setOwnOnly(event.target.checked)} />
      {choose.isError && <TroubleNotice trouble={trouble(choose.error)} />}
      <div className="flex flex-wrap gap-2">
        <Button type="submit" size="small" variant="primary" busy={choose.isPending}>
          {t("common.save")}
        </Button>
        {choice.chosen && (
          <Button size="small" onClick={() => save(null)}>
            {choice.project ? t("notifications.asEverywhere") : t("notifications.asBeginning")}
          </Button>
        )}
      </div>
    </form>
  );
}
