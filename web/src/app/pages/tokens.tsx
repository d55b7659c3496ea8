import { Bot, KeyRound, Plus } from "lucide-react";
import { useState } from "react";
import type { ServiceAccount, Token, TokenMade, Trust } from "@/api/types";
import { useTrouble } from "@/api/use-trouble";
import { useEnvironments } from "@/features/environments/queries";
import { useProjects } from "@/features/projects/queries";
import { AccountForm } from "@/features/tokens/account-form";
import { useEndAccount, useEndTrust, useRevokeToken, useRotateToken, useServiceAccounts, useTokens, useTrusts } from "@/features/tokens/queries";
import { TokenForm } from "@/features/tokens/token-form";
import { TokenList } from "@/features/tokens/token-list";
import { TrustForm } from "@/features/tokens/trust-form";
import { TrustList } from "@/features/tokens/trust-list";
import { useLanguage } from "@/i18n";
import { Button } from "@/ui/button";
import { Dialog } from "@/ui/dialog";
import { TroubleNotice } from "@/ui/notice";
import { ShownOnce } from "@/ui/shown-once";
import { Empty, Failed, SkeletonRows } from "@/ui/states";
import { useTitle } from "@/ui/use-title";
import { PageHead } from "../layout/page-head";
import { useOrganization } from "../use-me";

type Asked =
  | { what: "token" }
  | { what: "account" }
  | { what: "shown"; made: TokenMade }
  | { what: "rotate" | "revoke"; token: Token }
  | { what: "end"; account: ServiceAccount }
  | { what: "trust"; trust?: Trust }
  | { what: "endTrust"; trust: Trust };

export function Tokens() {
  const { t } = useLanguage();
  const organization = useOrganization();
  const org = organization?.slug ?? "";
  const tokens = useTokens(org);
  const accounts = useServiceAccounts(org);
  const projects = useProjects(org);
  const [project, setProject] = useState("");
  const environments = useEnvironments(org, project || undefined);
  const [asked, setAsked] = useState<Asked | null>(null);
  const trouble = useTrouble();
  useTitle(t("tokens.title"), organization?.name);
  const close = () => {
    setAsked(null);
    setProject("");
  };
  const mayAddAccounts = organization?.permissions.includes("member.manage") ? null : t("common.noPermission", { permission: "member.manage" });
  const manages = !mayAddAccounts;
  const trusts = useTrusts(org, manages);
  const whyNoTrust = accounts.data?.length === 0 ? t("trusts.accountFirst") : null;
  const places = { projects: projects.data ?? [], environments: environments.data ?? [], onProject: setProject };
  if (tokens.isError) return <Failed trouble={trouble(tokens.error)} onRetry={() => void tokens.refetch()} />;
  const add = (
    <Button variant={tokens.data?.length ? "plain" : "primary"} onClick={() => setAsked({ what: "token" })}>
      <Plus aria-hidden className="size-3.5" /> {t("tokens.add")}
    </Button>
  );
  return (
    <>
      <PageHead title={t("tokens.title")} count={tokens.data?.length} lead={t("tokens.lead")} action={Boolean(tokens.data?.length) && add} />
      {tokens.isPending ? (
        <SkeletonRows rows={4} />
      ) : tokens.data.length === 0 ? (
        <Empty icon={<KeyRound className="size-5" />} title={t("tokens.empty")} action={add}>
          {t("tokens.emptyLead")}
        </Empty>
      ) : (
        <TokenList
          tokens={tokens.data}
          nameOfProject={(id) => projects.data?.find((one) => one.id === id)?.name}
          actions={(token) => (
            <>
              <Button size="small" onClick={() => setAsked({ what: "rotate", token })}>
                {t("tokens.rotate")}
              </Button>
              <Button size="small" variant="danger" onClick={() => setAsked({ what: "revoke", token })}>
                {t("tokens.revoke")}
              </Button>
            </>
          )}
        />
      )}
      <section aria-labelledby="accounts" className="mt-6">
        <div className="flex flex-wrap items-center justify-between gap-3 px-4 pb-3">
          <div className="min-w-0">
            <h2 id="accounts" className="font-semibold">
              {t("tokens.accounts")}
            </h2>
            <p className="text-sm text-muted">{t("tokens.accountsLead")}</p>
          </div>
          <Button why={mayAddAccounts} onClick={() => setAsked({ what: "account" })}>
            <Plus aria-hidden className="size-3.5" /> {t("tokens.addAccount")}
          </Button>
        </div>
        {accounts.isError && <TroubleNotice className="mx-4" trouble={trouble(accounts.error)} onRetry={() => void accounts.refetch()} />}
        <ul className="border-t border-line empty:border-0">
          {accounts.data?.map((account) => (
            <li key={account.id} className="flex items-center gap-2.5 border-b border-line px-4 py-2">
              <Bot aria-hidden className="size-4 shrink-0 text-muted" />
              <span className="min-w-0 flex-1 truncate">{account.name}</span>
              <Button size="small" variant="danger" why={mayAddAccounts} onClick={() => setAsked({ what: "end", account })}>
                {t("tokens.endAccount")}
              </Button>
            </li>
          ))}
        </ul>
      </section>
      {manages && (
        <section aria-labelledby="trusts" className="mt-6">
          <div className="flex flex-wrap items-center justify-between gap-3 px-4 pb-3">
            <div className="min-w-0">
              <h2 id="trusts" className="font-semibold">
                {t("trusts.title")}
              </h2>
              <p className="text-sm text-muted">{t("trusts.lead")}</p>
            </div>
            <Button why={whyNoTrust} disabled={!accounts.data || !trusts.data} onClick={() => setAsked({ what: "trust" })}>
              <Plus aria-hidden className="size-3.5" /> {t("trusts.add")}
            </Button>
          </div>
          {trusts.isError && <TroubleNotice className="mx-4" trouble={trouble(trusts.error)} onRetry={() => void trusts.refetch()} />}
          {trusts.data && (
            <TrustList
              trusts={trusts.data.items}
              nameOfProject={(id) => projects.data?.find((one) => one.id === id)?.name}
              actions={(trust) => (
                <>
                  <Button
                    size="small"
                    onClick={() => {
                      setProject(trust.project_ids?.length === 1 ? (trust.project_ids[0] ?? "") : "");
                      setAsked({ what: "trust", trust });
                    }}
                  >
                    {t("webhooks.change")}
                  </Button>
                  <Button size="small" variant="danger" onClick={() => setAsked({ what: "endTrust", trust })}>
                    {t("tokens.endAccount")}
                  </Button>
                </>
              )}
            />
          )}
        </section>
      )}
      {asked?.what === "trust" && (
        <TrustForm
          org={org}
          {...places}
          {...(asked.trust ? { trust: asked.trust } : {})}
          accounts={accounts.data ?? []}
          audience={trusts.data?.audience ?? ""}
          onClose={close}
        />
      )}
      {asked?.what === "token" && (
        <TokenForm org={org} {...places} accounts={accounts.data ?? []} onClose={close} onMade={(made) => setAsked({ what: "shown", made })} />
      )}
      {asked?.what === "account" && <AccountForm org={org} {...places} onClose={close} />}
      {asked?.what === "shown" && (
        <ShownOnce
          title={t("tokens.shown", { name: asked.made.name })}
          lead={t("tokens.shownLead")}
          text={asked.made.token}
          testId="token"
          kept={t("tokens.kept")}
          onClose={close}
        />
      )}
      {(asked?.what === "rotate" || asked?.what === "revoke" || asked?.what === "end" || asked?.what === "endTrust") && (
        <Confirm org={org} asked={asked} onClose={close} onMade={(made) => setAsked({ what: "shown", made })} />
      )}
    </>
  );
}

interface ConfirmProps {
  org: string;
  asked: Extract<Asked, { what: "rotate" | "revoke" | "end" | "endTrust" }>;
  onClose: () => void;
  onMade: (made: TokenMade) => void;
}

/** What ends at once is asked about first. */
function Confirm({ org, asked, onClose, onMade }: ConfirmProps) {
  const { t } = useLanguage();
  const trouble = useTrouble();
  const rotate = useRotateToken(org);
  const revoke = useRevokeToken(org);
  const end = useEndAccount(org);
  const endTrust = useEndTrust(org);
  const acts = { rotate, revoke, end, endTrust };
  const act = acts[asked.what];
  const name = asked.what === "end" ? asked.account.name : asked.what === "endTrust" ? asked.trust.name : asked.token.name;
  const go = () => {
    if (asked.what === "endTrust") endTrust.mutate(asked.trust.id, { onSuccess: onClose });
    else if (asked.what === "end") end.mutate(asked.account.id, { onSuccess: onClose });
    else if (asked.what === "rotate") rotate.mutate(asked.token.id, { onSuccess: onMade });
    else revoke.mutate(asked.token.id, { onSuccess: onClose });
  };
  return (
    <Dialog
      open
      onClose={onClose}
      title={t(`tokens.${asked.what}Title`, { name })}
      footer={
        <>
          <Button onClick={onClose}>{t("common.cancel")}</Button>
          <Button variant={asked.what === "rotate" ? "primary" : "danger"} busy={act.isPending} onClick={go}>
            {t(asked.what === "rotate" ? "tokens.rotate" : asked.what === "revoke" ? "tokens.revoke" : "tokens.endAccount")}
          </Button>
        </>
      }
    >
      <p>{t(`tokens.${asked.what}Lead`)}</p>
      {act.isError && <TroubleNotice className="mt-3" trouble={trouble(act.error)} />}
    </Dialog>
  );
}
