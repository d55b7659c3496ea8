/** A key that makes a request safe to send twice. Not crypto.randomUUID: it is absent on plain http. */
export function newKey(): string {
  return [...crypto.getRandomValues(new Uint8Array(16))].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}
