/** The service's sentences in another language: found by the English sentence, with what was put into it. */

export type ServerTexts = Readonly<Record<string, string>>;

const PLACE = /\{(\d)\}/g;

interface Pattern {
  shape: RegExp;
  order: number[];
  text: string;
}

function escape(text: string): string {
  return text.replace(/[.*+?^${}()|[\]\\]/g, "\\$&");
}

function patternOf(key: string, text: string): Pattern {
  const order: number[] = [];
  let shape = "";
  let from = 0;
  for (const match of key.matchAll(PLACE)) {
    shape += `${escape(key.slice(from, match.index))}([\\s\\S]*?)`;
    order.push(Number(match[1]));
    from = match.index + match[0].length;
  }
  return { shape: new RegExp(`^${shape}${escape(key.slice(from))}$`), order, text };
}

/** Sentences of one string, as the service joins them. */
const BETWEEN_SENTENCES = /(?<=[.!?]) (?=[A-Z'])/;

/**
 * A translator of the service's sentences; one that it does not know comes back as it was, because a person can
 * still read it, and a detail is often the words of PostgreSQL, git or the project itself.
 */
export function serverTranslator(texts: ServerTexts, nouns: ServerTexts): (text: string) => string {
  // The most particular first: "'x' was asked for." before "'x' was asked for.{1}".
  const patterns = Object.entries(texts)
    .filter(([key]) => key.search(PLACE) >= 0)
    .sort(([one], [other]) => other.replace(PLACE, "").length - one.replace(PLACE, "").length)
    .map(([key, text]) => patternOf(key, text));

  const whole = (text: string): string | undefined => {
    const known = texts[text];
    if (known !== undefined) return known;
    for (const { shape, order, text: said } of patterns) {
      const match = shape.exec(text);
      if (!match) continue;
      const values = new Map(order.map((place, index) => [place, match[index + 1] ?? ""]));
      return said.replace(PLACE, (_, place: string) => {
        const value = values.get(Number(place)) ?? "";
        return nouns[value] ?? texts[value] ?? value;
      });
    }
    return undefined;
  };

  return (text) => {
    const said = whole(text);
    if (said !== undefined) return said;
    const parts = text.split(BETWEEN_SENTENCES);
    return parts.length > 1 ? parts.map((part) => whole(part) ?? part).join(" ") : text;
  };
}
