// Where the samples of a frame lie, as the tags state it, and the samples put together.
//
// Everything the tags say has to fit together before a sample is read: as many strips or tiles as
// the frame needs, each of the bytes its samples take, inside the file.

import { Fault } from "./fault.js";
import { MOST_SAMPLES } from "./frame.js";
import { decodeLosslessJpeg } from "./lossless_jpeg.js";

const WIDTH = 256, HEIGHT = 257, BITS = 258, COMPRESSION = 259, FILL_ORDER = 266;
const STRIP_OFFSETS = 273, SAMPLES_PER_PIXEL = 277, ROWS_PER_STRIP = 278, STRIP_COUNTS = 279;
const TILE_WIDTH = 322, TILE_HEIGHT = 323, TILE_OFFSETS = 324, TILE_COUNTS = 325;
const SAMPLE_FORMAT = 339;
const REORDERING = { 50974: "SubTileBlockSize", 50975: "RowInterleaveFactor", 52547: "ColumnInterleaveFactor" };
const UNCOMPRESSED = 1, JPEG = 7;

// Panasonic writes this where the data's offset stands in another tag.
const NO_OFFSET = 0xffffffff;

// A Huffman code has a bit at least.
const DENSEST = 8;

/**
 * @typedef {object} Segment A strip or tile.
 * @property {number} top
 * @property {number} left
 * @property {number} height
 * @property {number} width
 * @property {number} start In the file.
 * @property {number} length In bytes.
 */

/**
 * (height, width) of a directory's frame; 0 where it states none.
 * @param {import("./tiff.js").Directory} directory
 * @returns {[number, number]}
 */
export function sizeOf(directory) {
  return [directory.first(HEIGHT) ?? 0, directory.first(WIDTH) ?? 0];
}

/**
 * The bytes of a file that cannot be samples of one of its directories.
 * @param {import("./tiff.js").Directory[]} directories
 * @param {import("./tiff.js").Directory} raw The one of the samples.
 * @returns {number[][]} Start and end of each.
 */
export function otherSpans(directories, raw) {
  const pictures = directories.filter((directory) => directory !== raw).flatMap((directory) => (
    [[STRIP_OFFSETS, STRIP_COUNTS], [TILE_OFFSETS, TILE_COUNTS]].flatMap(([offsets, counts]) => {
      const lengths = directory.numbers(counts);
      return directory.numbers(offsets).map((start, k) => [start, start + (lengths[k] ?? 0)]);
    })
  ));
  const tags = directories.flatMap(({ spans, exif }) => [...spans, ...(exif?.spans ?? [])]);
  return [[0, 8], ...tags, ...pictures.filter(([start]) => start !== 0 && start !== NO_OFFSET)];
}

/**
 * The samples of a directory's frame.
 * @param {import("./tiff.js").Directory} directory
 * @param {number[][]} others Bytes that cannot be samples.
 * @returns {{samples: Uint16Array, height: number, width: number, bits: number}} Row by row.
 * @throws {Fault} The tags contradict each other or the file, samples are damaged, or they are
 *   stored in a way that is not read.
 */
export function readSamples(directory, others) {
  const bits = requireKind(directory);
  const [height, width] = sizeOf(directory);
  if (!(height >= 1 && width >= 1)) throw new Fault(`states a frame of ${height}x${width} samples`);
  if (height * width > MOST_SAMPLES) throw new Fault(`a frame of ${height}x${width} samples is too large for this page`);
  const compression = directory.first(COMPRESSION) ?? UNCOMPRESSED;
  const segments = segmentsOf(directory, height, width);
  requireApart(segments, others, directory.view.byteLength);
  for (const segment of segments) requireLength(segment, bits, compression);
  const samples = new Uint16Array(height * width);
  for (const segment of segments) {
    const data = new Uint8Array(directory.view.buffer, segment.start, segment.length);
    const part = compression === JPEG
      ? decodeLosslessJpeg(data, segment.height * segment.width)
      : unpackBits(data, segment, bits, directory.little);
    const rows = Math.min(segment.height, height - segment.top);
    const columns = Math.min(segment.width, width - segment.left);
    for (let row = 0; row < rows; row++) {
      const from = row * segment.width;
      samples.set(part.subarray(from, from + columns), (segment.top + row) * width + segment.left);
    }
  }
  return { samples, height, width, bits };
}

/** The bits of a sample, once it is clear that samples of this kind are read. */
function requireKind(directory) {
  for (const [code, name] of Object.entries(REORDERING)) {
    if (directory.numbers(Number(code)).some((value) => value !== 1)) {
      throw new Fault(`${name} reorders the samples, which is not supported`);
    }
  }
  if ((directory.first(FILL_ORDER) ?? 1) !== 1) throw new Fault("FillOrder 2, reversed bits, is not supported");
  if ((directory.first(SAMPLES_PER_PIXEL) ?? 1) !== 1) {
    throw new Fault("several samples per pixel, expected one colour at each site");
  }
  const format = directory.first(SAMPLE_FORMAT) ?? 1;
  if (format !== 1 && format !== 4) throw new Fault(`samples of format ${format}, expected unsigned whole numbers`);
  const bits = directory.first(BITS);
  if (!Number.isInteger(bits) || bits < 8 || bits > 16) throw new Fault(`samples of ${bits} bits, expected 8 to 16`);
  const compression = directory.first(COMPRESSION) ?? UNCOMPRESSED;
  if (compression !== UNCOMPRESSED && compression !== JPEG) {
    throw new Fault(`compression ${compression} is not read by this page (only 1, none, and 7, lossless JPEG)`);
  }
  return bits;
}

/** @returns {Segment[]} The strips or tiles in their order. */
function segmentsOf(directory, height, width) {
  const tiled = directory.has(TILE_OFFSETS);
  if (tiled && directory.has(STRIP_OFFSETS)) throw new Fault("states both strips and tiles");
  if (!tiled && !directory.has(STRIP_OFFSETS)) {
    throw new Fault("does not state where its samples lie (StripOffsets or TileOffsets)");
  }
  const kind = tiled ? "tiles" : "strips";
  const rows = tiled ? directory.first(TILE_HEIGHT) : Math.min(directory.first(ROWS_PER_STRIP) ?? height, height);
  const columns = tiled ? directory.first(TILE_WIDTH) : width;
  if (!(rows >= 1 && columns >= 1)) throw new Fault(`states ${kind} of ${rows}x${columns} samples`);
  const starts = directory.numbers(tiled ? TILE_OFFSETS : STRIP_OFFSETS);
  const lengths = directory.numbers(tiled ? TILE_COUNTS : STRIP_COUNTS);
  const down = Math.ceil(height / rows), along = Math.ceil(width / columns);
  if (starts.length !== down * along || lengths.length !== down * along) {
    throw new Fault(
      `${starts.length} offsets and ${lengths.length} byte counts, but a frame of ` +
      `${height}x${width} samples has ${down * along} ${kind} of ${rows}x${columns}`,
    );
  }
  return starts.map((start, index) => {
    const top = Math.floor(index / along) * rows;
    return {
      top, start,
      left: (index % along) * columns,
      height: tiled ? rows : Math.min(rows, height - top), // the last strip holds what is left
      width: columns,
      length: lengths[index],
    };
  });
}

/** Refuses samples outside the file, over each other or over something else. */
function requireApart(segments, others, size) {
  const end = Math.max(...segments.map((s) => s.start + s.length));
  if (end > size) throw new Fault(`truncated: its samples end at byte ${end}, the file at ${size}`);
  const spans = [
    ...segments.map(({ start, length }) => ({ start, end: start + length, isSamples: true })),
    ...others.map(([start, stop]) => ({ start, end: stop, isSamples: false })),
  ].sort((a, b) => a.start - b.start || a.end - b.end);
  let covered = spans[0];
  for (const span of spans.slice(1)) {
    if (span.start < covered.end && (span.isSamples || covered.isSamples)) {
      throw new Fault(`its samples at byte ${span.start} lie over something else: damaged offsets`);
    }
    if (span.end > covered.end) covered = span;
  }
}

/** Refuses a strip or tile of more or fewer bytes than its samples can take. */
function requireLength(segment, bits, compression) {
  const { height, width, length } = segment;
  const needed = height * Math.ceil((width * bits) / 8);
  if (compression === UNCOMPRESSED && length !== needed) {
    throw new Fault(`${length} bytes are stated for ${height}x${width} samples of ${bits} bits, which take ${needed}`);
  }
  if (compression === JPEG && height * width > DENSEST * length) {
    throw new Fault(`${length} bytes are too few for ${height}x${width} samples`);
  }
}

/** Uncompressed samples: 16 bits in the file's order, fewer from the highest bit on. */
function unpackBits(data, { height, width }, bits, little) {
  const out = new Uint16Array(height * width);
  if (bits === 16) {
    const low = little ? 0 : 1;
    for (let k = 0; k < out.length; k++) out[k] = data[2 * k + low] | (data[2 * k + 1 - low] << 8);
    return out;
  }
  const mask = (1 << bits) - 1;
  let at = 0, index = 0;
  for (let row = 0; row < height; row++) {
    let pool = 0, held = 0; // each row begins at a whole byte
    for (let column = 0; column < width; column++) {
      while (held < bits) {
        pool = ((pool << 8) | data[at++]) & 0xffffff;
        held += 8;
      }
      held -= bits;
      out[index++] = (pool >>> held) & mask;
    }
  }
  return out;
}
