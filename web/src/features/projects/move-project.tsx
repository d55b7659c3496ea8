/** Giving a project to another organization: what goes along, what stays behind, and the name typed once more. */
import { useState } from "react";
import { useTrouble } from "@/api/use-trouble";
import type { OrganizationOfMe, Project } from "@/api/types";
import { useLanguage } from "@/i18n";
import { Button } from "@/ui/button";
import { Dialog } from "@/ui/dialog";
import { Field, Input, Select } from "@/ui/field";
import { TroubleNotice } from "@/ui/notice";
import { useForm } from "@/ui/use-form";
import { useMoveProject } from "./queries";

interface MoveProjectProps {
  project: Project;
  /** Where this person may add projects. */
  takers: OrganizationOfMe[];
  why: string | null;
  onMoved: (org: string) => unknown;
}

export function MoveProject({ project, takers, why, onMoved }: MoveProjectProps) {
  const { t } = useLanguage();
  const [open, setOpen] = useState(false);
  return (
    <section className="flex max-w-md flex-col items-start gap-3">
      <h2 className="font-semibold">{t("projects.move")}</h2>
      <p>{t("projects.moveHint")}</p>
      <Button variant="danger" why={why ?? (takers.length === 0 ? t("projects.moveNowhere") : null)} onClick={() => setOpen(true)}>
        {t("projects.move")}
      </Button>
      {open && <MoveDialog project={project} takers={takers} onMoved={onMoved} onClose={() => setOpen(false)} />}
    </section>
  );
}

function MoveDialog({ project, takers, onMoved, onClose }: Omit<MoveProjectProps, "why"> & { onClose: () => void }) {
  const { t } = useLanguage();
  const trouble = useTrouble();
  const move = useMoveProject(project.organization.slug, project.slug, onMoved);
  const only = takers.length === 1 ? takers[0]?.slug : undefined;
  const form = useForm({ organization: only ?? "", slug: "" }, async (values) => {
    await move.mutateAsync(values);
  });
  const { values, set, errorOf } = form;
  return (
    <Dialog
      open
      wide
      onClose={onClose}
      title={t("projects.moveTitle", { name: project.name })}
      footer={
        <>
          <Button onClick={onClose}>{t("common.cancel")}</Button>
          <Button type="submit" form="move-project" variant="danger-primary" busy={form.busy} disabled={values.organization === "" || values.slug !== project.slug}>
            {t("projects.moveSubmit")}
          </Button>
        </>
      }
    >
      <form id="move-project" className="flex flex-col gap-4" noValidate onSubmit={(event) => void form.submit(event)}>
        <div className="grid gap-4 sm:grid-cols-2">
          <Told title={t("projects.moveAlong")} lines={[t("projects.moveAlong.history"), t("projects.moveAlong.places"), t("projects.moveAlong.numbers")]} />
          <Told
            title={t("projects.moveLeft")}
            lines={[t("projects.moveLeft.roles"), t("projects.moveLeft.keys"), t("projects.moveLeft.secrets"), t("projects.moveLeft.requests"), t("projects.moveLeft.audit")]}
          />
        </div>
        <Field label={t("projects.moveTo")} error={errorOf("organization")}>
          <Select value={values.organization} onChange={(event) => set("organization", event.target.value)}>
            {!only && <option value="" />}
            {takers.map((one) => (
              <option key={one.id} value={one.slug}>
                {one.name} ({one.slug})
              </option>
            ))}
          </Select>
        </Field>
        <Field label={t("projects.moveConfirm", { name: project.slug })} error={errorOf("slug")}>
          <Input mono value={values.slug} onChange={(event) => set("slug", event.target.value)} />
        </Field>
        {form.error != null && <TroubleNotice trouble={trouble(form.error)} />}
      </form>
    </Dialog>
  );
}

function Told({ title, lines }: { title: string; lines: string[] }) {
  return (
    <div>
      <h3 className="font-medium">{title}</h3>
      <ul className="mt-1 list-disc space-y-1 pl-4 text-sm text-muted">
        {lines.map((line) => (
          <li key={line}>{line}</li>
        ))}
      </ul>
    </div>
  );
}
