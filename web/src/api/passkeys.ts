/** The browser's side of passkeys: the JSON of the API in and out of navigator.credentials. */
import type { PasskeyAnswer, PasskeyMade } from "./types";

/** What keeps a browser from giving a passkey; without a word where nobody has to be told. */
export type PasskeyFailure = "cancelled" | "known" | "unsupported" | "address" | "failed" | "silent";

export class PasskeyFailed extends Error {
  readonly failure: PasskeyFailure;

  constructor(failure: PasskeyFailure) {
    super(failure);
    this.failure = failure;
  }
}

const FAILURES: Readonly<Record<string, PasskeyFailure>> = {
  NotAllowedError: "cancelled", // also: too late, and none here; a page may not learn which
  InvalidStateError: "known",
  NotSupportedError: "unsupported",
  ConstraintError: "unsupported",
  SecurityError: "address",
  AbortError: "silent",
};

export function canUsePasskeys(): boolean {
  return typeof window.PublicKeyCredential === "function";
}

/** Whether the browser offers passkeys while an address is typed. */
export async function canOfferPasskeys(): Promise<boolean> {
  if (!canUsePasskeys() || !("isConditionalMediationAvailable" in window.PublicKeyCredential)) return false;
  return window.PublicKeyCredential.isConditionalMediationAvailable();
}

// A page may ask for one at a time: what waits in the address field makes way for a button.
let pending: AbortController | null = null;

export function stopAsking(): void {
  pending?.abort();
  pending = null;
}

type Json = Record<string, unknown>;
type Described = { id: string; type: "public-key"; transports?: AuthenticatorTransport[] };

export async function createPasskey(options: Json): Promise<PasskeyMade> {
  const { challenge, user, excludeCredentials, ...rest } = options as Json & { challenge: string; user: { id: string }; excludeCredentials?: Described[] };
  const publicKey = {
    ...rest,
    challenge: bytes(challenge),
    user: { ...user, id: bytes(user.id) },
    excludeCredentials: (excludeCredentials ?? []).map((one) => ({ ...one, id: bytes(one.id) })),
  } as unknown as PublicKeyCredentialCreationOptions;
  const made = await asked((signal) => navigator.credentials.create({ publicKey, signal }));
  const response = made.response as AuthenticatorAttestationResponse;
  return {
    ...named(made),
    response: {
      clientDataJSON: text(response.clientDataJSON),
      attestationObject: text(response.attestationObject),
      transports: "getTransports" in response ? response.getTransports() : [],
    },
  };
}

export async function readPasskey(options: Json, mediation?: "conditional"): Promise<PasskeyAnswer> {
  const { challenge, ...rest } = options as Json & { challenge: string };
  // No credential is named: the device knows which passkeys it has for us.
  const publicKey = { ...rest, challenge: bytes(challenge), allowCredentials: [] } as PublicKeyCredentialRequestOptions;
  const used = await asked((signal) => navigator.credentials.get({ publicKey, signal, ...(mediation ? { mediation } : {}) }));
  const response = used.response as AuthenticatorAssertionResponse;
  return {
    ...named(used),
    response: {
      clientDataJSON: text(response.clientDataJSON),
      authenticatorData: text(response.authenticatorData),
      signature: text(response.signature),
      userHandle: response.userHandle ? text(response.userHandle) : null,
    },
  };
}

async function asked(ask: (signal: AbortSignal) => Promise<Credential | null>): Promise<PublicKeyCredential> {
  if (!canUsePasskeys()) throw new PasskeyFailed("unsupported");
  stopAsking();
  const mine = (pending = new AbortController());
  try {
    const found = await ask(mine.signal);
    if (!found) throw new PasskeyFailed("cancelled");
    return found as PublicKeyCredential;
  } catch (cause) {
    if (cause instanceof PasskeyFailed) throw cause;
    throw new PasskeyFailed(FAILURES[(cause as Partial<Error>).name ?? ""] ?? "failed");
  } finally {
    if (pending === mine) pending = null;
  }
}

function named(credential: PublicKeyCredential) {
  return { id: credential.id, rawId: text(credential.rawId), type: credential.type };
}

/** base64url, as the standard's JSON has it. */
function text(content: ArrayBuffer): string {
  const letters = Array.from(new Uint8Array(content), (byte) => String.fromCharCode(byte)).join("");
  return btoa(letters).replaceAll("+", "-").replaceAll("/", "_").replace(/=+$/, "");
}

function bytes(content: string): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(atob(content.replaceAll("-", "+").replaceAll("_", "/")), (letter) => letter.charCodeAt(0));
}
