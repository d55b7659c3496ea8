import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { signedFetch } from "./client";
import { asProblem, Problem, problemFrom } from "./problem";
import { accessToken, goOn, setAccessToken } from "./tokens";

const answers = new Map<string, (request: Request) => Response>();
let asked: string[] = [];

/** The network's edge: what stands behind it is tested in the browser, against the real service. */
beforeEach(() => {
  asked = [];
  answers.clear();
  setAccessToken("old");
  vi.stubGlobal("fetch", (input: Request | string, init?: RequestInit) => {
    const request = new Request(new URL(input instanceof Request ? input.url : input, "http://localhost"), input instanceof Request ? input : init);
    const path = new URL(request.url).pathname;
    asked.push(`${request.method} ${path} ${request.headers.get("Authorization") ?? "-"}`);
    return Promise.resolve(answers.get(path)?.(request) ?? new Response(null, { status: 404 }));
  });
});
afterEach(() => {
  setAccessToken(null);
  vi.unstubAllGlobals();
});

const needs = (token: string) => (request: Request) =>
  request.headers.get("Authorization") === `Bearer ${token}` ? Response.json({ ok: true }) : new Response(null, { status: 401 });

test("an expired token is renewed by the cookie once, and the request is sent again with its body", async () => {
  answers.set("/api/auth/refresh", () => Response.json({ access_token: "new", expires_in: 60 }));
  answers.set("/api/me", needs("new"));
  const response = await signedFetch(new Request("http://localhost/api/me", { method: "PATCH", body: "{}" }));
  expect(response.status).toBe(200);
  expect(asked).toEqual(["PATCH /api/me Bearer old", "POST /api/auth/refresh -", "PATCH /api/me Bearer new"]);
});

test("requests that expire together share one renewal", async () => {
  answers.set("/api/auth/refresh", () => Response.json({ access_token: "new", expires_in: 60 }));
  answers.set("/api/me", needs("new"));
  await Promise.all([1, 2, 3].map(() => signedFetch(new Request("http://localhost/api/me"))));
  expect(asked.filter((line) => line.includes("refresh"))).toHaveLength(1);
});

/** Everything that can go on without the network has gone on. */
const settled = () => new Promise((resolve) => setTimeout(resolve, 20));

test("when the cookie is refused too, the session is over and nothing is asked again until somebody leaves", async () => {
  answers.set("/api/auth/refresh", () => new Response(null, { status: 401 }));
  answers.set("/api/me", needs("new"));
  const response = signedFetch(new Request("http://localhost/api/me"));
  await settled();
  expect(accessToken()).toBeNull();
  setAccessToken(null);
  expect((await response).status).toBe(401);
  expect(asked).toHaveLength(2);
});

test("what is sent after the session ended waits for the sign-in, and is then sent once, with its body", async () => {
  answers.set("/api/auth/refresh", () => new Response(null, { status: 401 }));
  answers.set("/api/me", needs("again"));
  const first = signedFetch(new Request("http://localhost/api/me"));
  await settled();
  const second = signedFetch(new Request("http://localhost/api/me", { method: "PATCH", body: "{}" }));
  await settled();
  setAccessToken("again");
  await settled();
  // Who signed in is not known to be the same person yet.
  expect(asked).toEqual(["GET /api/me Bearer old", "POST /api/auth/refresh -"]);
  goOn();
  expect([(await first).status, (await second).status]).toEqual([200, 200]);
  expect(asked.slice(2).sort()).toEqual(["GET /api/me Bearer again", "PATCH /api/me Bearer again"]);
});

test("where nobody had signed in, a refusal is an answer and nothing waits", async () => {
  setAccessToken(null);
  answers.set("/api/auth/refresh", () => new Response(null, { status: 401 }));
  answers.set("/api/me", needs("new"));
  expect((await signedFetch(new Request("http://localhost/api/me"))).status).toBe(401);
});

test("an outage during the renewal is no sign-out", async () => {
  answers.set("/api/auth/refresh", () => new Response(null, { status: 503 }));
  answers.set("/api/me", needs("new"));
  await expect(signedFetch(new Request("http://localhost/api/me"))).rejects.toMatchObject({ code: "network" });
  expect(accessToken()).toBe("old");
});

test("a problem document becomes a typed error with its fields", () => {
  const problem = problemFrom(422, {
    title: "No", status: 422, code: "invalid", detail: "why", fix: "do", errors: [{ field: "git_url", message: "not a URL" }],
  });
  expect(problem).toMatchObject({ code: "invalid", fix: "do", unreachable: false });
  expect(problem.fields.get("git_url")).toBe("not a URL");
});

test("a proxy's page and a lost connection are told apart", () => {
  expect(problemFrom(502, "<html>").code).toBe("unavailable");
  expect(asProblem(new TypeError("Failed to fetch")).unreachable).toBe(true);
  expect(asProblem(new Problem({ title: "x", status: 404, code: "c", detail: "" })).unreachable).toBe(false);
});
