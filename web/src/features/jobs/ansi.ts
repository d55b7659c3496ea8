/** The colours that programs print to a terminal, as parts of a line; every other command of a terminal is left out. */

export interface Part {
  text: string;
  /** Classes of the page's own palette, readable on both backgrounds; "" is plain. */
  look: string;
}

// Colours and weight end in m; other sequences move cursors and name windows.
// eslint-disable-next-line no-control-regex
const SEQUENCE = /\u001b\[([0-9;:?]*)([A-Za-z])|\u001b\][^\u0007\u001b]*(?:\u0007|\u001b\\)|[\u0000-\u0008\u000b-\u001f\u007f-\u009f]/g;

/** Of the eight colours, dark and bright ones are the same here: what matters is what they tell. */
const COLOURS = ["text-muted", "text-failed", "text-applied", "text-pending", "text-running", "text-accent-text", "text-accent-text", ""];

interface Look {
  colour: string;
  bold: boolean;
  dim: boolean;
  underlined: boolean;
}

const PLAIN: Look = { colour: "", bold: false, dim: false, underlined: false };

/** The nearest of the eight: of 256 colours by their cube, of true colour by its strongest parts. */
function nearest(red: number, green: number, blue: number): string {
  const most = Math.max(red, green, blue);
  if (most - Math.min(red, green, blue) < 40) return most > 0 && most < 160 ? (COLOURS[0] ?? "") : "";
  const strong = (part: number) => (part > most * 0.6 ? 1 : 0);
  return COLOURS[strong(red) + 2 * strong(green) + 4 * strong(blue)] ?? "";
}

function ofPalette(index: number): string {
  if (index < 16) return COLOURS[index % 8] ?? "";
  if (index >= 232) return index < 248 ? (COLOURS[0] ?? "") : "";
  const cube = index - 16;
  return nearest(Math.floor(cube / 36) * 51, (Math.floor(cube / 6) % 6) * 51, (cube % 6) * 51);
}

function changed(before: Look, codes: string): Look {
  const numbers = (codes || "0").split(/[;:]/).map(Number);
  let look = before;
  for (let at = 0; at < numbers.length; at++) {
    const code = numbers[at] ?? 0;
    if (code === 0) look = PLAIN;
    else if (code === 1) look = { ...look, bold: true };
    else if (code === 2) look = { ...look, dim: true };
    else if (code === 4) look = { ...look, underlined: true };
    else if (code === 22) look = { ...look, bold: false, dim: false };
    else if (code === 24) look = { ...look, underlined: false };
    else if (code === 39) look = { ...look, colour: "" };
    else if ((code >= 30 && code <= 37) || (code >= 90 && code <= 97)) look = { ...look, colour: COLOURS[code % 10] ?? "" };
    else if (code === 38 || code === 48) {
      const palette = numbers[at + 1] === 5;
      const colour = palette ? ofPalette(numbers[at + 2] ?? 0) : nearest(numbers[at + 2] ?? 0, numbers[at + 3] ?? 0, numbers[at + 4] ?? 0);
      if (code === 38) look = { ...look, colour };
      at += palette ? 2 : 4;
    }
  }
  return look;
}

function classes({ colour, bold, dim, underlined }: Look): string {
  return [colour, bold && "font-semibold", dim && !colour && "text-muted", underlined && "underline"].filter(Boolean).join(" ");
}

/** A line as its parts; one part without a look where nothing is coloured. */
export function partsOf(text: string): Part[] {
  const parts: Part[] = [];
  let look = PLAIN;
  let from = 0;
  const add = (piece: string) => {
    if (piece !== "") parts.push({ text: piece, look: classes(look) });
  };
  for (const found of text.matchAll(SEQUENCE)) {
    add(text.slice(from, found.index));
    from = found.index + found[0].length;
    if (found[2] === "m") look = changed(look, found[1] ?? "");
  }
  add(text.slice(from));
  return parts;
}

/** The words alone: what is found in, saved and read out. */
export function withoutCodes(text: string): string {
  return text.replace(SEQUENCE, "");
}
