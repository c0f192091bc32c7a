// The directories of a TIFF, of which a DNG is one: their tags, as they stand.
//
// As on the desktop (tfisp/rawfiles/tiff.py), nothing is passed over: what cannot be read is kept
// as a fault. Source: TIFF 6.0. BigTIFF is not read here.

import { Fault } from "./fault.js";

/** Bytes of one value by type number, TIFF 6.0 section 2. */
const BYTES = { 1: 1, 2: 1, 3: 2, 4: 4, 5: 8, 6: 1, 7: 1, 8: 2, 9: 4, 10: 8, 11: 4, 12: 8, 13: 4 };
const ASCII = 2, SUB_DIRECTORIES = 330, EXIF = 34665;
const POINTERS = [4, 13];

// In files of more directories than this something is wrong; real ones have about five.
const MOST_DIRECTORIES = 64;

/** One directory: its tags by number. */
export class Directory {
  /**
   * @param {DataView} view The file.
   * @param {boolean} little Its byte order.
   */
  constructor(view, little) {
    this.view = view;
    this.little = little;
    /** @type {Map<number, {type: number, count: number, at: number}>} */
    this.tags = new Map();
    /** @type {Directory | null} */
    this.exif = null;
    /** @type {number[][]} Start and end of the bytes that it takes up, with its values. */
    this.spans = [];
  }

  /** @param {number} code @returns {boolean} */
  has(code) {
    return this.tags.has(code);
  }

  /**
   * A tag's numbers, rationals divided (0/0 is NaN); `otherwise` without the tag.
   * @param {number} code
   * @param {number[]} [otherwise]
   * @returns {number[]}
   * @throws {Fault} It holds text.
   */
  numbers(code, otherwise = []) {
    const tag = this.tags.get(code);
    if (!tag) return otherwise;
    if (tag.type === ASCII) throw new Fault(`tag ${code} holds text where numbers are expected`);
    const size = BYTES[tag.type];
    return Array.from({ length: tag.count }, (_, k) => this.#number(tag.type, tag.at + k * size));
  }

  /** @param {number} code @returns {number | null} A tag's first number; null without the tag. */
  first(code) {
    const values = this.numbers(code);
    return values.length ? values[0] : null;
  }

  /** @param {number} code @returns {string} A tag's text; empty without the tag. */
  text(code) {
    const text = new TextDecoder().decode(this.bytes(code));
    return text.split("\0")[0].trim();
  }

  /** @param {number} code @returns {Uint8Array} A tag's value as stored; empty without the tag. */
  bytes(code) {
    const tag = this.tags.get(code);
    if (!tag) return new Uint8Array();
    return new Uint8Array(this.view.buffer, tag.at, tag.count * BYTES[tag.type]);
  }

  #number(type, at) {
    const { view, little } = this;
    switch (type) {
      case 1: case 7: return view.getUint8(at);
      case 3: return view.getUint16(at, little);
      case 4: case 13: return view.getUint32(at, little);
      case 5: return view.getUint32(at, little) / view.getUint32(at + 4, little);
      case 6: return view.getInt8(at);
      case 8: return view.getInt16(at, little);
      case 9: return view.getInt32(at, little);
      case 10: return view.getInt32(at, little) / view.getInt32(at + 4, little);
      case 11: return view.getFloat32(at, little);
      default: return view.getFloat64(at, little);
    }
  }
}

/**
 * All directories of a TIFF, each followed by those it contains.
 * @param {ArrayBuffer} buffer The whole file.
 * @returns {Directory[]}
 * @throws {Fault} It is no TIFF, or some of it cannot be read.
 */
export function readDirectories(buffer) {
  const view = new DataView(buffer);
  const mark = buffer.byteLength < 16 ? 0 : view.getUint16(0);
  if (mark !== 0x4949 && mark !== 0x4d4d) throw new Fault("not a DNG file");
  const little = mark === 0x4949;
  const version = view.getUint16(2, little);
  if (version === 43) throw new Fault("a BigTIFF; this page reads plain DNG files only");
  if (version !== 42) throw new Fault("not a DNG file");
  const found = [], waiting = [{ at: view.getUint32(4, little), isTold: true }], seen = new Set();
  while (waiting.length && found.length < MOST_DIRECTORIES) {
    const { at, isTold } = waiting.pop();
    if (seen.has(at)) continue; // a circle
    seen.add(at);
    // Behind the last directory some writers leave a number that is no offset.
    if (!isTold && !holdsDirectory(view, little, at)) continue;
    const { directory, following } = readDirectory(view, little, at);
    const exif = pointers(directory, EXIF)[0];
    if (exif !== undefined) directory.exif = readDirectory(view, little, exif).directory;
    found.push(directory);
    if (following) waiting.push({ at: following, isTold: false });
    waiting.push(...pointers(directory, SUB_DIRECTORIES).reverse().map((inner) => ({ at: inner, isTold: true })));
  }
  return found;
}

function holdsDirectory(view, little, at) {
  const count = at + 2 <= view.byteLength ? view.getUint16(at, little) : 0;
  return count > 0 && at + 2 + 12 * count <= view.byteLength;
}

function pointers(directory, code) {
  return POINTERS.includes(directory.tags.get(code)?.type) ? directory.numbers(code) : [];
}

/** The directory at an offset, and the offset of the next (0 for none). */
function readDirectory(view, little, at) {
  const size = view.byteLength;
  if (!holdsDirectory(view, little, at)) throw new Fault(`damaged tags: no directory at byte ${at}`);
  const end = at + 2 + 12 * view.getUint16(at, little);
  const directory = new Directory(view, little);
  directory.spans.push([at, end + 4]);
  for (let entry = at + 2; entry < end; entry += 12) {
    const code = view.getUint16(entry, little), type = view.getUint16(entry + 2, little);
    const number = view.getUint32(entry + 4, little);
    if (!(type in BYTES)) {
      if (NEEDED.has(code)) throw new Fault(`damaged tags: tag ${code} of the unknown type ${type}`);
      continue;
    }
    const length = number * BYTES[type];
    const start = length > 4 ? view.getUint32(entry + 8, little) : entry + 8;
    if (start + length > size) {
      if (NEEDED.has(code)) throw new Fault(`damaged tags: tag ${code} lies outside the file`);
      continue;
    }
    if (directory.tags.has(code) && NEEDED.has(code)) {
      throw new Fault(`damaged tags: tag ${code} is there twice`);
    }
    if (length > 4 && NEEDED.has(code)) directory.spans.push([start, start + length]);
    directory.tags.set(code, { type, count: number, at: start });
  }
  return { directory, following: end + 4 <= size ? view.getUint32(end, little) : 0 };
}

/** Tags from which something is computed: those of other meaning may be damaged. */
const NEEDED = new Set([
  254, 256, 257, 258, 259, 262, 266, 271, 272, 273, 274, 277, 278, 279, 317, 322, 323, 324, 325,
  330, 339, 33421, 33422, 33434, 34665, 34855, 50706, 50710, 50711, 50712, 50713, 50714, 50715,
  50716, 50717, 50719, 50720, 50721, 50722, 50723, 50724, 50727, 50728, 50729, 50730, 50778, 50779, 50829, 50830,
  50931, 50932, 50974, 50975, 51008, 51009, 51022, 52547,
]);
