// PNG files of pictures of any size: a canvas would limit their size and change their values.
// Source: PNG specification, third edition.

const SIGNATURE = [137, 80, 78, 71, 13, 10, 26, 10];

// The filter Average suits photographs: each byte minus the mean of those to the left and above.
const AVERAGE = 3;

// Rows that are compressed at a time.
const BAND = 64;

const CRC = Uint32Array.from({ length: 256 }, (_, byte) => {
  let value = byte;
  for (let bit = 0; bit < 8; bit++) value = value & 1 ? 0xedb88320 ^ (value >>> 1) : value >>> 1;
  return value;
});

/**
 * A PNG that says it is sRGB, without transparency.
 * @param {ImageData} picture
 * @returns {Promise<Blob>}
 */
export async function encodePng(picture) {
  const head = new DataView(new ArrayBuffer(13));
  head.setUint32(0, picture.width);
  head.setUint32(4, picture.height);
  head.setUint8(8, 8);
  head.setUint8(9, 2);
  const parts = [Uint8Array.from(SIGNATURE), chunk("IHDR", new Uint8Array(head.buffer)), chunk("sRGB", new Uint8Array(1))];
  const coded = bands(picture).pipeThrough(new CompressionStream("deflate")).getReader();
  for (let piece = await coded.read(); !piece.done; piece = await coded.read()) {
    parts.push(chunk("IDAT", piece.value));
  }
  return new Blob([...parts, chunk("IEND", new Uint8Array())], { type: "image/png" });
}

/** The filtered rows as a stream. */
function bands(picture) {
  let y = 0;
  return new ReadableStream({
    pull(controller) {
      const end = Math.min(y + BAND, picture.height);
      controller.enqueue(filtered(picture, y, end));
      y = end;
      if (y === picture.height) controller.close();
    },
  });
}

function filtered({ data, width }, first, last) {
  const out = new Uint8Array((last - first) * (1 + 3 * width));
  let at = 0;
  for (let y = first; y < last; y++) {
    out[at++] = AVERAGE;
    for (let x = 0; x < width; x++) {
      const here = 4 * (y * width + x);
      for (let channel = here; channel < here + 3; channel++) {
        const left = x ? data[channel - 4] : 0, above = y ? data[channel - 4 * width] : 0;
        out[at++] = data[channel] - ((left + above) >> 1);
      }
    }
  }
  return out;
}

function chunk(kind, data) {
  const out = new Uint8Array(12 + data.length);
  const view = new DataView(out.buffer);
  view.setUint32(0, data.length);
  for (let k = 0; k < 4; k++) out[4 + k] = kind.charCodeAt(k);
  out.set(data, 8);
  let sum = 0xffffffff;
  for (let k = 4; k < 8 + data.length; k++) sum = CRC[(sum ^ out[k]) & 255] ^ (sum >>> 8);
  view.setUint32(8 + data.length, ~sum >>> 0);
  return out;
}
