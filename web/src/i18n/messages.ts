/** What a text of the dictionary may be, and which parameters it asks for. */

/** One form per plural category of the language; the parameter `count` chooses. */
export interface Plural {
  one?: string;
  few?: string;
  many?: string;
  other: string;
}

export type Message = string | Plural;
export type Dictionary = Record<string, Message>;

/** The names between braces: Names<"{a} of {b}"> is "a" | "b". */
export type Names<Text> = Text extends `${string}{${infer Name}}${infer Rest}` ? Name | Names<Rest> : never;

export type NamesOf<M> = M extends string ? Names<M> : M extends { other: infer Other } ? Names<Other> | "count" : never;

const PARAMETER = /\{(\w+)\}/g;

export function parametersOf(text: string): string[] {
  return [...text.matchAll(PARAMETER)].map((match) => match[1] ?? "");
}

export function choose(message: Message, rules: Intl.PluralRules, count: unknown): string {
  if (typeof message === "string") return message;
  const category = rules.select(Number(count));
  return (category in message ? message[category as keyof Plural] : undefined) ?? message.other;
}

/** Text and values in the order of the sentence; values stay what they are, so that markup may stand inside. */
export function split<Value>(text: string, values: Record<string, Value>): (string | Value)[] {
  const parts: (string | Value)[] = [];
  let from = 0;
  for (const match of text.matchAll(PARAMETER)) {
    if (match.index > from) parts.push(text.slice(from, match.index));
    const value = values[match[1] ?? ""];
    parts.push(value === undefined ? match[0] : value);
    from = match.index + match[0].length;
  }
  if (from < text.length) parts.push(text.slice(from));
  return parts;
}
