import { useState } from "react";
import type { HookMade, Project } from "@/api/types";
import { useTrouble } from "@/api/use-trouble";
import { useLanguage } from "@/i18n";
import { Button } from "@/ui/button";
import { CopyButton } from "@/ui/copy-button";
import { Dialog } from "@/ui/dialog";
import { Field, Select } from "@/ui/field";
import { TroubleNotice } from "@/ui/notice";
import { Ago } from "@/ui/time";
import { useChangeProject, useEndHook, useRenewHook } from "./queries";

const EVERY = [0, 1, 5, 15, 60, 360, 1440];

interface ByItselfProps {
  project: Project;
  /** Why the settings, and the secret, cannot be changed here. */
  why: string | null;
  whySecret: string | null;
}

/** When the project is fetched without anybody asking: told by its git host, or every so often. */
export function ByItself({ project, why, whySecret }: ByItselfProps) {
  const { t } = useLanguage();
  const trouble = useTrouble();
  const org = project.organization.slug;
  const change = useChangeProject(org, project.slug);
  const renew = useRenewHook(org, project.slug);
  const end = useEndHook(org, project.slug);
  const [made, setMade] = useState<HookMade | null>(null);
  const failed = change.error ?? renew.error ?? end.error;
  const every = [...new Set([...EVERY, project.poll_minutes])].sort((a, b) => a - b);
  return (
    <section aria-labelledby="by-itself" className="flex flex-col gap-4 border-t border-line pt-5">
      <div>
        <h2 id="by-itself" className="font-semibold">
          {t("hooks.title")}
        </h2>
        <p className="text-sm text-muted">{t("hooks.lead")}</p>
      </div>
      <div className="flex flex-wrap items-center gap-3 rounded-lg border border-line px-4 py-2.5">
        <div className="min-w-0 flex-1 basis-64">
          <p className="font-medium">{t("hooks.hook")}</p>
          <p className="text-sm text-muted">
            {!project.hook.set && t("hooks.none")}
            {project.hook.set && !project.hook.came_at && t("hooks.waiting")}
            {project.hook.came_at && (
              <>
                {t(`hooks.said.${project.hook.said ?? "fetching"}`)} <Ago at={project.hook.came_at} />
              </>
            )}
          </p>
        </div>
        <Button busy={renew.isPending} why={whySecret} onClick={() => renew.mutate(undefined, { onSuccess: setMade })}>
          {project.hook.set ? t("webhooks.newSecret") : t("hooks.make")}
        </Button>
        {project.hook.set && (
          <Button variant="danger" busy={end.isPending} why={whySecret} onClick={() => end.mutate()}>
            {t("common.remove")}
          </Button>
        )}
      </div>
      <Field className="max-w-xs" label={t("hooks.every")} hint={t("hooks.everyHint")}>
        <Select
          value={project.poll_minutes}
          disabled={Boolean(why) || change.isPending}
          onChange={(event) => change.mutate({ poll_minutes: Number(event.target.value) })}
        >
          {every.map((minutes) => (
            <option key={minutes} value={minutes}>
              {minutes === 0 ? t("hooks.never") : t("trusts.minutes", { count: minutes })}
            </option>
          ))}
        </Select>
      </Field>
      {Boolean(failed) && <TroubleNotice trouble={trouble(failed)} />}
      {made && (
        <Dialog
          open
          wide
          title={t("hooks.madeTitle")}
          description={t("hooks.madeLead")}
          footer={
            <Button variant="primary" onClick={() => setMade(null)}>
              {t("tokens.kept")}
            </Button>
          }
        >
          <dl className="flex flex-col gap-3">
            {(["url", "secret"] as const).map((name) => (
              <div key={name}>
                <dt className="mb-1 text-sm text-muted">{t(`hooks.${name}`)}</dt>
                <dd className="flex items-center gap-2 rounded-md border border-line bg-code px-3 py-2">
                  <code className="min-w-0 flex-1 text-sm break-all" data-testid={`hook-${name}`}>
                    {made[name]}
                  </code>
                  <CopyButton text={made[name]} />
                </dd>
              </div>
            ))}
          </dl>
          <ul className="mt-4 list-disc pl-5 text-sm text-muted">
            <li>{t("hooks.github")}</li>
            <li>{t("hooks.gitlab")}</li>
            <li>{t("hooks.generic")}</li>
          </ul>
        </Dialog>
      )}
    </section>
  );
}
