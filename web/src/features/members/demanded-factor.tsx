/** Whether every member needs a second factor, and whom that would shut out now. */
import { useTrouble } from "@/api/use-trouble";
import { useLanguage } from "@/i18n";
import { Button } from "@/ui/button";
import { TroubleNotice } from "@/ui/notice";
import { useDemandSecondFactor, useMembers, useOrganizationRead } from "./queries";

export function DemandedFactor({ org, why }: { org: string; why: string | null }) {
  const { t } = useLanguage();
  const trouble = useTrouble();
  const organization = useOrganizationRead(org);
  const members = useMembers(org);
  const demand = useDemandSecondFactor(org);
  if (!organization.data) return null;
  const on = organization.data.second_factor_demanded;
  const without = members.data?.filter((one) => !one.second_factor && !one.passkey).length ?? 0;
  return (
    <section className="flex max-w-md flex-col items-start gap-3" aria-labelledby="demanded-factor">
      <h2 id="demanded-factor" className="font-semibold">
        {t("members.demand")}
      </h2>
      <p className="text-sm text-muted">{t("members.demandHint")}</p>
      <p className="text-sm" role="status">
        {on ? t("members.demandOn") : t("members.demandOff")} {without > 0 && t("members.demandWithout", { count: without })}
      </p>
      {demand.isError && <TroubleNotice trouble={trouble(demand.error)} />}
      <Button variant={on ? "plain" : "danger"} why={why} busy={demand.isPending} onClick={() => demand.mutate(!on)}>
        {on ? t("members.demandStop") : t("members.demandStart")}
      </Button>
    </section>
  );
}
