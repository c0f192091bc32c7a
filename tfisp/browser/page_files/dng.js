// DNG files of one Bayer frame, read by what their tags say.
//
// Source: Adobe, "Digital Negative (DNG) Specification", version 1.4.0.0, and TIFF 6.0. The desktop
// (tfisp/rawfiles/dng.py) reads more kinds of storage and looks harder for damage.

import { Fault } from "./fault.js";
import { activeArea, cfaPattern, defaultCrop, linearise, readLevels } from "./levels.js";
import { checkBlack } from "./masked.js";
import { shadingOf } from "./opcodes.js";
import { otherSpans, readSamples, sizeOf } from "./samples.js";
import { readDirectories } from "./tiff.js";
import { asShotGains, xyzToCamera } from "./white_balance.js";

const SUBFILE_TYPE = 254, PHOTOMETRIC = 262, MAKE = 271, MODEL = 272, ORIENTATION = 274;
const EXPOSURE_TIME = 33434, ISO = 34855, BASELINE_EXPOSURE = 50730, DNG_VERSION = 50706;
const OPCODE_LISTS = [51008, 51009, 51022];
const CFA = 32803, LINEAR_RAW = 34892;

/**
 * Reads a DNG.
 * @param {ArrayBuffer} buffer The whole file.
 * @returns {import("./frame.js").Frame} Of its active area, not yet checked against the levels.
 * @throws {Fault} It holds something else, is damaged, or is of a kind that is not read.
 */
export function readDng(buffer) {
  const directories = readDirectories(buffer);
  const main = directories[0];
  if (!main.has(DNG_VERSION)) throw new Fault("a TIFF, but no DNG file");
  const { raw, notes } = rawDirectory(directories);
  const pattern = cfaPattern(raw);
  const { samples, height, width, bits } = readSamples(raw, otherSpans(directories, raw));
  const area = activeArea(raw, height, width);
  const size = [area[2] - area[0], area[3] - area[1]];
  const levels = readLevels(raw, size, bits);
  linearise(samples, raw);
  const black = blackOf({ samples, height, width }, raw, area, levels);
  const shown = defaultCrop(raw, size);
  const balance = asShotGains(main);
  const opcodes = shadingOf(OPCODE_LISTS.map((code) => raw.bytes(code)), pattern, size);
  const { orientation, orientationNotes } = orientationOf(main);
  const exposure = main.first(BASELINE_EXPOSURE);
  if (exposure === Infinity || exposure === -Infinity) throw new Fault("BaselineExposure is not a number");
  return {
    mosaic: cropped(samples, width, area),
    height: size[0],
    width: size[1],
    pattern,
    black: black.level,
    white: levels.white,
    camera: cameraOf(main),
    xyzToCamera: xyzToCamera(main),
    gains: balance.gains,
    orientation,
    baselineExposure: exposure || 0, // 0/0 stands for unknown
    iso: positive(main, ISO),
    exposureTime: positive(main, EXPOSURE_TIME),
    shading: opcodes.shading,
    defaultCrop: shown.crop,
    kind: "DNG",
    notes: [
      ...notes, ...levels.notes, ...black.notes, ...balance.notes, ...opcodes.notes, ...shown.notes,
      ...orientationNotes,
    ],
  };
}

/** Black as the file states it, or as its masked samples do. */
function blackOf(stored, raw, area, { black, white, stated, varies }) {
  const found = varies ? { measured: null, note: null } : checkBlack(stored, raw, area, black, white, stated);
  const notes = found.note ? [found.note] : [];
  if (!stated && !found.measured) notes.push("the file states no black level: 0 is taken");
  return { level: found.measured ?? black, notes };
}

/** The directory of the full CFA frame; of several the largest, then the first. */
function rawDirectory(directories) {
  const frames = directories.filter((directory) => directory.first(PHOTOMETRIC) === CFA);
  if (!frames.length) {
    if (directories.some((directory) => directory.first(PHOTOMETRIC) === LINEAR_RAW)) {
      throw new Fault("LinearDNG, already demosaiced; capture Bayer RAW");
    }
    throw new Fault("a DNG without a CFA frame: damaged, or not a RAW file");
  }
  const rank = (directory) => {
    const [height, width] = sizeOf(directory);
    return height * width + ((directory.first(SUBFILE_TYPE) ?? 0) === 0 ? 2 ** 40 : 0);
  };
  const raw = frames.reduce((best, directory) => (rank(directory) > rank(best) ? directory : best));
  const note = `holds ${frames.length} CFA frames; the one of ${sizeOf(raw).join("x")} samples is read`;
  return { raw, notes: frames.length > 1 ? [note] : [] };
}

/** Make and model, the make not twice; empty if unknown. */
function cameraOf(main) {
  const make = main.text(MAKE), model = main.text(MODEL);
  const first = model.split(/\s+/)[0];
  return first && make.toLowerCase().includes(first.toLowerCase()) ? model : `${make} ${model}`.trim();
}

function orientationOf(main) {
  const stated = main.first(ORIENTATION) ?? 1;
  if ([1, 2, 3, 4, 5, 6, 7, 8].includes(stated)) return { orientation: stated, orientationNotes: [] };
  return {
    orientation: 1,
    orientationNotes: [`Orientation ${stated} is none of 1 to 8: the picture stays as stored`],
  };
}

/** A positive number of the EXIF directory or the main one; null if there is none. */
function positive(main, code) {
  for (const directory of [main.exif, main]) {
    const value = directory?.first(code);
    if (Number.isFinite(value) && value > 0) return value;
  }
  return null;
}

/** @param {Uint16Array} samples @param {number} width Of the stored frame. @param {number[]} area */
function cropped(samples, width, [top, left, bottom, right]) {
  const across = right - left;
  const out = new Uint16Array((bottom - top) * across);
  for (let row = top; row < bottom; row++) {
    out.set(samples.subarray(row * width + left, row * width + right), (row - top) * across);
  }
  return out;
}
