/** What is typed of the first database and of the way to it. */
import type { EnvironmentNew } from "@/api/types";
import { type DatabaseValues, NEW_DATABASE, NO_TUNNEL, tunnelBodyOf, type TunnelValues } from "@/features/environments/values";
import type { Choices } from "@/features/setups/values";

export interface StepValues extends DatabaseValues {
  tunnel: TunnelValues | null;
}

/** The fields as they are kept until the project is made: nothing secret. */
export function keptOf(values: StepValues): Record<string, string> {
  const { name, host, port, database, username, sslmode, ca_certificate, client_certificate } = values;
  return { name, host, port, database, username, sslmode, ca_certificate, client_certificate };
}

export function keptTunnelOf({ tunnel }: StepValues): Record<string, string> {
  return tunnel ? { host: tunnel.host, port: tunnel.port, user: tunnel.user, hostKey: tunnel.hostKey } : {};
}

/** The fields as they were left; password and keys are not among them. */
export function stepValuesOf(kept: Choices): StepValues {
  const sslmode = (kept.database["sslmode"] as DatabaseValues["sslmode"] | undefined) ?? "prefer";
  const tunnel = Object.keys(kept.tunnel).length > 0 ? { ...NO_TUNNEL, ...kept.tunnel, privateKey: "" } : null;
  return { ...NEW_DATABASE, ...kept.database, password: "", client_key: "", sslmode, tunnel };
}

/** Without what is sent once and sealed. */
export function withoutSecrets(values: StepValues): StepValues {
  return { ...values, password: "", client_key: "", tunnel: values.tunnel && { ...values.tunnel, privateKey: "" } };
}

/** The way that the project gets: one that is named whole. */
export function tunnelOf({ tunnel }: StepValues): EnvironmentNew["tunnel"] {
  const body = tunnel && tunnelBodyOf(tunnel);
  return body && body.host !== "" && body.user !== "" && body.host_key.trim() !== "" ? body : null;
}
