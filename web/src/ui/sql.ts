/** SQL cut into tokens for colouring; never a parser: what it does not know is plain. */

export type SqlKind = "keyword" | "string" | "number" | "comment" | "name" | "plain";

export interface SqlToken {
  kind: SqlKind;
  text: string;
}

const WORDS = new Set(
  `add after aggregate all alter always and as asc authorization before begin between by cache cascade case check
  collate column comment commit constraint create cross current_date current_timestamp current_user cycle database
  default deferrable deferred delete desc disable distinct do domain drop each else enable end enum except exclude
  execute exists explain extension false for force foreign from full function generated grant group having identity
  if immutable in include increment index inherits initially inner insert instead intersect into is join key language
  lateral left level like limit materialized maxvalue minvalue no not null of offset on only option or order out outer
  over owned owner partition policy primary privileges procedure public range references replica restrictive return
  returning returns revoke right role rollback row rule schema security select sequence server set start statement
  statistics stored strict table tablespace temporary then to trigger true type union unique unlogged update using
  values view virtual volatile when where window with`.split(/\s+/),
);

const TOKEN =
  /(--[^\n]*|\/\*[\s\S]*?\*\/)|(\$(\w*)\$[\s\S]*?\$\3\$|[eE]?'(?:[^'\\]|\\.|'')*')|("(?:[^"]|"")*")|(\b\d+(?:\.\d+)?\b)|([A-Za-z_]\w*)|([\s\S])/g;

export function sqlTokens(source: string): SqlToken[] {
  const tokens: SqlToken[] = [];
  const push = (kind: SqlKind, text: string) => {
    const last = tokens[tokens.length - 1];
    if (last?.kind === kind) last.text += text;
    else tokens.push({ kind, text });
  };
  for (const [text, comment, string, , quoted, number, word] of source.matchAll(TOKEN)) {
    if (comment) push("comment", text);
    else if (string) push("string", text);
    else if (quoted) push("name", text);
    else if (number) push("number", text);
    else if (word && WORDS.has(word.toLowerCase())) push("keyword", text);
    else push("plain", text);
  }
  return tokens;
}
