/** A tokenizer for Python, as small as reading a migration needs; unknown text stays plain, never lost. */

export type Kind = "keyword" | "string" | "number" | "comment" | "name" | "plain";
export interface Token {
  kind: Kind;
  text: string;
}

const KEYWORDS = new Set(
  ("False None True and as assert async await break class continue def del elif else except finally for from global " +
    "if import in is lambda match case nonlocal not or pass raise return try while with yield").split(" "),
);

const PATTERN = new RegExp(
  [
    /(?<comment>#[^\n]*)/,
    /(?<string>[rRbBfFuU]{0,2}(?:"""(?:\\[\s\S]|(?!""")[\s\S])*(?:"""|$)|'''(?:\\[\s\S]|(?!''')[\s\S])*(?:'''|$)|"(?:\\.|[^"\\\n])*"?|'(?:\\.|[^'\\\n])*'?))/,
    /(?<number>\b(?:0[xXoObB][\da-fA-F_]+|\d[\d_]*(?:\.\d+)?(?:[eE][+-]?\d+)?)\b)/,
    /(?<decorator>@[A-Za-z_][\w.]*)/,
    /(?<word>[A-Za-z_]\w*)/,
  ]
    .map((part) => part.source)
    .join("|"),
  "g",
);

export function tokenize(source: string): Token[] {
  const tokens: Token[] = [];
  const push = (kind: Kind, text: string) => {
    const last = tokens.at(-1);
    if (last?.kind === "plain" && kind === "plain") last.text += text;
    else if (text) tokens.push({ kind, text });
  };
  let from = 0;
  for (const match of source.matchAll(PATTERN)) {
    push("plain", source.slice(from, match.index));
    const groups = match.groups ?? {};
    const text = match[0];
    if (groups["comment"]) push("comment", text);
    else if (groups["string"]) push("string", text);
    else if (groups["number"]) push("number", text);
    else if (groups["decorator"]) push("name", text);
    else if (KEYWORDS.has(text)) push("keyword", text);
    else push(source[match.index + text.length] === "(" ? "name" : "plain", text);
    from = match.index + text.length;
  }
  push("plain", source.slice(from));
  return tokens;
}

/** Tokens line by line: a string over several lines is cut at each. */
export function tokenLines(source: string): Token[][] {
  const lines: Token[][] = [[]];
  for (const token of tokenize(source)) {
    token.text.split("\n").forEach((text, index) => {
      if (index > 0) lines.push([]);
      if (text) lines.at(-1)?.push({ kind: token.kind, text });
    });
  }
  return lines;
}
