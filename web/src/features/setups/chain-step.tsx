/** Which Alembic project of the repository, and what its code is given. */
import { useId } from "react";
import type { Chain, Proposal, Setup } from "@/api/types";
import { useLanguage } from "@/i18n";
import { Chip } from "@/ui/chip";
import { cx } from "@/ui/cx";
import { Checkbox, Field, Input } from "@/ui/field";
import { TroubleNotice } from "@/ui/notice";
import { chainKey, type Choices, chosenChain, proposalKey, proposedName, valueOf } from "./values";

interface ChainStepProps {
  setup: Setup;
  choices: Choices;
  onChoose: (change: Partial<Choices>) => void;
  secrets: Readonly<Record<string, string>>;
  onSecret: (key: string, value: string) => void;
  errorOf: (name: string) => string | undefined;
}

export function ChainStep({ setup, choices, onChoose, secrets, onSecret, errorOf }: ChainStepProps) {
  const { t } = useLanguage();
  const chains = setup.findings?.chains ?? [];
  const chain = chosenChain(chains, choices);
  if (!chain) return null;
  const name = proposedName(setup.git_url, chain, chains);
  return (
    <div className="flex flex-col gap-4">
      <fieldset className="min-w-0">
        <legend className="mb-1 text-sm font-medium">{t("setups.chains", { count: chains.length })}</legend>
        <div className="max-h-80 overflow-y-auto rounded-md border border-line">
          {chains.map((one) => (
            <ChainRow key={chainKey(one)} chain={one} chosen={one === chain} onChoose={() => onChoose({ chain: chainKey(one), values: {} })} />
          ))}
        </div>
      </fieldset>
      {chain.packages_error && <TroubleNotice trouble={chain.packages_error} />}
      <div className="grid gap-4 sm:grid-cols-2">
        <Field label={t("projects.name")} error={errorOf("project.name")}>
          <Input name="name" placeholder={name} value={choices.name} onChange={(event) => onChoose({ name: event.target.value })} />
        </Field>
        <Field label={t("projects.slug")} hint={t("projects.slugHint")} error={errorOf("project.slug") ?? errorOf("slug")}>
          <Input mono name="slug" placeholder={name.toLowerCase().replace(/[^a-z0-9]+/g, "-")} value={choices.slug} onChange={(event) => onChoose({ slug: event.target.value })} />
        </Field>
        {chain.command && (
          <Field className="sm:col-span-2" label={t("projects.command")} hint={t("setups.commandHint")} error={errorOf("project.command")}>
            <Input mono name="command" placeholder={chain.command.join(" ")} value={choices.command} onChange={(event) => onChoose({ command: event.target.value })} />
          </Field>
        )}
        {(chain.packages_error || chain.python === null) && (
          <Field label="Python" hint={t("projects.pythonHint")} error={errorOf("project.python")}>
            <Input mono name="python" value={choices.python} onChange={(event) => onChoose({ python: event.target.value })} />
          </Field>
        )}
        {chain.extra_packages.length > 0 && (
          <Field label={t("projects.extraPackages")} hint={t("setups.noDriver")} error={errorOf("project.extra_packages")}>
            <Input mono name="extra_packages" placeholder={chain.extra_packages.join(" ")} value={choices.extraPackages} onChange={(event) => onChoose({ extraPackages: event.target.value })} />
          </Field>
        )}
        <Field label={t("setups.environment")} hint={t("setups.environmentHint")} error={errorOf("environment.name") ?? errorOf("environment.slug")}>
          <Input name="environment" value={choices.environment} onChange={(event) => onChoose({ environment: event.target.value })} />
        </Field>
        <div className="sm:pt-6">
          <Checkbox
            label={t("environments.protected")}
            hint={t("environments.protectedHint")}
            checked={choices.protected}
            onChange={(event) => onChoose({ protected: event.target.checked })}
          />
        </div>
      </div>
      <Proposals chain={chain} choices={choices} onChoose={onChoose} secrets={secrets} onSecret={onSecret} errorOf={errorOf} />
    </div>
  );
}

function ChainRow({ chain, chosen, onChoose }: { chain: Chain; chosen: boolean; onChoose: () => void }) {
  const { t } = useLanguage();
  // Two of the kinds are names.
  const kind = chain.kind === "pyproject" ? "pyproject.toml" : chain.kind === "flask_migrate" ? "Flask-Migrate" : t(`setups.kind.${chain.kind}`);
  const place = [chain.subdirectory, chain.config_file].filter(Boolean).join("/") || chain.script_location;
  return (
    <label className={cx("flex cursor-pointer items-start gap-2.5 border-b border-line px-3 py-2 last:border-b-0 hover:bg-hover", chosen && "bg-selected")}>
      <input type="radio" name="chain" checked={chosen} onChange={onChoose} className="mt-1 accent-(--accent)" />
      <span className="min-w-0 flex-1">
        <span className="flex flex-wrap items-baseline gap-x-2">
          <code className="text-sm break-all">{place}</code>
          {chain.section !== "alembic" && <code className="text-xs text-muted">[{chain.section}]</code>}
          <Chip>{kind}</Chip>
          <span className="text-xs text-muted">{t("setups.files", { count: chain.files })}</span>
        </span>
        <span className="mt-0.5 block text-xs text-muted">
          {chain.packages && chain.packages !== "default" ? t(chain.locked ? "setups.locked" : "setups.unlocked", { file: chain.packages }) : t("setups.noLock")}
          {chain.python && ` · Python ${chain.python}`}
          {chain.drivers.length > 0 && ` · ${chain.drivers.join(", ")}`}
        </span>
      </span>
    </label>
  );
}

type ProposalsProps = Omit<ChainStepProps, "setup"> & { chain: Chain };

function Proposals({ chain, choices, onChoose, secrets, onSecret, errorOf }: ProposalsProps) {
  const { t } = useLanguage();
  const title = useId();
  const set = (proposal: Proposal, value: string) => {
    const key = proposalKey(proposal);
    if (proposal.secret) onSecret(key, value);
    else onChoose({ values: { ...choices.values, [key]: value } });
  };
  const error = ["variables", "x_arguments", "attributes"].map((name) => errorOf(name)).find(Boolean);
  return (
    <section aria-labelledby={title} className="min-w-0">
      <h3 id={title} className="text-sm font-medium">
        {t("setups.given")}
      </h3>
      <p className="mb-1.5 text-xs text-muted">
        {chain.proposals.length > 0 ? t("setups.givenHint") : chain.takes_ini_url ? t("setups.iniUrl") : t("setups.nothingRead")}
      </p>
      {chain.proposals.length > 0 && (
        <ul className="rounded-md border border-line">
          {chain.proposals.map((proposal) => (
            <li
              key={proposalKey(proposal)}
              className="grid grid-cols-[minmax(0,1fr)_minmax(0,1.3fr)_minmax(0,.8fr)] items-center gap-2 border-b border-line px-3 py-1.5 last:border-b-0 max-sm:grid-cols-1"
            >
              <span className="min-w-0">
                <code className="text-xs break-all">{proposal.name}</code>{" "}
                {proposal.kind !== "variable" && <Chip>{t(`setups.proposal.${proposal.kind}`)}</Chip>}
                {proposal.required && proposal.value === null && <Chip tone="pending">{t("setups.needed")}</Chip>}
              </span>
              <Input
                mono
                type={proposal.secret ? "password" : "text"}
                autoComplete="new-password"
                aria-label={t("environments.variableValue", { name: proposal.name })}
                placeholder={proposal.default ?? ""}
                value={valueOf(proposal, choices, secrets)}
                onChange={(event) => set(proposal, event.target.value)}
              />
              <code className="truncate text-xs text-muted" title={`${proposal.path}:${proposal.line}`}>
                {proposal.path}:{proposal.line}
              </code>
            </li>
          ))}
        </ul>
      )}
      {error && (
        <p role="alert" className="mt-1 text-sm text-failed">
          {error}
        </p>
      )}
    </section>
  );
}
