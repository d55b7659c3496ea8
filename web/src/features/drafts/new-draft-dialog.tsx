/** What Alembic should write: a merge of the heads, an empty revision, or what the models have and a database has not. */
import { useTrouble } from "@/api/use-trouble";
import type { CurrentEnvironment, Draft } from "@/api/types";
import { useLanguage } from "@/i18n";
import { Button } from "@/ui/button";
import { Dialog } from "@/ui/dialog";
import { Field, Input, Select } from "@/ui/field";
import { TroubleNotice } from "@/ui/notice";
import { Segmented } from "@/ui/segmented";
import { useForm } from "@/ui/use-form";
import { useAskForDraft } from "./queries";

type Kind = "merge" | "empty" | "autogenerate";

interface Values {
  kind: Kind;
  message: string;
  revId: string;
  head: string;
  database: string;
}

interface NewDraftDialogProps {
  org: string;
  project: string;
  heads: readonly string[];
  environments: readonly CurrentEnvironment[];
  onClose: () => void;
  onAsked: (draft: Draft) => void;
}

export function NewDraftDialog({ org, project, heads, environments, onClose, onAsked }: NewDraftDialogProps) {
  const { t } = useLanguage();
  const trouble = useTrouble();
  const ask = useAskForDraft(org, project);
  const databases = environments.flatMap((environment) => environment.databases.map((database) => ({ environment, database })));
  const form = useForm<Values>(
    {
      kind: heads.length > 1 ? "merge" : "empty",
      message: heads.length > 1 ? "merge heads" : "",
      revId: "",
      head: heads[0] ?? "",
      database: databases[0]?.database.id ?? "",
    },
    async ({ kind, message, revId, head, database }) => {
      const compared = databases.find((one) => one.database.id === database);
      onAsked(
        await ask.mutateAsync({
          kind,
          message,
          rev_id: revId.trim() || null,
          heads: kind !== "merge" && head ? [head] : null,
          ...(kind === "autogenerate" && compared ? { environment: compared.environment.slug, database: compared.database.id } : {}),
        }),
      );
    },
  );
  const { kind } = form.values;
  const kinds: Kind[] = [...(heads.length > 1 ? ["merge" as const] : []), "empty", ...(databases.length > 0 ? ["autogenerate" as const] : [])];
  return (
    <Dialog
      open
      onClose={onClose}
      title={t("drafts.new")}
      description={t("drafts.lead")}
      footer={
        <>
          <Button onClick={onClose}>{t("common.cancel")}</Button>
          <Button type="submit" form="new-draft" variant="primary" busy={form.busy} disabled={form.values.message.trim() === ""}>
            {t("drafts.write")}
          </Button>
        </>
      }
    >
      <form id="new-draft" className="flex flex-col gap-4" noValidate onSubmit={(event) => void form.submit(event)}>
        <div>
          <Segmented
            label={t("drafts.kind")}
            value={kind}
            onChange={(next) => form.set("kind", next)}
            options={kinds.map((value) => ({ value, label: t(`drafts.kind.${value}`) }))}
          />
          <p className="mt-1 text-xs text-muted">{t(`drafts.kind.${kind}.hint`)}</p>
        </div>
        <Field label={t("drafts.message")} hint={t("drafts.messageHint")} error={form.errorOf("message")}>
          <Input data-autofocus name="message" value={form.values.message} onChange={(event) => form.set("message", event.target.value)} />
        </Field>
        {kind === "merge" ? (
          <p className="text-sm">
            <span className="font-medium">{t("drafts.follows")}</span> <code className="text-xs break-all">{heads.join(", ")}</code>
          </p>
        ) : (
          heads.length > 1 && (
            <Field label={t("drafts.follows")} error={form.errorOf("heads")}>
              <Select value={form.values.head} onChange={(event) => form.set("head", event.target.value)}>
                {heads.map((head) => (
                  <option key={head}>{head}</option>
                ))}
              </Select>
            </Field>
          )
        )}
        {kind === "autogenerate" && (
          <Field label={t("drafts.compare")} error={form.errorOf("database")}>
            <Select value={form.values.database} onChange={(event) => form.set("database", event.target.value)}>
              {databases.map(({ environment, database }) => (
                <option key={database.id} value={database.id}>
                  {environment.name} · {database.name}
                </option>
              ))}
            </Select>
          </Field>
        )}
        <Field label={t("drafts.revId")} optional={t("common.optional")} hint={t("drafts.revIdHint")} error={form.errorOf("rev_id")}>
          <Input mono name="rev_id" value={form.values.revId} onChange={(event) => form.set("revId", event.target.value)} />
        </Field>
        {form.error != null && <TroubleNotice trouble={trouble(form.error)} />}
      </form>
    </Dialog>
  );
}
