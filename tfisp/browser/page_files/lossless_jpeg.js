// Lossless JPEG (ITU-T T.81, process 14), as DNG writers store samples.
//
// The codes must end where the stream does: damage shifts them against each other, and what a
// lenient decoder makes of them is a wrong picture.

import { Fault } from "./fault.js";

const LOSSLESS = 0xc3, TABLES = 0xc4, START = 0xd8, END = 0xd9, SCAN = 0xda, RESTART = 0xdd;

// Encoders may fill up to a whole word behind the last code.
const FILLING = 3;

/**
 * Decodes a strip or tile. Its rows may be divided into components, or two rows put into one, to
 * predict samples from their own colour; either way they follow each other row by row.
 * @param {Uint8Array} data The JPEG stream.
 * @param {number} samples How many it must hold, height x width.
 * @returns {Uint16Array} The samples, row by row.
 * @throws {Fault} The stream is damaged, holds more or fewer samples, or is of a kind not read.
 */
export function decodeLosslessJpeg(data, samples) {
  const head = readHead(data);
  const count = head.height * head.width * head.components;
  if (count !== samples) {
    throw new Fault(`a lossless JPEG of ${count} samples stands where ${samples} are stated`);
  }
  return decodeScan(data, head);
}

/** What stands before the codes: sizes, tables, predictor, and where the codes begin. */
function readHead(data) {
  const damaged = () => new Fault("lossless JPEG with damaged markers");
  if (data[0] !== 0xff || data[1] !== START) throw new Fault("no lossless JPEG stands where the tags state one");
  const tables = new Map();
  let frame = null;
  for (let at = 2; ; ) {
    const length = (data[at + 2] << 8) | data[at + 3];
    const body = data.subarray(at + 4, at + 2 + length);
    if (data[at] !== 0xff || !(length >= 2) || body.length !== length - 2) throw damaged();
    const marker = data[at + 1];
    at += 2 + length;
    if (marker === LOSSLESS) {
      if (body.length < 6 || body.length < 6 + 3 * body[5]) throw damaged();
      frame = {
        bits: body[0],
        height: (body[1] << 8) | body[2],
        width: (body[3] << 8) | body[4],
        numbers: Array.from({ length: body[5] }, (_, k) => body[6 + 3 * k]),
      };
    } else if (marker >= 0xc0 && marker <= 0xcf && ![0xc4, 0xc8, 0xcc].includes(marker)) {
      throw new Fault("a JPEG that is not lossless is not supported");
    } else if (marker === TABLES) {
      readTables(body, tables);
    } else if (marker === RESTART) {
      if (body.length !== 2) throw damaged();
      if (body[0] || body[1]) throw new Fault("lossless JPEG with restarts is not read by this page");
    } else if (marker === SCAN) {
      const components = body[0];
      if (!frame || components !== frame.numbers.length || body.length !== 4 + 2 * components) {
        throw new Fault("lossless JPEG of several scans is not supported");
      }
      const chosen = frame.numbers.map((number, k) => {
        if (body[1 + 2 * k] !== number) throw damaged();
        return tables.get(body[2 + 2 * k] >> 4);
      });
      const predictor = body[1 + 2 * components], shift = body[3 + 2 * components] & 15;
      if (chosen.includes(undefined) || !(predictor >= 1 && predictor <= 7)) throw damaged();
      const { bits, height, width } = frame;
      if (!(bits >= 2 && bits <= 16) || shift >= bits || !height || !width) throw damaged();
      return { bits, height, width, components, predictor, shift, chosen, start: at };
    }
  }
}

/**
 * Huffman tables by number. A table answers the next 16 bits of the stream: category in the low
 * byte, length of the code in the high one; 0 where no code begins so.
 */
function readTables(body, tables) {
  const damaged = () => new Fault("lossless JPEG with a damaged Huffman table");
  for (let at = 0; at < body.length; ) {
    const counts = body.subarray(at + 1, at + 17);
    const total = counts.reduce((sum, count) => sum + count, 0);
    const symbols = body.subarray(at + 17, at + 17 + total);
    if (counts.length !== 16 || symbols.length !== total) throw damaged();
    const table = new Uint16Array(1 << 16);
    let code = 0, next = 0;
    for (let length = 1; length <= 16; length++, code <<= 1) {
      for (let k = 0; k < counts[length - 1]; k++, code++) {
        const symbol = symbols[next++];
        if (symbol > 16 || code >= 1 << length) throw damaged();
        const from = code << (16 - length);
        table.fill((length << 8) | symbol, from, from + (1 << (16 - length)));
      }
    }
    tables.set(body[at] & 15, table);
    at += 17 + total;
  }
}

function decodeScan(data, head) {
  const { bits, height, width, components, predictor, shift, chosen } = head;
  const out = new Uint16Array(height * width * components);
  const across = width * components;
  const first = 1 << (bits - shift - 1);
  let at = head.start, pool = 0, held = 0, padded = 0, index = 0;

  // Keeps at least 16 bits in the pool; behind the end of the codes they are zeros, and counted.
  function fill() {
    while (held <= 16) {
      let byte = 0;
      if (at < data.length && !(data[at] === 0xff && data[at + 1] !== 0)) {
        byte = data[at];
        at += byte === 0xff ? 2 : 1;
      } else {
        padded += 8;
      }
      pool = ((pool << 8) | byte) & 0xffffff;
      held += 8;
    }
  }

  for (let row = 0; row < height; row++) {
    for (let column = 0; column < width; column++) {
      for (let component = 0; component < components; component++, index++) {
        fill();
        const entry = chosen[component][(pool >>> (held - 16)) & 0xffff];
        if (!entry) throw new Fault("lossless JPEG with a code that is in no table: damaged");
        held -= entry >> 8;
        const category = entry & 255;
        let difference = category === 16 ? 32768 : 0;
        if (category > 0 && category < 16) {
          fill();
          difference = (pool >>> (held - category)) & ((1 << category) - 1);
          held -= category;
          if (difference < 1 << (category - 1)) difference -= (1 << category) - 1;
        }
        let guess;
        if (column === 0) {
          guess = row === 0 ? first : out[index - across];
        } else if (row === 0 || predictor === 1) {
          guess = out[index - components];
        } else {
          const a = out[index - components], b = out[index - across];
          guess = predict(predictor, a, b, out[index - across - components]);
        }
        out[index] = guess + difference; // modulo 2**16, as the standard says
      }
    }
    if (padded > held) throw new Fault("lossless JPEG ends before its samples: truncated or damaged");
  }
  requireEnd(data, at, held - padded);
  if (shift) for (let k = 0; k < out.length; k++) out[k] <<= shift;
  return out;
}

/** The prediction from the samples to the left, above, and above to the left. */
function predict(kind, a, b, c) {
  switch (kind) {
    case 2: return b;
    case 3: return c;
    case 4: return a + b - c;
    case 5: return a + ((b - c) >> 1);
    case 6: return b + ((a - c) >> 1);
    default: return (a + b) >> 1;
  }
}

/** Refuses a stream whose codes go on where its samples are complete. */
function requireEnd(data, at, unread) {
  let left = unread >> 3;
  for (; at < data.length && !(data[at] === 0xff && data[at + 1] === END); at++) {
    if (data[at] === 0xff && data[at + 1] !== 0) continue; // bytes that fill up
    left += 1;
    if (data[at] === 0xff) at += 1;
  }
  if (at >= data.length) throw new Fault("lossless JPEG without an end: truncated or damaged");
  if (left > FILLING) throw new Fault(`lossless JPEG with ${left} bytes too many: samples are damaged`);
}
