/** Lays out in a thread of its own: hundreds of tables take seconds, and the page stays usable meanwhile. */
import type { Box, Line } from "./diagram";
import { layOut } from "./diagram-layout";

self.onmessage = ({ data }: MessageEvent<{ number: number; boxes: Box[]; lines: Line[] }>) => {
  self.postMessage({ number: data.number, layout: layOut(data.boxes, data.lines) });
};
