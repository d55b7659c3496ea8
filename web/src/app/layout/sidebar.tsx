import {
  Activity,
  Check,
  ChevronsUpDown,
  ClipboardCheck,
  Database,
  FilePen,
  FolderGit2,
  GitBranch,
  KeyRound,
  type LucideIcon,
  Plus,
  ScrollText,
  Settings,
  Users,
  Webhook,
} from "lucide-react";
import { Link, NavLink, useParams } from "react-router";
import type { OrganizationOfMe } from "@/api/types";
import { useWaitingCount } from "@/features/approvals/queries";
import { useRunningCount } from "@/features/jobs/queries";
import { useProject, useProjects } from "@/features/projects/queries";
import { useLanguage } from "@/i18n";
import { Chip } from "@/ui/chip";
import { cx } from "@/ui/cx";
import { Menu, MenuItem, MenuSeparator } from "@/ui/menu";
import { addresses } from "../addresses";
import { useMe } from "../use-me";

interface EntryProps {
  to: string;
  icon: LucideIcon;
  label: string;
  end?: boolean;
  aside?: React.ReactNode;
  onNavigate?: (() => void) | undefined;
}

function Entry({ to, icon: Icon, label, end = false, aside, onNavigate }: EntryProps) {
  return (
    <li>
      <NavLink
        to={to}
        end={end}
        onClick={onNavigate}
        className={({ isActive }) =>
          cx(
            "flex h-7.5 items-center gap-2.5 rounded-md px-2 max-md:h-9",
            isActive ? "bg-selected font-medium text-accent-text" : "text-muted hover:bg-hover hover:text-text",
          )
        }
      >
        <Icon aria-hidden className="size-4 shrink-0" />
        <span className="min-w-0 flex-1 truncate">{label}</span>
        {aside}
      </NavLink>
    </li>
  );
}

function Section({ title, children }: { title: string; children: React.ReactNode }) {
  return (
    <section className="mt-3">
      <h2 className="truncate px-2 pb-1 text-xs text-muted">{title}</h2>
      <ul>{children}</ul>
    </section>
  );
}

function RunningChip({ count }: { count: number }) {
  const { t } = useLanguage();
  return count > 0 ? <Chip tone="running">{t("nav.running", { count })}</Chip> : null;
}

/** How many requests wait for this person. */
function WaitingChip({ org }: { org: string }) {
  const { t } = useLanguage();
  const count = useWaitingCount(org);
  return count > 0 ? <Chip tone="pending">{t("approvals.waitingCount", { count })}</Chip> : null;
}

function OrganizationSwitch({ organization }: { organization: OrganizationOfMe }) {
  const { t } = useLanguage();
  const { organizations } = useMe();
  return (
    <Menu
      align="start"
      trigger={
        <button
          type="button"
          aria-label={`${organization.name}. ${t("nav.switchOrganization")}`}
          className="flex h-9 w-full items-center gap-2.5 rounded-md px-2 text-left hover:bg-hover"
        >
          <span aria-hidden className="flex size-5 shrink-0 items-center justify-center rounded-[5px] bg-accent text-xs font-bold text-on-accent">
            {organization.name.slice(0, 1).toUpperCase()}
          </span>
          <span className="min-w-0 flex-1 truncate font-semibold">{organization.name}</span>
          <ChevronsUpDown aria-hidden className="size-3.5 text-muted" />
        </button>
      }
    >
      {organizations.map((one) => (
        <MenuItem key={one.id} asChild>
          <Link to={addresses.projects(one.slug)}>
            <span className="min-w-0 flex-1 truncate">{one.name}</span>
            {one.id === organization.id && <Check className="size-3.5 text-accent-text" />}
          </Link>
        </MenuItem>
      ))}
      <MenuSeparator />
      <MenuItem asChild>
        <Link to={addresses.account("organizations")}>
          <Plus aria-hidden className="size-3.5" /> {t("account.found")}
        </Link>
      </MenuItem>
    </Menu>
  );
}

export function Sidebar({ organization, onNavigate }: { organization: OrganizationOfMe; onNavigate?: () => void }) {
  const { t } = useLanguage();
  const { project: slug } = useParams();
  const project = useProject(organization.slug, slug);
  const running = useRunningCount(organization.slug);
  const org = organization.slug;
  // Of the organization, or of a project in it.
  const projects = useProjects(org);
  const managesTokens = [organization, ...(projects.data ?? [])].some((place) => place.permissions.includes("token.manage"));
  const inProject = running.filter((job) => job.project.slug === slug).length;
  return (
    <nav aria-label={t("nav.main")} className="flex h-full flex-col overflow-y-auto p-2">
      <OrganizationSwitch organization={organization} />
      {slug && (
        <Section title={t("nav.project", { name: project.data?.name ?? slug })}>
          <Entry to={addresses.migrations(org, slug)} icon={GitBranch} label={t("nav.migrations")} onNavigate={onNavigate} />
          <Entry
            to={addresses.jobs(org, slug)}
            icon={Activity}
            label={t("nav.jobs")}
            aside={<RunningChip count={inProject} />}
            onNavigate={onNavigate}
          />
          <Entry to={addresses.drafts(org, slug)} icon={FilePen} label={t("drafts.list")} onNavigate={onNavigate} />
          <Entry to={addresses.databases(org, slug)} icon={Database} label={t("nav.databases")} onNavigate={onNavigate} />
          <Entry to={addresses.settings(org, slug)} icon={Settings} label={t("nav.settings")} onNavigate={onNavigate} />
        </Section>
      )}
      <Section title={t("nav.organization")}>
        <Entry to={addresses.projects(org)} icon={FolderGit2} label={t("nav.projects")} end onNavigate={onNavigate} />
        <Entry
          to={addresses.jobs(org)}
          icon={Activity}
          label={t("nav.jobs")}
          end
          aside={<RunningChip count={running.length} />}
          onNavigate={onNavigate}
        />
        <Entry
          to={addresses.approvals(org)}
          icon={ClipboardCheck}
          label={t("approvals.title")}
          aside={<WaitingChip org={org} />}
          onNavigate={onNavigate}
        />
        {managesTokens && <Entry to={addresses.tokens(org)} icon={KeyRound} label={t("tokens.title")} end onNavigate={onNavigate} />}
        {organization.permissions.includes("organization.manage") && (
          <Entry to={addresses.webhooks(org)} icon={Webhook} label={t("webhooks.title")} end onNavigate={onNavigate} />
        )}
        {organization.permissions.includes("audit.read") && (
          <Entry to={addresses.audit(org)} icon={ScrollText} label={t("audit.title")} end onNavigate={onNavigate} />
        )}
        <Entry to={addresses.organization(org)} icon={Users} label={t("members.settings")} onNavigate={onNavigate} />
      </Section>
    </nav>
  );
}
