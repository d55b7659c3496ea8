/** From the address of a repository to its graph: each part is found, shown and may be corrected. */
import { useEffect, useRef, useState } from "react";
import { useTrouble } from "@/api/use-trouble";
import type { Project, Setup } from "@/api/types";
import { ChainStep } from "@/features/setups/chain-step";
import { useChangeSetup, useFinishSetup } from "@/features/setups/queries";
import { type Choices, choicesOf, chosenChain, finishOf } from "@/features/setups/values";
import { useLanguage } from "@/i18n";
import { Button } from "@/ui/button";
import { TroubleNotice } from "@/ui/notice";
import { useForm } from "@/ui/use-form";
import { DatabaseStep, isTested } from "./database-step";
import { keptOf, keptTunnelOf, type StepValues, stepValuesOf, tunnelOf } from "./database-values";
import { RepositoryStep } from "./repository-step";
import { Step } from "./step";

interface WizardProps {
  org: string;
  setup: Setup | undefined;
  /** Changes when another setup is opened, not when the one on the page gets its name. */
  opened: string;
  onBegun: (setup: string) => void;
  onDone: (project: Project) => void;
  why: string | null;
}

/** How long typing must rest before it is kept. */
const REST = 400;

export function Wizard({ org, setup, opened, onBegun, onDone, why }: WizardProps) {
  const { t } = useLanguage();
  return (
    <>
      <Step number={1} title={t("setups.step.repository")} done={Boolean(setup?.findings)}>
        <RepositoryStep key={opened} org={org} setup={setup} onBegun={onBegun} why={why} />
      </Step>
      {setup?.findings && <Rest key={setup.id} org={org} setup={setup} onDone={onDone} />}
    </>
  );
}

function Rest({ org, setup, onDone }: { org: string; setup: Setup; onDone: (project: Project) => void }) {
  const { t } = useLanguage();
  const trouble = useTrouble();
  const finish = useFinishSetup(org, setup.id);
  const [choices, choose] = useKeptChoices(org, setup);
  const [secrets, setSecrets] = useState<Readonly<Record<string, string>>>({});
  const [database, setDatabase] = useState<StepValues>(() => stepValuesOf(choices));
  const chain = chosenChain(setup.findings?.chains ?? [], choices);
  const wanted = database.host.trim() !== "";
  const tested = isTested(setup, database);
  const withDatabase = wanted && tested;
  const form = useForm({}, async () => {
    if (!chain) return;
    const name = withDatabase ? database.name.trim() || database.database.trim() : null;
    onDone(await finish.mutateAsync(finishOf(setup, chain, choices, secrets, name, tunnelOf(database))));
  });
  return (
    <>
      <Step number={2} title={t("setups.step.project")} done={Boolean(chain && !chain.packages_error)}>
        <ChainStep
          setup={setup}
          choices={choices}
          onChoose={choose}
          secrets={secrets}
          onSecret={(key, value) => setSecrets((before) => ({ ...before, [key]: value }))}
          errorOf={form.errorOf}
        />
      </Step>
      <Step number={3} title={t("setups.step.database")} done={tested}>
        <DatabaseStep
          org={org}
          setup={setup}
          values={database}
          onChange={(values) => {
            setDatabase(values);
            choose({ database: keptOf(values), tunnel: keptTunnelOf(values) });
          }}
        />
      </Step>
      <div className="flex flex-col gap-3 border-t border-line pt-5">
        {form.error != null && <TroubleNotice trouble={trouble(form.error)} />}
        <form className="flex flex-wrap items-center gap-2" onSubmit={(event) => void form.submit(event)} noValidate>
          <Button type="submit" variant={wanted && !tested ? "plain" : "primary"} busy={form.busy}>
            {t(withDatabase ? "setups.finish" : "setups.finishWithout")}
          </Button>
          {wanted && !tested && <span className="text-sm text-muted">{t("setups.testFirst")}</span>}
        </form>
      </div>
    </>
  );
}

/** What was chosen, kept by the service so that a reload or another machine goes on from here. */
function useKeptChoices(org: string, setup: Setup): [Choices, (change: Partial<Choices>) => void] {
  const keep = useChangeSetup(org);
  const [choices, setChoices] = useState(() => choicesOf(setup));
  const waiting = useRef<ReturnType<typeof setTimeout> | null>(null);
  const latest = useRef(choices);
  const { mutate } = keep;
  const send = useRef<() => void>(() => undefined);
  send.current = () => {
    waiting.current = null;
    mutate({ setup: setup.id, choices: { ...latest.current } });
  };
  // Whoever leaves the page in the middle of a word finds it again.
  useEffect(
    () => () => {
      if (waiting.current === null) return;
      clearTimeout(waiting.current);
      send.current();
    },
    [],
  );
  const choose = (change: Partial<Choices>) => {
    latest.current = { ...latest.current, ...change };
    setChoices(latest.current);
    if (waiting.current !== null) clearTimeout(waiting.current);
    waiting.current = setTimeout(() => send.current(), REST);
  };
  return [choices, choose];
}
