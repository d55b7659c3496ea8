/** What a person chooses and types of a project to be, over what was proposed; and what the API gets of it. */
import type { Chain, EnvironmentNew, FinishRequest, Proposal, Setup } from "@/api/types";

/** What of it is kept by the service between two visits. Nothing secret may stand in it. */
export interface Choices {
  chain: string;
  name: string;
  slug: string;
  environment: string;
  protected: boolean;
  command: string;
  python: string;
  extraPackages: string;
  /** By the proposal's key; what is not here is as proposed. */
  values: Record<string, string>;
  database: Record<string, string>;
  /** The SSH server on the way to it; empty where there is none. */
  tunnel: Record<string, string>;
}

export const NO_CHOICES: Choices = {
  chain: "",
  name: "",
  slug: "",
  environment: "dev",
  protected: false,
  command: "",
  python: "",
  extraPackages: "",
  values: {},
  database: {},
  tunnel: {},
};

export function chainKey(chain: Chain): string {
  return [chain.config_file ?? "", chain.section, chain.script_location].join("|");
}

export function proposalKey(proposal: Proposal): string {
  return `${proposal.kind}:${proposal.name}`;
}

/** What the service kept, whatever an older page may have put there. */
export function choicesOf(setup: Setup | undefined): Choices {
  const kept: Record<string, unknown> = setup?.choices ?? {};
  const text = (name: keyof Choices) => (typeof kept[name] === "string" ? kept[name] : NO_CHOICES[name]) as string;
  const texts = (name: keyof Choices) =>
    Object.fromEntries(
      Object.entries((typeof kept[name] === "object" ? kept[name] : null) ?? {}).filter((pair): pair is [string, string] => typeof pair[1] === "string"),
    );
  return {
    chain: text("chain"),
    name: text("name"),
    slug: text("slug"),
    environment: text("environment"),
    protected: kept["protected"] === true,
    command: text("command"),
    python: text("python"),
    extraPackages: text("extraPackages"),
    values: texts("values"),
    database: texts("database"),
    tunnel: texts("tunnel"),
  };
}

/** The chain that was chosen, else the one with the most revisions: vendored templates and examples have few. */
export function chosenChain(chains: readonly Chain[], choices: Choices): Chain | undefined {
  return chains.find((chain) => chainKey(chain) === choices.chain) ?? [...chains].sort((one, other) => other.files - one.files)[0];
}

export function valueOf(proposal: Proposal, choices: Choices, secrets: Readonly<Record<string, string>>): string {
  const key = proposalKey(proposal);
  return (proposal.secret ? secrets[key] : choices.values[key]) ?? proposal.value ?? "";
}

function slugFrom(text: string): string {
  return text
    .normalize("NFKD")
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, "-")
    .replace(/^-+|-+$/g, "")
    .slice(0, 63);
}

/** "git@host:team/Shop API.git" → "Shop API"; of several chains the one that is meant. */
export function proposedName(gitUrl: string, chain: Chain | undefined, chains: readonly Chain[]): string {
  const repository = (gitUrl.trim().replace(/\/+$/, "").split(/[/:]/).at(-1) ?? "").replace(/\.git$/, "");
  if (!chain || chains.length < 2) return repository;
  const inner = chain.section === "alembic" ? (chain.script_location.split("/").findLast((part) => !/^(versions|alembic|migrations)$/.test(part)) ?? "") : chain.section;
  return inner && inner !== repository ? `${repository} ${inner}` : repository;
}

function words(text: string): string[] {
  return [...text.matchAll(/"([^"]*)"|'([^']*)'|(\S+)/g)].map((match) => match[1] ?? match[2] ?? match[3] ?? "");
}

export function finishOf(
  setup: Setup,
  chain: Chain,
  choices: Choices,
  secrets: Readonly<Record<string, string>>,
  database: string | null,
  tunnel: EnvironmentNew["tunnel"],
): FinishRequest {
  const name = choices.name.trim() || proposedName(setup.git_url, chain, setup.findings?.chains ?? []);
  const of = (kind: Proposal["kind"]) =>
    chain.proposals
      .filter((proposal) => proposal.kind === kind)
      .map((proposal) => ({ proposal, value: valueOf(proposal, choices, secrets) }))
      // What was left empty is not given at all: the code may have a default of its own.
      .filter(({ value }) => value !== "");
  const environment = choices.environment.trim() || "dev";
  return {
    project: {
      name,
      slug: choices.slug.trim() || slugFrom(name) || "project",
      subdirectory: chain.subdirectory,
      config_file: chain.config_file,
      config_section: chain.section,
      command: choices.command.trim() ? words(choices.command) : chain.command,
      python: choices.python.trim() || null,
      extra_packages: choices.extraPackages.trim() ? words(choices.extraPackages) : chain.extra_packages,
    },
    environment: {
      name: environment,
      slug: slugFrom(environment) || "dev",
      protected: choices.protected,
      variables: of("variable").map(({ proposal, value }) => ({ name: proposal.name, value, secret: proposal.secret })),
      x_arguments: of("x_argument").map(({ value }) => value),
      attributes: of("attribute").map(({ proposal, value }) => ({ name: proposal.name, value })),
      ini_overrides: chain.ini_overrides,
      tunnel,
      // What is left out has the service's own defaults.
    } as FinishRequest["environment"],
    database,
  };
}
