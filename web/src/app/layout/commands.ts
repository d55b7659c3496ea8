/** What may be done from anywhere, besides going to a page; only what the API lets this person do. */
import { useQuery, useQueryClient } from "@tanstack/react-query";
import { useNavigate, useParams } from "react-router";
import type { History, OrganizationOfMe } from "@/api/types";
import { isOpen, mayResume, useJobByNumber, useRunningCount } from "@/features/jobs/queries";
import { useJobTitle } from "@/features/jobs/state";
import { currentQuery, projectName, useReadDatabase } from "@/features/migrations/queries";
import { useFetchProject, useProject } from "@/features/projects/queries";
import { signOut, useSavePreference } from "@/features/session/queries";
import { LANGUAGE_NAMES } from "@/features/session/user-menu";
import { LOCALES, useLanguage } from "@/i18n";
import { setTheme, type Theme } from "@/ui/theme";
import { addresses } from "../addresses";
import { useMe } from "../use-me";

export interface Command {
  label: string;
  group: string;
  act: () => void;
}

const THEMES: readonly Theme[] = ["light", "dark", "system"];
const MOST_REVISIONS = 8;

/** The graph of a project as far as this page has read it. */
function useKnownHistory(org: string, slug: string): History | undefined {
  const client = useQueryClient();
  return client.getQueriesData<History>({ queryKey: ["history", projectName(org, slug)] }).flatMap(([, data]) => (data ? [data] : []))[0];
}

/** Moves of each environment, fetching, and what can be added: of the project that the page is about. */
function useProjectCommands(org: string): Command[] {
  const { t } = useLanguage();
  const navigate = useNavigate();
  const { project: slug = "" } = useParams();
  const project = useProject(org, slug || undefined);
  const current = useQuery({ ...currentQuery(projectName(org, slug)), enabled: slug !== "" });
  const fetchNow = useFetchProject(org, slug);
  const read = useReadDatabase(org, slug);
  const head = (useKnownHistory(org, slug)?.heads.length ?? 1) > 1 ? "heads" : "head";
  if (!project.data) return [];
  const may = (permission: string) => project.data.permissions.includes(permission);
  const group = project.data.name;
  const go = (label: string, to: string): Command => ({ label, group, act: () => void navigate(to) });
  const moves = (current.data?.environments ?? []).flatMap((environment): Command[] => {
    if (environment.databases.length === 0) return [];
    const move = (kind: string, to: string) => `${addresses.migrations(org, slug)}?${new URLSearchParams({ move: kind, on: environment.slug, to }).toString()}`;
    const allowed = (permission: string, command: Command) => (environment.permissions.includes(permission) ? [command] : []);
    return [
      ...allowed(environment.permissions.includes("job.upgrade") ? "job.upgrade" : "job.request", go(t("migrations.upgradeEnvironment", { environment: environment.name }), move("upgrade", head))),
      ...allowed("job.downgrade", go(t("palette.downgrade", { environment: environment.name }), move("downgrade", "base"))),
      ...allowed("job.stamp", go(t("palette.stamp", { environment: environment.name }), move("stamp", head))),
      {
        label: t("palette.read", { environment: environment.name }),
        group,
        act: () => {
          for (const database of environment.databases) read.mutate({ environment: environment.slug, database: database.id });
        },
      },
    ];
  });
  return [
    ...moves,
    ...(may("job.plan") ? [{ label: t("projects.fetchNow"), group, act: () => fetchNow.mutate() }] : []),
    ...(may("revision.write") ? [go(`${t("drafts.new")}…`, addresses.newRevision(org, slug))] : []),
    ...(may("environment.write") ? [go(t("environments.add"), `${addresses.settings(org, slug)}?section=environments&add=environment`)] : []),
    ...(may("project.update") ? [go(t("palette.repository"), `${addresses.settings(org, slug)}?section=repository`)] : []),
    ...(may("project.delete") ? [go(t("projects.delete"), `${addresses.settings(org, slug)}?section=danger`)] : []),
  ];
}

/** Jobs that run: to watch, and to cancel where that is allowed. */
function useJobCommands(org: string): Command[] {
  const { t } = useLanguage();
  const navigate = useNavigate();
  const title = useJobTitle();
  return useRunningCount(org).flatMap((job) => {
    const address = addresses.job(org, job.project.slug, job.id);
    const group = `#${job.number}`;
    const words = `${job.project.name} · ${title(job)}`;
    return [
      { label: t("palette.watch", { job: words }), group, act: () => void navigate(address) },
      ...(job.permissions.includes("job.cancel") ? [{ label: t("palette.cancel", { job: words }), group, act: () => void navigate(`${address}?ask=cancel`) }] : []),
    ];
  });
}

/** The one job that was named by its number: to open, and what may be done with it. */
function useNumberedCommands(org: string, text: string): Command[] {
  const { t } = useLanguage();
  const navigate = useNavigate();
  const title = useJobTitle();
  const number = /^#?([1-9]\d{0,8})$/.exec(text.trim())?.[1];
  const found = useJobByNumber(org, number === undefined ? null : Number(number));
  return found.flatMap((job) => {
    const address = addresses.job(org, job.project.slug, job.id);
    const group = `#${job.number}`;
    const words = `${job.project.name} · ${title(job)}`;
    const ask = (label: string, what: "resume" | "cancel") => ({ label, group, act: () => void navigate(`${address}?ask=${what}`) });
    return [
      { label: t("palette.openJob", { job: words }), group, act: () => void navigate(address) },
      ...(mayResume(job) ? [ask(t("palette.resume", { job: words }), "resume")] : []),
      ...(isOpen(job) && job.permissions.includes("job.cancel") ? [ask(t("palette.cancel", { job: words }), "cancel")] : []),
    ];
  });
}

/** Revisions of the project on the page, by the first letters of an id or a part of the message. */
function useRevisionCommands(org: string, text: string): Command[] {
  const { t } = useLanguage();
  const navigate = useNavigate();
  const { project: slug = "" } = useParams();
  const known = useKnownHistory(org, slug);
  const wanted = text.trim().toLowerCase();
  if (!slug || wanted.length < 2) return [];
  const open = (revision: string, label: string): Command => ({
    label,
    group: t("palette.revision"),
    act: () => void navigate(`${addresses.migrations(org, slug)}?${new URLSearchParams({ revision }).toString()}`),
  });
  const found = (known?.revisions ?? [])
    .filter(({ id, message }) => id.toLowerCase().startsWith(wanted) || (wanted.length > 2 && message.toLowerCase().includes(wanted)))
    .slice(0, MOST_REVISIONS);
  if (found.length > 0) return found.map(({ id, message }) => open(id, `${id} ${message}`));
  // Without the graph at hand the page itself will know the id, or say that this code does not have it.
  return /^[0-9a-z_]{4,}$/.test(wanted) ? [open(wanted, t("palette.openRevision", { revision: wanted }))] : [];
}

function usePersonalCommands(organization: OrganizationOfMe): Command[] {
  const { t, locale, setLocale } = useLanguage();
  const navigate = useNavigate();
  const save = useSavePreference();
  const me = useMe();
  const group = t("palette.you");
  return [
    ...me.organizations
      .filter((one) => one.id !== organization.id)
      .map((one) => ({ label: t("palette.organization", { name: one.name }), group, act: () => void navigate(addresses.projects(one.slug)) })),
    ...LOCALES.filter((one) => one !== locale).map((one) => ({
      label: `${t("top.language")}: ${LANGUAGE_NAMES[one]}`,
      group,
      act: () => {
        setLocale(one);
        save.mutate({ locale: one });
      },
    })),
    ...THEMES.map((one) => ({
      label: `${t("top.theme")}: ${t(`top.theme.${one}`)}`,
      group,
      act: () => {
        setTheme(one);
        save.mutate({ theme: one });
      },
    })),
    ...(me.staff ? [{ label: t("installation.title"), group, act: () => void navigate(addresses.installation) }] : []),
    { label: t("top.components"), group, act: () => void navigate("/ui") },
    { label: t("top.signOut"), group, act: () => void signOut().then(() => navigate("/sign-in")) },
  ];
}

export interface Commands {
  /** Found by their names. */
  named: Command[];
  /** Found by what was typed: a job by its number, revisions by their ids and messages. */
  typed: Command[];
}

export function useCommands(organization: OrganizationOfMe, text: string): Commands {
  const org = organization.slug;
  const [project, jobs, personal] = [useProjectCommands(org), useJobCommands(org), usePersonalCommands(organization)];
  const [numbered, revisions] = [useNumberedCommands(org, text), useRevisionCommands(org, text)];
  return { named: [...project, ...jobs, ...personal], typed: [...numbered, ...revisions] };
}
