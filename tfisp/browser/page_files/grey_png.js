// Grey PNGs of 16 bits, whose samples a canvas would round to 8.
// Source: PNG specification, third edition.

import { Fault } from "./fault.js";
import { MOST_SAMPLES } from "./frame.js";

const SIGNATURE = 0x89504e47;
const KINDS = { 0: "grey", 2: "RGB", 3: "palette", 4: "grey and alpha", 6: "RGB and alpha" };

/**
 * Decodes a mosaic.
 * @param {ArrayBuffer} buffer The whole file.
 * @returns {Promise<{mosaic: Uint16Array, height: number, width: number}>}
 * @throws {Fault} It is damaged, or no grey PNG of 16 bits.
 */
export async function readGreyPng(buffer) {
  const view = new DataView(buffer);
  if (buffer.byteLength < 33 || view.getUint32(0) !== SIGNATURE) throw new Fault("not a PNG file");
  const width = view.getUint32(16), height = view.getUint32(20);
  const bits = view.getUint8(24), colour = view.getUint8(25), interlaced = view.getUint8(28);
  if (bits !== 16 || colour !== 0) {
    throw new Fault(`a PNG of ${bits} bits, ${KINDS[colour] ?? "unknown colours"}, where a mosaic is expected: 16 bits, one channel`);
  }
  if (interlaced) throw new Fault("an interlaced PNG is not read by this page");
  if (!(height && width) || height * width > MOST_SAMPLES) throw new Fault(`a PNG of ${height}x${width} samples`);
  const rows = await inflated(view, height * (1 + 2 * width));
  unfilter(rows, height, 2 * width);
  const mosaic = new Uint16Array(height * width);
  for (let y = 0, k = 0; y < height; y++) {
    for (let at = y * (1 + 2 * width) + 1, x = 0; x < width; x++, at += 2) mosaic[k++] = (rows[at] << 8) | rows[at + 1];
  }
  return { mosaic, height, width };
}

/** The rows, each behind the number of its filter: so many bytes. */
async function inflated(view, length) {
  const parts = [];
  for (let at = 8, kind = ""; kind !== "IEND"; ) {
    const size = at + 12 <= view.byteLength ? view.getUint32(at) : Infinity;
    if (at + 12 + size > view.byteLength) throw new Fault("the PNG ends before its last chunk: truncated");
    kind = String.fromCharCode(...new Uint8Array(view.buffer, at + 4, 4));
    if (kind === "IDAT") parts.push(new Uint8Array(view.buffer, at + 8, size));
    at += 12 + size;
  }
  // No more than that is kept, whatever a file inflates to. Its checksum is compared on the way.
  const out = new Uint8Array(length);
  let filled = 0;
  try {
    const stream = new Blob(parts).stream().pipeThrough(new DecompressionStream("deflate")).getReader();
    for (let piece = await stream.read(); !piece.done; piece = await stream.read()) {
      if (filled + piece.value.length > length) throw new Fault(`the PNG holds more than the ${length} bytes of its rows`);
      out.set(piece.value, filled);
      filled += piece.value.length;
    }
  } catch (error) {
    throw error instanceof Fault ? error : new Fault("the PNG cannot be decoded: damaged");
  }
  if (filled !== length) throw new Fault(`the PNG holds ${filled} bytes of rows that take ${length}`);
  return out;
}

/** Undoes the filters in place: each byte was predicted from the pixel before it and the row above. */
function unfilter(rows, height, across) {
  for (let y = 0; y < height; y++) {
    const start = y * (1 + across) + 1, filter = rows[start - 1];
    if (filter > 4) throw new Fault(`the PNG has the unknown filter ${filter}: damaged`);
    for (let k = 0; filter && k < across; k++) {
      const at = start + k;
      const left = k >= 2 ? rows[at - 2] : 0, above = y ? rows[at - across - 1] : 0;
      const corner = k >= 2 && y ? rows[at - across - 3] : 0;
      rows[at] += [0, left, above, (left + above) >> 1, paeth(left, above, corner)][filter];
    }
  }
}

function paeth(left, above, corner) {
  const guess = left + above - corner;
  const [a, b, c] = [Math.abs(guess - left), Math.abs(guess - above), Math.abs(guess - corner)];
  if (a <= b && a <= c) return left;
  return b <= c ? above : corner;
}
