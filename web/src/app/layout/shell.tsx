/** The frame of every page: where you are on the left, what you may do above. */
import { useState } from "react";
import { Outlet, useNavigate, useParams } from "react-router";
import { Sheet } from "@/ui/dialog";
import { useLanguage } from "@/i18n";
import { type Keys, useKeys } from "@/ui/use-keys";
import { useMedia } from "@/ui/use-media";
import { addresses } from "../addresses";
import { LostAccess, useLostOrganization, useLostPlace } from "../lost-access";
import { NotFound } from "../pages/not-found";
import { SecondFactorMissing } from "../second-factor-missing";
import { useOrganization } from "../use-me";
import { useNotices } from "../use-notices";
import { KeysDialog } from "./keys-dialog";
import { Offline } from "./offline";
import { Palette } from "./palette";
import { Sidebar } from "./sidebar";
import { TopBar } from "./top-bar";

export function Shell() {
  const { t } = useLanguage();
  const navigate = useNavigate();
  const organization = useOrganization();
  const { org = "", project } = useParams();
  const narrow = useMedia("(max-width: 767px)");
  const [menu, setMenu] = useState(false);
  const [keys, setKeys] = useState(false);

  const go = (to: string) => () => void navigate(to);
  const shortcuts: Keys = {
    "?": () => setKeys(true),
    "g p": go(addresses.projects(org)),
    "g a": go(addresses.approvals(org)),
    "g j": go(addresses.jobs(org, project)),
    ...(project
      ? { "g m": go(addresses.migrations(org, project)), "g d": go(addresses.databases(org, project)), "g s": go(addresses.settings(org, project)) }
      : {}),
  };
  useKeys(shortcuts);
  useNotices(organization && !organization.second_factor_missing ? org : "", project);

  const gone = useLostOrganization(org, organization);
  const lost = useLostPlace();

  if (!organization) return gone ? <LostAccess /> : <NotFound />;
  if (organization.second_factor_missing) return <SecondFactorMissing organization={organization} />;
  return (
    <div className="flex h-full">
      <a href="#content" className="sr-only focus:not-sr-only focus:absolute focus:z-50 focus:m-2 focus:rounded focus:bg-raised focus:px-3 focus:py-1.5 focus:shadow-pop">
        {t("nav.skip")}
      </a>
      {!narrow && (
        <aside className="w-52 shrink-0 border-r border-line bg-side">
          <Sidebar organization={organization} />
        </aside>
      )}
      {narrow && (
        <Sheet open={menu} onClose={() => setMenu(false)} label={t("nav.main")} side="left">
          <Sidebar organization={organization} onNavigate={() => setMenu(false)} />
        </Sheet>
      )}
      <div className="flex min-w-0 flex-1 flex-col">
        <TopBar organization={organization} onMenu={narrow ? () => setMenu(true) : null} onKeys={() => setKeys(true)} />
        <Offline />
        <main id="content" tabIndex={-1} className="min-h-0 flex-1 overflow-auto outline-none">
          {lost ? <LostAccess /> : <Outlet />}
        </main>
      </div>
      <KeysDialog open={keys} onClose={() => setKeys(false)} />
      <Palette organization={organization} onKeys={() => setKeys(true)} />
    </div>
  );
}
