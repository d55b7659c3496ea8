/** The organization demands a second factor and the reader has none: what that means, and where to add one. */
import { useQueryClient } from "@tanstack/react-query";
import { ShieldAlert } from "lucide-react";
import { Link } from "react-router";
import type { OrganizationOfMe } from "@/api/types";
import { meQuery } from "@/features/session/queries";
import { useLanguage } from "@/i18n";
import { Button } from "@/ui/button";
import { Empty } from "@/ui/states";
import { useTitle } from "@/ui/use-title";
import { addresses } from "./addresses";

export function SecondFactorMissing({ organization }: { organization: OrganizationOfMe }) {
  const { t } = useLanguage();
  const client = useQueryClient();
  const title = t("demanded.title", { name: organization.name });
  useTitle(title);
  return (
    <main id="content" tabIndex={-1} className="pt-16 outline-none">
      <Empty
        icon={<ShieldAlert className="size-5" />}
        title={title}
        action={
          <>
            <Button variant="primary" asChild>
              <Link to={addresses.account("security")}>{t("demanded.add")}</Link>
            </Button>
            <Button onClick={() => void client.refetchQueries({ queryKey: meQuery.queryKey, exact: true })}>{t("demanded.again")}</Button>
          </>
        }
      >
        {t("demanded.detail")}
      </Empty>
    </main>
  );
}
