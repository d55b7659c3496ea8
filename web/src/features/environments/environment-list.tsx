import { Database as DatabaseIcon, Lock, Pencil, Plus, RefreshCw, Trash2 } from "lucide-react";
import { type ComponentProps, useState } from "react";
import { useTrouble } from "@/api/use-trouble";
import type { Database, Environment } from "@/api/types";
import { useLanguage } from "@/i18n";
import { Button, IconButton } from "@/ui/button";
import { Chip } from "@/ui/chip";
import { Dialog } from "@/ui/dialog";
import { TroubleNotice } from "@/ui/notice";
import { Empty, Failed, SkeletonRows } from "@/ui/states";
import { Ago } from "@/ui/time";
import { CertificateState } from "./certificate-state";
import { DatabaseForm } from "./database-form";
import { Automatic } from "./automatic";
import { Freezes } from "./freezes";
import { EnvironmentForm } from "./environment-form";
import { useDeleteDatabase, useDeleteEnvironment, useEnvironments, useReadDatabase } from "./queries";

interface EnvironmentListProps {
  org: string;
  project: string;
  /** Why nothing can be changed here. */
  why: string | null;
}

type RenderLink = ComponentProps<typeof Automatic>["renderLink"];

interface ListProps extends EnvironmentListProps {
  renderLink: RenderLink;
  /** The form for a new environment is open. */
  adding: boolean;
  onAdding: (adding: boolean) => void;
}

export function EnvironmentList({ org, project, why, adding: asked, onAdding: setAdding, renderLink }: ListProps) {
  const { t } = useLanguage();
  const trouble = useTrouble();
  const environments = useEnvironments(org, project);
  const adding = asked && why === null;
  if (environments.isPending) return <SkeletonRows rows={4} />;
  if (environments.isError) return <Failed trouble={trouble(environments.error)} onRetry={() => void environments.refetch()} />;
  const add = (
    <Button variant={environments.data.length === 0 ? "primary" : "plain"} why={why} onClick={() => setAdding(true)}>
      <Plus aria-hidden className="size-3.5" /> {t("environments.add")}
    </Button>
  );
  return (
    <div className="flex flex-col gap-5">
      {environments.data.length === 0 && !adding && (
        <Empty icon={<DatabaseIcon className="size-5" />} title={t("environments.empty.title")} action={add}>
          {t("environments.empty.detail")}
        </Empty>
      )}
      {environments.data.map((environment) => (
        <EnvironmentCard key={environment.id} org={org} project={project} environment={environment} all={environments.data} why={why} renderLink={renderLink} />
      ))}
      {environments.data.length > 0 && <Freezes org={org} project={project} environments={environments.data} why={why} />}
      {adding ? (
        <section ref={intoView} className="rounded-lg border border-line p-4">
          <h3 className="mb-3 font-semibold">{t("environments.add")}</h3>
          <EnvironmentForm org={org} project={project} environment={null} onDone={() => setAdding(false)} onCancel={() => setAdding(false)} />
        </section>
      ) : (
        environments.data.length > 0 && <div>{add}</div>
      )}
    </div>
  );
}

/** The form opens below everything else: whoever asked for it, or was sent its address, is brought to it. */
function intoView(element: HTMLElement | null): void {
  element?.scrollIntoView({ block: "start" });
}

interface CardProps extends EnvironmentListProps {
  environment: Environment;
  all: Environment[];
  renderLink: RenderLink;
}

function EnvironmentCard({ org, project, environment, all, why, renderLink }: CardProps) {
  const { t, duration } = useLanguage();
  const [editing, setEditing] = useState<"form" | "host key" | null>(null);
  const [adding, setAdding] = useState(false);
  const [deleting, setDeleting] = useState(false);
  const first = all.find((one) => one.id === environment.predecessor_id);
  const remove = useDeleteEnvironment(org, project, environment.slug);
  const facts = [
    t("environments.facts.lock", { time: duration(environment.lock_timeout_ms) }),
    ...(environment.approvals_needed > 0 ? [t("environments.facts.approvals", { count: environment.approvals_needed })] : []),
    ...(environment.windows.length > 0 ? [t("environments.facts.windows", { count: environment.windows.length })] : []),
    ...(first ? [t("environments.facts.predecessor", { environment: first.name })] : []),
    ...(environment.tunnel ? [t("environments.facts.tunnel", { host: environment.tunnel.host })] : []),
    ...(environment.auto_upgrade ? [t("environments.facts.automatic")] : []),
    ...environment.variables.map((variable) => variable.name),
  ];
  return (
    <section className="rounded-lg border border-line" aria-label={environment.name}>
      <header className="flex items-center gap-2 px-4 py-2.5">
        <div className="min-w-0 flex-1">
          <h3 className="flex items-center gap-2 font-semibold">
            {environment.name}
            {environment.protected && (
              <Chip>
                <Lock aria-hidden className="size-2.5" /> {t("environments.protectedChip")}
              </Chip>
            )}
          </h3>
          <p className="truncate text-xs text-muted">{facts.join(" · ")}</p>
        </div>
        <IconButton label={t("environments.edit", { name: environment.name })} why={why} onClick={() => setEditing(editing ? null : "form")}>
          <Pencil className="size-3.5" />
        </IconButton>
        <IconButton label={t("environments.delete", { name: environment.name })} why={why} onClick={() => setDeleting(true)}>
          <Trash2 className="size-3.5" />
        </IconButton>
      </header>
      {editing && (
        <div className="border-t border-line p-4">
          <EnvironmentForm org={org} project={project} environment={environment} comparing={editing === "host key"} onDone={() => setEditing(null)} onCancel={() => setEditing(null)} />
        </div>
      )}
      <ul>
        {environment.databases.map((database) => (
          <DatabaseRow key={database.id} org={org} project={project} environment={environment.slug} database={database} why={why} onCompare={() => setEditing("host key")} />
        ))}
      </ul>
      {environment.auto_upgrade && <Automatic org={org} project={project} environment={environment.slug} renderLink={renderLink} />}
      <div className="border-t border-line px-4 py-2.5">
        {adding ? (
          <DatabaseForm org={org} project={project} environment={environment.slug} database={null} onDone={() => setAdding(false)} onCancel={() => setAdding(false)} />
        ) : (
          <Button size="small" variant={environment.databases.length === 0 ? "primary" : "quiet"} why={why} onClick={() => setAdding(true)}>
            <Plus aria-hidden className="size-3" /> {t("environments.addDatabase")}
          </Button>
        )}
      </div>
      <ConfirmDelete
        open={deleting}
        title={t("environments.delete", { name: environment.name })}
        detail={t("environments.deleteHint")}
        remove={remove}
        onClose={() => setDeleting(false)}
      />
    </section>
  );
}

interface RemoveMutation {
  mutate: (nothing: undefined, options: { onSuccess: () => void }) => void;
  isPending: boolean;
  error: unknown;
}

function ConfirmDelete({ open, title, detail, remove, onClose }: { open: boolean; title: string; detail: string; remove: RemoveMutation; onClose: () => void }) {
  const { t } = useLanguage();
  const trouble = useTrouble();
  return (
    <Dialog
      open={open}
      onClose={onClose}
      title={title}
      footer={
        <>
          <Button onClick={onClose}>{t("common.cancel")}</Button>
          <Button variant="danger-primary" busy={remove.isPending} onClick={() => remove.mutate(undefined, { onSuccess: onClose })}>
            {t("common.delete")}
          </Button>
        </>
      }
    >
      <p>{detail}</p>
      {remove.error != null && <TroubleNotice className="mt-3" trouble={trouble(remove.error)} />}
    </Dialog>
  );
}

function DatabaseState({ database }: { database: Database }) {
  const { t } = useLanguage();
  const { state } = database.read;
  if (state === "running" || state === "waiting") return <Chip tone="running">{t("environments.reading")}</Chip>;
  if (state === "failed") return <Chip tone="failed">{t("environments.unreachable")}</Chip>;
  if (!database.trusted) return <Chip tone="failed">{t("environments.untrusted")}</Chip>;
  if (database.heads === null) return <Chip>{t("environments.neverRead")}</Chip>;
  return (
    <code className="max-w-52 truncate text-xs text-muted" title={database.heads.join(", ")}>
      {database.heads.join(", ") || "base"}
    </code>
  );
}

interface DatabaseRowProps extends EnvironmentListProps {
  environment: string;
  database: Database;
  /** The SSH server on the way shows another host key than the saved one. */
  onCompare: () => void;
}

function DatabaseRow({ org, project, environment, database, why, onCompare }: DatabaseRowProps) {
  const { t } = useLanguage();
  const [editing, setEditing] = useState(false);
  const [deleting, setDeleting] = useState(false);
  const read = useReadDatabase(org, project, environment, database.id);
  const remove = useDeleteDatabase(org, project, environment, database.id);
  return (
    <li className="border-t border-line">
      <div className="flex min-h-11 flex-wrap items-center gap-x-3 gap-y-1 px-4 py-1.5">
        <DatabaseIcon aria-hidden className="size-3.5 shrink-0 text-muted" />
        <div className="min-w-0 flex-1 basis-48">
          <p className="truncate font-medium">{database.name}</p>
          <p className="truncate font-mono text-xs text-muted">
            {database.username}@{database.host}:{database.port}/{database.database}
          </p>
        </div>
        <DatabaseState database={database} />
        <CertificateState certificate={database.client_certificate} />
        <span className="text-xs whitespace-nowrap text-muted">
          {database.server_version && `PostgreSQL ${database.server_version}`}
          {database.heads_read_at && (
            <>
              {" · "}
              <Ago at={database.heads_read_at} short />
            </>
          )}
        </span>
        <span className="flex">
          <IconButton label={t("environments.readDatabase", { name: database.name })} busy={read.isPending} onClick={() => read.mutate()}>
            {!read.isPending && <RefreshCw className="size-3.5" />}
          </IconButton>
          <IconButton label={t("environments.edit", { name: database.name })} why={why} onClick={() => setEditing(!editing)}>
            <Pencil className="size-3.5" />
          </IconButton>
          <IconButton label={t("environments.delete", { name: database.name })} why={why} onClick={() => setDeleting(true)}>
            <Trash2 className="size-3.5" />
          </IconButton>
        </span>
      </div>
      {database.read.state === "failed" && database.read.error && (
        <div className="px-4 pb-3">
          <TroubleNotice
            trouble={database.read.error}
            onRetry={() => read.mutate()}
            action={
              database.read.error.code === "tunnel_host_key" && (
                <Button size="small" why={why} onClick={onCompare}>
                  {t("environments.hostKeyOpen")}
                </Button>
              )
            }
          />
        </div>
      )}
      {editing && (
        <div className="border-t border-line p-4">
          <DatabaseForm org={org} project={project} environment={environment} database={database} onDone={() => setEditing(false)} onCancel={() => setEditing(false)} />
        </div>
      )}
      <ConfirmDelete
        open={deleting}
        title={t("environments.delete", { name: database.name })}
        detail={t("environments.deleteDatabaseHint")}
        remove={remove}
        onClose={() => setDeleting(false)}
      />
    </li>
  );
}
