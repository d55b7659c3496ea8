import { Link, Navigate } from "react-router";
import { useLanguage } from "@/i18n";
import { Button } from "@/ui/button";
import { Empty } from "@/ui/states";
import { addresses } from "../addresses";
import { useMe } from "../use-me";

export function Home() {
  const me = useMe();
  const { t } = useLanguage();
  const first = me.organizations[0];
  if (!first) return <Empty
      title={t("noOrganization.title")}
      action={
        <Button asChild variant="primary">
          <Link to={addresses.account("organizations")}>{t("account.found")}</Link>
        </Button>
      }
    >{t("noOrganization.detail", { email: me.email })}</Empty>;
  return <Navigate to={addresses.projects(first.slug)} replace />;
}
