/** What the API says when it refuses: RFC 9457 problem details as a typed error. */
import type { ProblemBody } from "./types";

export class Problem extends Error {
  readonly status: number;
  readonly code: string;
  readonly title: string;
  readonly detail: string;
  readonly fix: string | null;
  readonly fields: ReadonlyMap<string, string>;
  readonly requestId: string | null;
  /** What programs need of it, by name. */
  readonly params: Readonly<Record<string, unknown>>;

  constructor(body: ProblemBody) {
    super(`${body.title}: ${body.detail}`);
    this.name = "Problem";
    this.status = body.status;
    this.code = body.code;
    this.title = body.title;
    this.detail = body.detail;
    this.fix = body.fix || null;
    this.fields = new Map((body.errors ?? []).map((entry) => [entry.field, entry.message]));
    this.requestId = body.request_id ?? null;
    this.params = body.params ?? {};
  }

  /** Nobody answered: the network, or the service behind it. */
  get unreachable(): boolean {
    return this.status === 0;
  }
}

function isProblemBody(value: unknown): value is ProblemBody {
  return typeof value === "object" && value !== null && "title" in value && "status" in value;
}

/** The problem inside a refused answer; an answer without one (a proxy's page) gets an honest stand-in. */
export function problemFrom(status: number, body: unknown): Problem {
  if (isProblemBody(body)) return new Problem({ ...body, code: body.code || "unknown", detail: body.detail || "" });
  return new Problem({
    title: `HTTP ${status}`,
    status,
    code: status >= 502 && status <= 504 ? "unavailable" : "unexpected",
    detail: typeof body === "string" ? body.slice(0, 300) : "",
  });
}

export function networkProblem(cause: unknown): Problem {
  return new Problem({
    title: "No connection",
    status: 0,
    code: "network",
    detail: cause instanceof Error ? cause.message : "",
  });
}

/** The request that a move became, where others must approve it first; null for every other failure. */
export function requestOf(error: unknown): string | null {
  if (!(error instanceof Problem) || error.code !== "approval_needed") return null;
  const { request } = error.params;
  return typeof request === "string" ? request : null;
}

export function asProblem(error: unknown): Problem {
  return error instanceof Problem ? error : networkProblem(error);
}
