// Mosaics with a JSON file of the same name beside them, as tfisp writes and reads them: `.npy`, grey
// `.png` of 16 bits, and `.raw`, headerless samples of 16 bits.

import { Fault } from "./fault.js";
import { PATTERNS } from "./frame.js";
import { readGreyPng } from "./grey_png.js";
import { smallestOne } from "./white_balance.js";

const READERS = { "|u1": ["getUint8", 1], "<u2": ["getUint16", 2] };
const KNOWN = [
  "height", "width", "pattern", "bits", "black_level", "white_level", "xyz_to_camera", "name",
  "white_balance", "orientation", "iso", "exposure_time", "baseline_exposure", "note", "dtype",
  "byte_order",
];

/** What the kinds are called. */
const NAMES = { npy: "NumPy array", png: "16-bit PNG", raw: "headerless uint16" };

/**
 * Reads a `.npy` file of uint8 or uint16 `[height, width]`, a grey PNG, or a headerless file.
 * @param {ArrayBuffer} buffer The whole file.
 * @param {string | null} json The text of the JSON file; null if none was given.
 * @param {"npy" | "png" | "raw"} kind
 * @returns {Promise<import("./frame.js").Frame>} Not yet checked against the levels.
 * @throws {Fault} Either is damaged, or it is not said what the samples mean.
 */
export async function readPlain(buffer, json, kind) {
  if (json === null) throw new Fault("nothing states its CFA pattern and levels: choose the .json beside it as well");
  const stated = parseStated(json);
  const { mosaic, height, width } = await readMosaic(buffer, stated, kind);
  for (const [key, side] of [["height", height], ["width", width]]) {
    if (stated[key] !== undefined && stated[key] !== side) throw new Fault(`its JSON states the ${key} ${stated[key]}, the file has ${side}`);
  }
  const notes = [];
  let white = stated.white_level;
  if (white === undefined) {
    if (!(Number.isInteger(stated.bits) && stated.bits >= 8 && stated.bits <= 16)) {
      throw new Fault("its JSON states neither white_level nor bits (8 to 16)");
    }
    white = 2 ** stated.bits - 1;
    notes.push(`white level not stated: 2**${stated.bits} - 1 assumed from the bits`);
  }
  if (stated.black_level === undefined) notes.push("black level not stated: 0 assumed");
  const gains = numbers(stated, "white_balance", 3);
  if (gains && !gains.every((gain) => gain > 0)) throw new Fault("its JSON states a white_balance that is not above 0");
  const orientation = stated.orientation ?? 1;
  if (![1, 2, 3, 4, 5, 6, 7, 8].includes(orientation)) throw new Fault(`its JSON states the orientation ${orientation}, not one of 1 to 8`);
  const single = typeof stated.black_level === "number";
  return {
    mosaic, height, width, white,
    pattern: patternOf(stated),
    black: single ? Array(4).fill(stated.black_level) : (numbers(stated, "black_level", 4) ?? [0, 0, 0, 0]),
    camera: String(stated.name ?? ""),
    xyzToCamera: numbers(stated, "xyz_to_camera", 9),
    gains: gains && smallestOne(gains),
    orientation,
    baselineExposure: stated.baseline_exposure ?? 0,
    iso: stated.iso ?? null,
    exposureTime: stated.exposure_time ?? null,
    shading: null,
    defaultCrop: null,
    kind: NAMES[kind],
    notes,
  };
}

function readMosaic(buffer, stated, kind) {
  if (kind === "raw") return readHeaderless(buffer, stated);
  return kind === "png" ? readGreyPng(buffer) : readArray(buffer);
}

function patternOf({ pattern }) {
  if (!PATTERNS.includes(pattern)) throw new Fault(`its JSON states the pattern ${JSON.stringify(pattern)}, expected one of ${PATTERNS.join(", ")}`);
  return pattern;
}

function parseStated(json) {
  let stated;
  try {
    stated = JSON.parse(json);
  } catch {
    throw new Fault("its JSON file cannot be parsed");
  }
  if (typeof stated !== "object" || stated === null || Array.isArray(stated)) {
    throw new Fault("its JSON file holds no object that describes the frame");
  }
  const odd = Object.keys(stated).find((key) => !KNOWN.includes(key));
  if (odd !== undefined) throw new Fault(`its JSON states ${odd}, which is none of ${KNOWN.join(", ")}`);
  return stated;
}

/** So many finite numbers, in nested lists or not; null where nothing is stated. */
function numbers(stated, key, count) {
  if (stated[key] === undefined || stated[key] === null) return null;
  const values = [stated[key]].flat(3);
  if (values.length !== count || !values.every(Number.isFinite)) throw new Fault(`its JSON states ${key} other than as ${count} numbers`);
  return values;
}

function readHeaderless(buffer, { height, width, dtype = "uint16", byte_order = "little" }) {
  if (!(Number.isInteger(height) && Number.isInteger(width) && height > 0 && width > 0)) {
    throw new Fault("its JSON states no height and width");
  }
  if (dtype !== "uint16" || !["little", "big"].includes(byte_order)) {
    throw new Fault(`its JSON states ${dtype} in byte order ${byte_order}, expected uint16, little or big`);
  }
  if (buffer.byteLength !== 2 * height * width) {
    throw new Fault(`${buffer.byteLength} bytes, but ${height}x${width} samples of 2 bytes are ${2 * height * width}`);
  }
  const view = new DataView(buffer), mosaic = new Uint16Array(height * width);
  for (let k = 0; k < mosaic.length; k++) mosaic[k] = view.getUint16(2 * k, byte_order === "little");
  return { mosaic, height, width };
}

/** Source: NumPy, "NEP 1: a simple file format for NumPy arrays". */
function readArray(buffer) {
  const view = new DataView(buffer);
  const ascii = (at, length) => new TextDecoder().decode(new Uint8Array(buffer, at, length));
  if (buffer.byteLength < 12 || view.getUint8(0) !== 0x93 || ascii(1, 5) !== "NUMPY") throw new Fault("not a .npy file");
  const wide = view.getUint8(6) > 1;
  const start = wide ? 12 : 10;
  const length = wide ? view.getUint32(8, true) : view.getUint16(8, true);
  if (start + length > buffer.byteLength) throw new Fault("the .npy file ends within its header: truncated");
  const text = ascii(start, length);
  const type = /'descr': *'([^']*)'/.exec(text)?.[1];
  const shape = /'shape': *\((\d+), *(\d+)\)/.exec(text);
  if (!(type in READERS) || !shape || !/'fortran_order': *False/.test(text)) {
    throw new Fault("holds other than uint8 or uint16 [height, width] in C order");
  }
  const [height, width] = [Number(shape[1]), Number(shape[2])];
  const [read, size] = READERS[type];
  if (buffer.byteLength !== start + length + size * height * width) {
    throw new Fault(`${buffer.byteLength - start - length} bytes of samples, but ${height}x${width} take ${size * height * width}`);
  }
  const mosaic = new Uint16Array(height * width);
  for (let k = 0; k < mosaic.length; k++) mosaic[k] = view[read](start + length + size * k, true);
  return { mosaic, height, width };
}
