// A decoded RAW frame, and the checks it must pass before anything is rendered from it.

import { finishingMatrix } from "./colour.js";
import { Fault } from "./fault.js";

/** Frames of more are beyond what a page can hold; sensors of today have 200 megapixels. */
export const MOST_SAMPLES = 2 ** 28;

export const PATTERNS = ["RGGB", "BGGR", "GRBG", "GBRG"];

/**
 * @typedef {object} Shading Gains at the corners of a grid that spans the frame.
 * @property {number} height Entries down.
 * @property {number} width Entries across.
 * @property {Float32Array} gains `[height, width, 4]`, a plane per site of the 2x2 tile.
 */

/**
 * @typedef {object} Frame One mosaic and what is known about it.
 * @property {Uint16Array} mosaic `[height, width]` counts of the active area, row by row.
 * @property {number} height
 * @property {number} width
 * @property {string} pattern One of `PATTERNS`.
 * @property {number[]} black Of the four sites of the 2x2 tile, row by row.
 * @property {number} white
 * @property {string} camera Its name; may be empty.
 * @property {number[] | null} xyzToCamera Nine numbers, row by row.
 * @property {number[] | null} gains White balance R, G, B, smallest 1.
 * @property {number} orientation EXIF's 1 to 8.
 * @property {number} baselineExposure In EV.
 * @property {number | null} iso
 * @property {number | null} exposureTime In seconds.
 * @property {Shading | null} shading
 * @property {number[] | null} defaultCrop (top, left, height, width) of what is meant to be shown.
 * @property {string} kind How the file stores it, in a few words.
 * @property {string[]} notes What had to be assumed or left out.
 * @property {string[]} [warnings] What in it does not fit together.
 */

// Frames smaller than this on a side are no picture; samples up to this multiple of the white level
// are clipped to it, beyond it the level belongs to another scale.
const MIN_SIDE = 8, OVERSHOOT = 1.25;

// Rows and columns of patches, and samples in a row, row after row, of which equal ones below black
// show that nothing was decoded or stored there: a missing tile, a missing block of a disk.
const PATCHES = [[4, 64], [1, 128]];

// So many columns at the right edge that hold one value below black are padding; of the black value
// itself at most so many, and only where they end at once, as no shadow does.
const PADDING = 2, BLACK_PADDING = 64;

// In EV, either way: more is no exposure of a camera.
const MOST_EXPOSURE = 32;

/**
 * The part of a frame that its picture shows.
 * @param {Frame} frame
 * @returns {number[]} (top, left, height, width).
 */
export function shownArea(frame) {
  return frame.defaultCrop ?? [0, 0, frame.height, frame.width];
}

/**
 * Refuses samples that cannot come from this sensor, and clips to white what overshoots a little.
 * @param {Frame} frame Its mosaic is changed in place.
 * @returns {Frame} The same.
 * @throws {Fault} It is too small, holds one value only, is not decoded in part, stands on another
 *   scale, or its colour matrix cannot be inverted.
 */
export function checked(frame) {
  const { mosaic, height, width, black, white } = frame;
  if (Math.min(height, width) < MIN_SIDE) throw new Fault(`a frame of ${height}x${width} samples is too small to be a picture`);
  if (!(white <= 65535 && black.every((level) => level >= 0 && level < white))) {
    throw new Fault(`black level ${black.join(", ")} and white level ${white} are no levels of 16-bit samples`);
  }
  if (!(Math.abs(frame.baselineExposure) <= MOST_EXPOSURE)) throw new Fault(`baseline exposure ${frame.baselineExposure} is no number of EV`);
  let low = 65535, high = 0, above = 0;
  for (let k = 0; k < mosaic.length; k++) {
    const value = mosaic[k];
    if (value < low) low = value;
    if (value > high) high = value;
    if (value > white) above += 1;
  }
  if (low === high && (high === 0 || high < white)) throw new Fault(`every sample is ${high}: an empty or undecoded frame`);
  if (high > OVERSHOOT * white) throw new Fault(`maximum ${high} exceeds the white level ${white}: data of more bits?`);
  if (high < Math.min(...black) / 2) throw new Fault(`maximum ${high} is far below the black level ${Math.min(...black)}: levels of another scale?`);
  const padding = paddedColumns(frame);
  if (padding) {
    throw new Fault(`the last ${padding} columns hold only ${mosaic[width - 1]}, no brighter than the black level ${Math.min(...black)}: padding of a buffer; state the width, ${width - padding}`);
  }
  if (isUndecoded(frame)) throw new Fault("a patch of equal samples below the black level: partly decoded, so the file is truncated or damaged");
  finishingMatrix(frame.xyzToCamera, 0); // or throws
  if (above) {
    const most = Math.trunc(white);
    for (let k = 0; k < mosaic.length; k++) if (mosaic[k] > white) mosaic[k] = most;
  }
  if (!frame.xyzToCamera) frame.notes.push("no colour matrix is stated: the camera's colours are taken for sRGB's");
  return frame;
}

/** How many columns at the right edge are a buffer's padding; 0 for none. */
function paddedColumns({ mosaic, height, width, black }) {
  const level = Math.min(...black), value = mosaic[mosaic.length - 1];
  if (value > level) return 0;
  const others = (column) => {
    let count = 0;
    for (let k = column; k < mosaic.length; k += width) if (mosaic[k] !== value) count += 1;
    return count;
  };
  let count = 0;
  while (count < width && !others(width - 1 - count)) count += 1;
  if (count < PADDING || count === width || 1 - others(width - 1 - count) / height > 0.5) return 0;
  return value < level || count <= BLACK_PADDING ? count : 0;
}

/** Whether a patch of a frame holds one value below black. */
function isUndecoded({ mosaic, height, width, black }) {
  const limit = Math.min(...black);
  const [[rows, columns], [, run]] = PATCHES;
  const patches = equalPatch(mosaic, height, width, rows, columns, limit);
  return patches || equalPatch(mosaic, 1, mosaic.length, 1, run, limit);
}

/** Whether such a patch lies on the grid from the first sample on, or from the last backwards. */
function equalPatch(plane, height, width, rows, columns, limit) {
  const tall = Math.min(rows, height), wide = Math.min(columns, width);
  for (const [top, left] of [[0, 0], [height % tall, width % wide]]) {
    for (let y = top; y + tall <= height; y += tall) {
      for (let x = left; x + wide <= width; x += wide) {
        const value = plane[y * width + x];
        if (value < limit && isFlat(plane, y * width + x, width, tall, wide, value)) return true;
      }
    }
  }
  return false;
}

function isFlat(plane, from, width, rows, columns, value) {
  for (let row = 0; row < rows; row++, from += width) {
    for (let k = from; k < from + columns; k++) if (plane[k] !== value) return false;
  }
  return true;
}
