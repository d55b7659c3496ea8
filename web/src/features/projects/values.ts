/** What a person types about a project, and what the API gets of it. */
import type { Credential, Project, ProjectNew } from "@/api/types";

export type CredentialKind = "keep" | "none" | "token" | "ssh";

export interface CredentialValues {
  credentialKind: CredentialKind;
  username: string;
  password: string;
  ssh_private_key: string;
  known_hosts: string;
}

export interface ProjectValues extends CredentialValues {
  name: string;
  slug: string;
  git_url: string;
  git_ref: string;
  subdirectory: string;
  config_file: string;
  config_section: string;
  command: string;
  python: string;
  requirements_file: string;
  extra_packages: string;
  groups: string;
  extras: string;
  install_project: "detect" | "yes" | "no";
  direct_push: boolean;
}

export const NO_CREDENTIAL: CredentialValues = {
  credentialKind: "none",
  username: "",
  password: "",
  ssh_private_key: "",
  known_hosts: "",
};

export const EMPTY: ProjectValues = {
  name: "",
  slug: "",
  git_url: "",
  git_ref: "main",
  subdirectory: "",
  config_file: "alembic.ini",
  config_section: "alembic",
  command: "",
  python: "",
  requirements_file: "",
  extra_packages: "",
  groups: "",
  extras: "",
  install_project: "detect",
  direct_push: false,
  ...NO_CREDENTIAL,
};

export function valuesOf(project: Project): ProjectValues {
  return {
    ...EMPTY,
    name: project.name,
    slug: project.slug,
    git_url: project.git_url,
    git_ref: project.git_ref,
    subdirectory: project.subdirectory,
    config_file: project.config_file ?? "",
    config_section: project.config_section,
    command: joinWords(project.command ?? []),
    python: project.python ?? "",
    requirements_file: project.requirements_file ?? "",
    extra_packages: project.extra_packages.join("\n"),
    groups: project.groups.join(" "),
    extras: project.extras.join(" "),
    install_project: project.install_project === null ? "detect" : project.install_project ? "yes" : "no",
    direct_push: project.direct_push,
    credentialKind: project.credential.set ? "keep" : "none",
  };
}

/** Words of a command line: blanks divide, quotes keep together. */
export function splitWords(text: string): string[] {
  return [...text.matchAll(/"([^"]*)"|'([^']*)'|(\S+)/g)].map((match) => match[1] ?? match[2] ?? match[3] ?? "");
}

export function joinWords(words: string[]): string {
  return words.map((word) => (word === "" || /\s/.test(word) ? `"${word}"` : word)).join(" ");
}

/** "git@host:team/Shop API.git" → "Shop API". */
export function nameFromUrl(url: string): string {
  const last = url.trim().replace(/[/]+$/, "").split(/[/:]/).at(-1) ?? "";
  return last.replace(/\.git$/, "");
}

export function slugFrom(name: string): string {
  return name
    .normalize("NFKD")
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, "-")
    .replace(/^-+|-+$/g, "")
    .slice(0, 63);
}

export function credentialOf(values: CredentialValues): Credential | null {
  if (values.credentialKind === "ssh")
    return { ssh_private_key: values.ssh_private_key, known_hosts: values.known_hosts || null };
  if (values.credentialKind === "token") return { username: values.username || null, password: values.password };
  return null;
}

function lines(text: string): string[] {
  return text
    .split("\n")
    .map((line) => line.trim())
    .filter(Boolean);
}

export function bodyOf(values: ProjectValues): ProjectNew {
  return {
    name: values.name.trim() || nameFromUrl(values.git_url),
    slug: values.slug.trim() || slugFrom(values.name || nameFromUrl(values.git_url)) || "project",
    git_url: values.git_url.trim(),
    git_ref: values.git_ref.trim() || "main",
    subdirectory: values.subdirectory.trim(),
    config_file: values.config_file.trim() || null,
    config_section: values.config_section.trim() || "alembic",
    command: values.command.trim() ? splitWords(values.command) : null,
    python: values.python.trim() || null,
    requirements_file: values.requirements_file.trim() || null,
    extra_packages: lines(values.extra_packages),
    groups: splitWords(values.groups),
    extras: splitWords(values.extras),
    install_project: values.install_project === "detect" ? null : values.install_project === "yes",
    direct_push: values.direct_push,
    // Left out, a stored credential stays.
    ...(values.credentialKind === "keep" ? {} : { credential: credentialOf(values) }),
  };
}
