import { Menu as MenuIcon, Search } from "lucide-react";
import { Fragment } from "react";
import { Link, useNavigate, useParams, useLocation } from "react-router";
import type { OrganizationOfMe } from "@/api/types";
import { useJob } from "@/features/jobs/queries";
import { useProject } from "@/features/projects/queries";
import { signOut } from "@/features/session/queries";
import { LanguageMenu, ThemeMenu, UserMenu } from "@/features/session/user-menu";
import { useLanguage } from "@/i18n";
import { IconButton } from "@/ui/button";
import { Kbd } from "@/ui/kbd";
import { addresses } from "../addresses";
import { useMe } from "../use-me";
import { LiveSign } from "./live-sign";
import { openPalette } from "./palette";

interface Crumb {
  label: string;
  to?: string;
}

function useCrumbs(organization: OrganizationOfMe): Crumb[] {
  const { t } = useLanguage();
  const { project: slug, job, environment, database, draft, request } = useParams();
  const { pathname } = useLocation();
  const project = useProject(organization.slug, slug);
  const found = useJob(job);
  const org = organization.slug;
  const crumbs: Crumb[] = [{ label: organization.name, to: addresses.projects(org) }];
  if (slug) crumbs.push({ label: project.data?.name ?? slug, to: addresses.migrations(org, slug) });
  const last = pathname.split("/")[slug ? 4 : 2];
  if (job) {
    crumbs.push({ label: t("nav.jobs"), to: addresses.jobs(org, slug) });
    crumbs.push({ label: found.data ? `#${found.data.number}` : "…" });
  } else if (last === "jobs") crumbs.push({ label: t("nav.jobs") });
  else if (slug && last === "databases") {
    crumbs.push(database ? { label: t("nav.databases"), to: addresses.databases(org, slug) } : { label: t("nav.databases") });
    if (database) crumbs.push({ label: `${environment} · ${database}` });
  } else if (slug && last === "compare") {
    crumbs.push({ label: t("nav.databases"), to: addresses.databases(org, slug) }, { label: t("nav.compare") });
  } else if (slug && last === "drafts") {
    crumbs.push(draft ? { label: t("drafts.list"), to: addresses.drafts(org, slug) } : { label: t("drafts.list") });
    if (draft) crumbs.push({ label: t("drafts.title") });
  } else if (last === "settings") crumbs.push({ label: t("nav.settings") });
  else if (!slug && last === "tokens") crumbs.push({ label: t("tokens.title") });
  else if (!slug && last === "approvals") crumbs.push({ label: t("approvals.title"), ...(request ? { to: addresses.approvals(org) } : {}) });
  else if (!slug && last === "webhooks") crumbs.push({ label: t("webhooks.title") });
  else if (!slug && last === "audit") crumbs.push({ label: t("audit.title") });
  else crumbs.push({ label: slug ? t("nav.migrations") : t("nav.projects") });
  return crumbs;
}

export function Breadcrumb({ organization }: { organization: OrganizationOfMe }) {
  const { t } = useLanguage();
  const crumbs = useCrumbs(organization);
  return (
    <nav aria-label={t("nav.breadcrumb")} className="min-w-0 flex-1">
      <ol className="flex min-w-0 items-center gap-1.5">
        {crumbs.map((crumb, index) => (
          <Fragment key={index}>
            {index > 0 && (
              <li aria-hidden className={index < crumbs.length - 1 ? "text-muted max-sm:hidden" : "text-muted max-sm:hidden"}>
                /
              </li>
            )}
            <li className={index < crumbs.length - 1 ? "truncate max-sm:hidden" : "truncate font-semibold"}>
              {crumb.to ? (
                <Link to={crumb.to} className="text-muted hover:text-text">
                  {crumb.label}
                </Link>
              ) : (
                <span aria-current="page">{crumb.label}</span>
              )}
            </li>
          </Fragment>
        ))}
      </ol>
    </nav>
  );
}

interface TopBarProps {
  organization: OrganizationOfMe;
  onMenu: (() => void) | null;
  onKeys: () => void;
}

export function TopBar({ organization, onMenu, onKeys }: TopBarProps) {
  const { t } = useLanguage();
  const me = useMe();
  const navigate = useNavigate();
  return (
    <header className="flex h-12 shrink-0 items-center gap-2 border-b border-line px-4 max-sm:px-2">
      {onMenu && (
        <IconButton label={t("nav.openMenu")} onClick={onMenu}>
          <MenuIcon className="size-4.5" />
        </IconButton>
      )}
      <Breadcrumb organization={organization} />
      <LiveSign />
      {/* Pages put what belongs to them here: the commit, the search. */}
      <div id="top-bar-slot" className="flex items-center gap-2 max-lg:hidden" />
      <button
        type="button"
        onClick={openPalette}
        className="flex h-7.5 items-center gap-2 rounded-md border border-line px-2.5 text-sm text-muted hover:border-line-strong max-sm:border-transparent max-sm:px-1.5"
      >
        <Search aria-hidden className="size-3.5" />
        <span className="w-24 text-left max-lg:sr-only">{t("top.search")}</span>
        <span className="max-lg:hidden">
          <Kbd>⌘K</Kbd>
        </span>
      </button>
      <div className="flex items-center">
        <LanguageMenu signedIn />
        <ThemeMenu signedIn />
        <UserMenu
          me={me}
          onKeys={onKeys}
          onSignOut={() => void signOut().then(() => navigate("/sign-in"))}
          accountLink={(label) => <Link to={addresses.account()}>{label}</Link>}
          installationLink={(label) => <Link to={addresses.installation}>{label}</Link>}
        />
      </div>
    </header>
  );
}
