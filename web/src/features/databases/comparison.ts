/** Two databases side by side: what is asked of the API, and lines of two texts in step. */
import { useQuery } from "@tanstack/react-query";
import { diffLines } from "diff";
import { api, unwrap } from "@/api/client";
import type { ObjectKind, ObjectName } from "./queries";

export interface Sides {
  org: string;
  project: string;
  left: string;
  right: string;
  /** Owners and grants count too. */
  rights: boolean;
}

const PATH = "/api/orgs/{org}/projects/{project}/comparison" as const;

export function useComparison({ org, project, left, right, rights }: Sides) {
  return useQuery({
    queryKey: ["comparison", org, project, left, right, rights],
    queryFn: () => unwrap(api.GET(PATH, { params: { path: { org, project }, query: { left, right, rights } } })),
    enabled: left !== "" && right !== "" && left !== right,
    staleTime: 30_000,
  });
}

export function useComparedObject({ org, project, left, right, rights }: Sides, object: ObjectName | null) {
  return useQuery({
    queryKey: ["comparison", org, project, left, right, rights, object],
    queryFn: () =>
      unwrap(
        api.GET(`${PATH}/object`, {
          params: { path: { org, project }, query: { left, right, rights, kind: object?.kind ?? "table", schema: object?.schema ?? "", name: object?.name ?? "" } },
        }),
      ),
    enabled: object !== null,
    staleTime: 30_000,
  });
}

export const WHATS = ["different", "missing", "added"] as const;
export type What = (typeof WHATS)[number];

export interface Difference {
  what: What;
  kind: ObjectKind;
  schema_name: string;
  name: string;
}

/** One line of both texts; null: only the other side has it. */
export interface LinePair {
  left: string | null;
  right: string | null;
  same: boolean;
}

/** A definition of thousands of lines that differs everywhere must not hold the page up. */
const PATIENCE_MS = 1_000;

function linesOf(text: string): string[] {
  const lines = text.split("\n");
  if (lines.at(-1) === "") lines.pop();
  return lines;
}

/** The lines of two texts side by side: those that are alike stand beside each other. */
export function pairs(left: string, right: string): LinePair[] {
  const found: LinePair[] = [];
  const parts = diffLines(`${left}\n`, `${right}\n`, { timeout: PATIENCE_MS }) ?? [
    { value: left, removed: true, added: false },
    { value: right, removed: false, added: true },
  ];
  let gone: string[] = [];
  let come: string[] = [];
  const flush = () => {
    for (let at = 0; at < Math.max(gone.length, come.length); at++) found.push({ left: gone[at] ?? null, right: come[at] ?? null, same: false });
    gone = [];
    come = [];
  };
  for (const part of parts) {
    const lines = linesOf(part.value);
    if (part.removed) gone.push(...lines);
    else if (part.added) come.push(...lines);
    else {
      flush();
      for (const line of lines) found.push({ left: line, right: line, same: true });
    }
  }
  flush();
  return found;
}
