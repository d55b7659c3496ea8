/** What a person types about an environment and a database, and what the API gets of it. */
import type { ChangeWindow, Database, DatabaseNew, Environment, EnvironmentNew, HostKeysAsk, Option, Variable } from "@/api/types";

export interface FileValue {
  path: string;
  content: string;
  stored: boolean;
}

export interface VariableValue extends Variable {
  /** A stored secret whose value is not sent again unless it is typed anew. */
  stored: boolean;
}

export interface TunnelValues {
  host: string;
  port: string;
  user: string;
  hostKey: string;
  /** Empty: the stored one is kept, or one is made. */
  privateKey: string;
}

export const NO_TUNNEL: TunnelValues = { host: "", port: "22", user: "", hostKey: "", privateKey: "" };

export interface EnvironmentValues {
  name: string;
  slug: string;
  protected: boolean;
  lockTimeout: string;
  statementTimeout: string;
  idleTimeout: string;
  blockingLimit: string;
  retries: string;
  timeLimit: string;
  transaction: "project" | "yes" | "no";
  variables: VariableValue[];
  files: FileValue[];
  x_arguments: string;
  ini_overrides: Option[];
  attributes: Option[];
  bootstrap: string;
  approvals: string;
  approverRole: EnvironmentNew["approver_role"];
  approverGroup: string;
  approvalHours: string;
  windows: ChangeWindow[];
  windowsZone: string;
  predecessor: string;
  autoUpgrade: boolean;
  tunnel: TunnelValues | null;
}

/** Where the reader is: the zone in which most people mean their windows. */
export const OWN_ZONE = Intl.DateTimeFormat().resolvedOptions().timeZone || "UTC";

export const NEW_ENVIRONMENT: EnvironmentValues = {
  name: "",
  slug: "",
  protected: false,
  lockTimeout: "5",
  statementTimeout: "0",
  idleTimeout: "900",
  blockingLimit: "0",
  retries: "2",
  timeLimit: "60",
  transaction: "project",
  variables: [{ name: "DATABASE_URL", value: "{{url}}", secret: false, stored: false }],
  files: [],
  x_arguments: "",
  ini_overrides: [],
  attributes: [],
  bootstrap: "",
  approvals: "0",
  approverRole: "maintainer",
  approverGroup: "",
  approvalHours: "24",
  windows: [],
  windowsZone: OWN_ZONE,
  predecessor: "",
  autoUpgrade: false,
  tunnel: null,
};

export function valuesOf(environment: Environment): EnvironmentValues {
  return {
    name: environment.name,
    slug: environment.slug,
    protected: environment.protected,
    lockTimeout: String(environment.lock_timeout_ms / 1000),
    statementTimeout: String(environment.statement_timeout_ms / 1000),
    idleTimeout: String(environment.idle_timeout_s),
    blockingLimit: String(environment.blocking_limit_s),
    retries: String(environment.retries),
    timeLimit: String(environment.time_limit_s / 60),
    transaction: environment.transaction_per_migration === null ? "project" : environment.transaction_per_migration ? "yes" : "no",
    variables: environment.variables.map((one) => ({ ...one, stored: one.secret })),
    files: environment.files.map((file) => ({ path: file.path, content: "", stored: true })),
    x_arguments: environment.x_arguments.join("\n"),
    ini_overrides: environment.ini_overrides,
    attributes: environment.attributes,
    bootstrap: (environment.bootstrap_command ?? []).join(" "),
    approvals: String(environment.approvals_needed),
    approverRole: environment.approver_role,
    approverGroup: environment.approver_group_id ?? "",
    approvalHours: String(environment.approval_hours),
    windows: environment.windows,
    // While there is no window nobody has chosen a zone.
    windowsZone: environment.windows.length > 0 ? environment.windows_zone : OWN_ZONE,
    predecessor: environment.predecessor_id ?? "",
    autoUpgrade: environment.auto_upgrade,
    tunnel: environment.tunnel && tunnelValuesOf(environment.tunnel),
  };
}

function tunnelValuesOf(tunnel: NonNullable<Environment["tunnel"]>): TunnelValues {
  return { host: tunnel.host, port: String(tunnel.port), user: tunnel.user, hostKey: tunnel.host_key, privateKey: "" };
}

/** Where the SSH server is. */
export function placeOf({ host, port }: TunnelValues): HostKeysAsk {
  return { host: host.trim(), port: Number(port) || 22 };
}

export function tunnelBodyOf(tunnel: TunnelValues): NonNullable<EnvironmentNew["tunnel"]> {
  const { user, hostKey, privateKey } = tunnel;
  return { ...placeOf(tunnel), user: user.trim(), host_key: hostKey, private_key: privateKey.trim() ? privateKey : null };
}

function seconds(text: string, factor: number): number {
  const value = Number(text.replace(",", "."));
  return Number.isFinite(value) ? Math.round(value * factor) : 0;
}

function words(text: string): string[] {
  return [...text.matchAll(/"([^"]*)"|'([^']*)'|(\S+)/g)].map((match) => match[1] ?? match[2] ?? match[3] ?? "");
}

function slugFrom(name: string): string {
  return name.toLowerCase().replace(/[^a-z0-9]+/g, "-").replace(/^-+|-+$/g, "").slice(0, 63);
}

const named = <One extends { name: string }>(list: One[]) => list.filter((one) => one.name.trim() !== "");

export function bodyOf(values: EnvironmentValues): EnvironmentNew {
  return {
    name: values.name.trim(),
    slug: values.slug.trim() || slugFrom(values.name),
    protected: values.protected,
    lock_timeout_ms: seconds(values.lockTimeout, 1000),
    statement_timeout_ms: seconds(values.statementTimeout, 1000),
    idle_timeout_s: seconds(values.idleTimeout, 1),
    blocking_limit_s: seconds(values.blockingLimit, 1),
    retries: seconds(values.retries, 1),
    time_limit_s: seconds(values.timeLimit, 60),
    transaction_per_migration: values.transaction === "project" ? null : values.transaction === "yes",
    variables: named(values.variables).map(({ name, value, secret, stored }) => ({
      name: name.trim(),
      secret,
      // A secret without value keeps the stored one.
      value: secret && stored && !value ? null : (value ?? ""),
    })),
    files: values.files
      .filter((file) => file.path.trim() !== "")
      .map(({ path, content, stored }) => ({ path: path.trim(), content: stored && content === "" ? null : content })),
    x_arguments: values.x_arguments.split("\n").map((line) => line.trim()).filter(Boolean),
    ini_overrides: named(values.ini_overrides),
    attributes: named(values.attributes),
    bootstrap_command: values.bootstrap.trim() ? words(values.bootstrap) : null,
    approvals_needed: seconds(values.approvals, 1),
    approver_role: values.approverRole,
    approver_group_id: values.approverGroup || null,
    approval_hours: seconds(values.approvalHours, 1),
    windows: values.windows,
    // Without a window nobody sees the zone, and what was typed there does not matter.
    windows_zone: values.windows.length > 0 ? values.windowsZone.trim() : "UTC",
    predecessor_id: values.predecessor || null,
    auto_upgrade: values.autoUpgrade,
    tunnel: values.tunnel && tunnelBodyOf(values.tunnel),
  };
}

export interface DatabaseValues {
  name: string;
  host: string;
  port: string;
  database: string;
  username: string;
  password: string;
  sslmode: DatabaseNew["sslmode"];
  ca_certificate: string;
  client_certificate: string;
  client_key: string;
  /** The stored certificate is taken away, and its key. */
  withoutCertificate: boolean;
}

export const NEW_DATABASE: DatabaseValues = {
  name: "",
  host: "",
  port: "5432",
  database: "",
  username: "",
  password: "",
  sslmode: "prefer",
  ca_certificate: "",
  client_certificate: "",
  client_key: "",
  withoutCertificate: false,
};

export const SSL_MODES: DatabaseNew["sslmode"][] = ["disable", "prefer", "require", "verify-ca", "verify-full"];

export function databaseValuesOf(database: Database): DatabaseValues {
  const { name, host, port, username, sslmode } = database;
  return { ...NEW_DATABASE, name, host, port: String(port), database: database.database, username, sslmode };
}

export function databaseBodyOf(values: DatabaseValues): DatabaseNew {
  return {
    name: values.name.trim() || values.database.trim(),
    host: values.host.trim(),
    port: Number(values.port) || 5432,
    database: values.database.trim(),
    username: values.username.trim(),
    password: values.password,
    sslmode: values.sslmode,
    ...(values.ca_certificate.trim() ? { ca_certificate: values.ca_certificate } : {}),
    ...clientCertificateOf(values),
  };
}

/** Whether a client certificate is sent for sure: elsewhere the server may not ask for it. */
export function takesClientCertificate(sslmode: DatabaseNew["sslmode"]): boolean {
  return sslmode !== "disable" && sslmode !== "prefer";
}

function clientCertificateOf(values: DatabaseValues): Pick<DatabaseNew, "client_certificate" | "client_key"> {
  if (values.withoutCertificate) return { client_certificate: null };
  if (!takesClientCertificate(values.sslmode)) return {};
  return {
    ...(values.client_certificate.trim() ? { client_certificate: values.client_certificate } : {}),
    ...(values.client_key.trim() ? { client_key: values.client_key } : {}),
  };
}

/** A pasted URL fills the fields; null when it is none. The driver after "+" is the project's affair, not ours. */
export function fromUrl(text: string): Partial<DatabaseValues> | null {
  const found = /^postgres(?:ql)?(?:\+\w+)?:\/\/(.+)$/.exec(text.trim());
  if (!found) return null;
  try {
    const url = new URL(`http://${found[1] ?? ""}`);
    const sslmode = SSL_MODES.find((mode) => mode === url.searchParams.get("sslmode"));
    return {
      host: url.hostname,
      port: url.port || "5432",
      database: decodeURIComponent(url.pathname.replace(/^\//, "")),
      username: decodeURIComponent(url.username),
      password: decodeURIComponent(url.password),
      ...(sslmode ? { sslmode } : {}),
    };
  } catch {
    return null;
  }
}
