/** Characters that a reader would not see, or that turn the text around them. */
// eslint-disable-next-line no-control-regex
const UNSEEN = /[\u0000-\u001f\u007f\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff]/g;

function shown(character: string): string {
  const code = character.codePointAt(0) ?? 0;
  return code < 0x20 ? String.fromCodePoint(0x2400 + code) : "\u2423";
}

/** A text that others gave, for places that hold no markup: an option, a title, a picture. Nothing in it can hide or turn its surroundings. */
export function legible(text: string): string {
  return text.replace(UNSEEN, shown);
}
