/** The diagram as one picture, for documents. */
import { type Box, cut, HEAD, type Layout, type Line, pathOf, ROW } from "./diagram";

/** A colour by the name of its variable in the stylesheet. */
export type Palette = (name: string) => string;

function escaped(text: string): string {
  // What XML cannot hold at all goes first; a name may hold anything.
  // eslint-disable-next-line no-control-regex
  const clean = text.replace(/[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]/g, "\ufffd");
  return clean.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;").replaceAll('"', "&quot;");
}

export function diagramSvg(title: string, boxes: readonly Box[], lines: readonly Line[], layout: Layout, colour: Palette): string {
  const out = [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${layout.width}" height="${layout.height}" viewBox="0 0 ${layout.width} ${layout.height}" font-family="ui-monospace, monospace" font-size="12">`,
    `<title>${escaped(title)}</title>`,
    `<rect width="${layout.width}" height="${layout.height}" fill="${colour("bg")}"/>`,
    ...lines.flatMap((line) => (layout.lines[line.id] ? [`<path d="${pathOf(layout.lines[line.id] ?? [])}" fill="none" stroke="${colour("line-strong")}"><title>${escaped(line.label)}</title></path>`] : [])),
  ];
  for (const box of boxes) {
    const place = layout.places[box.id];
    if (!place) continue;
    out.push(
      `<g transform="translate(${place.x} ${place.y})"><rect width="${box.width}" height="${box.height}" rx="5" fill="${colour("bg-raised")}" stroke="${colour("line-strong")}"/>`,
      `<text x="10" y="17" font-weight="600" fill="${colour("text")}">${escaped(cut(box.table.name))}</text>`,
      ...box.columns.map(
        (one, at) =>
          `<text x="10" y="${HEAD + at * ROW + 13}" fill="${colour("text")}">${one.key ? "● " : ""}${escaped(cut(one.name))}</text><text x="${box.width - 10}" y="${HEAD + at * ROW + 13}" text-anchor="end" fill="${colour("text-muted")}">${escaped(cut(one.type))}</text>`,
      ),
      "</g>",
    );
  }
  return [...out, "</svg>"].join("\n");
}

/** The same as pixels, twice as fine; a picture larger than browsers can hold is made smaller. */
export async function asPng(svg: string, width: number, height: number): Promise<Blob | null> {
  const MOST = 8_000;
  const scale = Math.min(2, MOST / width, MOST / height);
  const picture = new Image();
  picture.src = `data:image/svg+xml;charset=utf-8,${encodeURIComponent(svg)}`;
  await picture.decode();
  const canvas = Object.assign(document.createElement("canvas"), { width: Math.ceil(width * scale), height: Math.ceil(height * scale) });
  canvas.getContext("2d")?.drawImage(picture, 0, 0, canvas.width, canvas.height);
  return new Promise((done) => canvas.toBlob(done, "image/png"));
}
