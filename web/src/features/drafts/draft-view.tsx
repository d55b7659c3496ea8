/** A draft: the file as it would be added, and the branch that it goes to. */
import { ExternalLink, GitBranch } from "lucide-react";
import { useTrouble } from "@/api/use-trouble";
import type { Draft } from "@/api/types";
import { useLanguage } from "@/i18n";
import { Button } from "@/ui/button";
import { Code } from "@/ui/code";
import { CopyButton } from "@/ui/copy-button";
import { Field, Input } from "@/ui/field";
import { Notice, TroubleNotice } from "@/ui/notice";
import { Spinner } from "@/ui/spinner";
import { Empty } from "@/ui/states";
import { useForm } from "@/ui/use-form";
import { isBusy, usePushDraft } from "./queries";

interface DraftViewProps {
  org: string;
  project: string;
  draft: Draft;
  /** Where the host makes a merge request of a branch; null where the host is not known. */
  requestLink: string | null;
  why: string | null;
}

export function DraftView({ org, project, draft, requestLink, why }: DraftViewProps) {
  const { t, rich } = useLanguage();
  const commit = draft.commit.slice(0, 7);
  if (draft.state === "waiting" || draft.state === "running")
    return (
      <Empty icon={<Spinner className="size-5 text-running" />} title={t("drafts.writing")}>
        <p role="status">{t("drafts.writingDetail", { commit, ref: draft.ref })}</p>
      </Empty>
    );
  return (
    <div className="flex flex-col gap-4">
      <p className="text-sm text-muted">{t("drafts.onCommit", { kind: t(`drafts.kind.${draft.kind}`), commit, ref: draft.ref, actor: draft.actor })}</p>
      {draft.error && !isBusy(draft) && <TroubleNotice trouble={draft.error} />}
      {draft.notes.map((note) => (
        <Notice key={note.detail} kind="warning" title={t("drafts.hookNote")}>
          <p className="font-mono text-xs whitespace-pre-line">{note.detail}</p>
        </Notice>
      ))}
      {draft.path && draft.content !== null && (
        <section className="overflow-hidden rounded-md border border-line">
          <header className="flex items-center gap-2 border-b border-line px-3 py-1.5 text-sm">
            <span className="min-w-0 flex-1 break-all">{rich("drafts.newFile", { path: <code className="text-xs">{draft.path}</code> })}</span>
            <CopyButton text={draft.content} label={t("drafts.copy")} />
          </header>
          <Code added source={draft.content} label={t("drafts.newFile", { path: draft.path })} />
        </section>
      )}
      {draft.state === "pushed" ? (
        <Notice
          kind="success"
          title={rich("drafts.pushed", { branch: <code key="branch">{draft.branch}</code> })}
          action={
            requestLink && (
              <Button asChild size="small">
                <a href={requestLink} target="_blank" rel="noreferrer">
                  {t("drafts.openRequest")} <ExternalLink aria-hidden className="size-3" />
                </a>
              </Button>
            )
          }
        >
          <p>{t("drafts.pushedDetail", { ref: draft.ref })}</p>
        </Notice>
      ) : (
        draft.content !== null && <Push key={draft.id} org={org} project={project} draft={draft} why={why} />
      )}
    </div>
  );
}

function Push({ org, project, draft, why }: Omit<DraftViewProps, "requestLink">) {
  const { t } = useLanguage();
  const trouble = useTrouble();
  const push = usePushDraft(org, project, draft.id);
  const form = useForm({ branch: draft.branch ?? "" }, async ({ branch }) => {
    await push.mutateAsync(branch.trim());
  });
  const pushing = isBusy(draft);
  return (
    <form className="flex flex-col gap-3" noValidate onSubmit={(event) => void form.submit(event)}>
      <Field label={t("drafts.branch")} hint={t("drafts.branchHint")} error={form.errorOf("branch")}>
        <Input mono name="branch" value={form.values.branch} onChange={(event) => form.set("branch", event.target.value)} />
      </Field>
      {form.error != null && <TroubleNotice trouble={trouble(form.error)} />}
      <div>
        <Button type="submit" variant="primary" busy={form.busy || pushing} why={why} disabled={form.values.branch.trim() === ""}>
          {!form.busy && !pushing && <GitBranch aria-hidden className="size-3.5" />} {t(pushing ? "drafts.pushing" : "drafts.push")}
        </Button>
      </div>
    </form>
  );
}
