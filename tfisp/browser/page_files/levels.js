// What a DNG's tags say its samples mean: linearisation, black and white, the CFA tile.
//
// Source: Adobe, "Digital Negative (DNG) Specification", version 1.4.0.0, chapters 3 and 4.

import { Fault } from "./fault.js";
import { PATTERNS } from "./frame.js";

const CFA_REPEAT = 33421, CFA_PATTERN = 33422, CFA_PLANE_COLOR = 50710, CFA_LAYOUT = 50711;
const LINEARIZATION = 50712, ACTIVE_AREA = 50829;
const BLACK_REPEAT = 50713, BLACK_LEVEL = 50714, BLACK_DELTA_H = 50715, BLACK_DELTA_V = 50716;
const WHITE_LEVEL = 50717, CROP_ORIGIN = 50719, CROP_SIZE = 50720;

// In counts: a black level that varies by less over the frame than this needs no note.
const SAME_BLACK = 0.5;

/**
 * (top, left, bottom, right) of the exposed samples.
 * @param {import("./tiff.js").Directory} raw
 * @param {number} height Of the frame.
 * @param {number} width
 * @returns {number[]}
 * @throws {Fault} They do not lie within the frame.
 */
export function activeArea(raw, height, width) {
  const area = raw.numbers(ACTIVE_AREA, [0, 0, height, width]).map(Math.trunc);
  const [top, left, bottom, right] = area;
  if (area.length !== 4 || !(top >= 0 && top < bottom && bottom <= height && left >= 0 && left < right && right <= width)) {
    throw new Fault(`active area ${area.join(", ")} does not lie within the ${height}x${width} frame`);
  }
  return area;
}

/**
 * The CFA tile as letters, row by row from the active area's corner.
 * @param {import("./tiff.js").Directory} raw
 * @returns {string} One of `PATTERNS`.
 * @throws {Fault} It is not stated, or is no Bayer tile.
 */
export function cfaPattern(raw) {
  if (!raw.has(CFA_PATTERN)) throw new Fault("states no CFAPattern, without which its colours are unknown");
  const layout = raw.first(CFA_LAYOUT) ?? 1;
  if (layout !== 1) throw new Fault(`CFA layout ${layout} is staggered; only rectangular ones are supported`);
  const repeat = raw.numbers(CFA_REPEAT, [2, 2]);
  const planes = raw.numbers(CFA_PLANE_COLOR, [0, 1, 2]);
  const cells = raw.numbers(CFA_PATTERN);
  const letters = cells.map((cell) => (planes.includes(cell) && "RGB"[cell]) || "?").join("");
  if (repeat.join() !== "2,2" || !PATTERNS.includes(letters)) {
    throw new Fault(`CFA ${letters} (${repeat.join("x")} tile) is not supported, only Bayer: ${PATTERNS.join(", ")}`);
  }
  return letters;
}

/**
 * Replaces samples by what the LinearizationTable maps them to; leaves them without one.
 * @param {Uint16Array} samples
 * @param {import("./tiff.js").Directory} raw
 * @throws {Fault} The table is empty or holds other than 16-bit numbers.
 */
export function linearise(samples, raw) {
  if (!raw.has(LINEARIZATION)) return;
  const values = raw.numbers(LINEARIZATION);
  if (!values.length || !values.every((value) => value >= 0 && value <= 65535)) {
    throw new Fault("LinearizationTable is empty or holds other than 16-bit numbers");
  }
  const table = new Uint16Array(65536).fill(values[values.length - 1]);
  table.set(values.slice(0, 65536));
  for (let k = 0; k < samples.length; k++) samples[k] = table[samples[k]];
}

/**
 * Black per site of the 2x2 tile at the active area's corner, white, and what was assumed.
 * @param {import("./tiff.js").Directory} raw
 * @param {number[]} size (rows, columns) of the active area.
 * @param {number} bits Of a stored sample.
 * @returns {{black: number[], white: number, notes: string[], stated: boolean, varies: boolean}}
 *   `stated`: whether the file states a black level, otherwise it is 0; `varies`: whether it states
 *   one by row or by column.
 * @throws {Fault} They are no numbers, or do not fit the frame.
 */
export function readLevels(raw, size, bits) {
  const notes = [];
  const black = blackLevel(raw, size, notes);
  let white = raw.first(WHITE_LEVEL);
  if (white === null) {
    white = 2 ** bits - 1;
    notes.push(`the file states no white level: ${white} is taken, of ${bits} bits`);
  }
  const varies = raw.has(BLACK_DELTA_H) || raw.has(BLACK_DELTA_V);
  return { black, white, notes, stated: varies || raw.has(BLACK_LEVEL), varies };
}

/**
 * (top, left, height, width) of the part of the active area that is meant to be shown, and notes.
 * @param {import("./tiff.js").Directory} raw
 * @param {number[]} size (rows, columns) of the active area.
 * @returns {{crop: number[] | null, notes: string[]}} Null for all of it.
 */
export function defaultCrop(raw, size) {
  if (!raw.has(CROP_ORIGIN) || !raw.has(CROP_SIZE)) return { crop: null, notes: [] };
  // Written column first, and they may be fractions.
  const origin = raw.numbers(CROP_ORIGIN), extent = raw.numbers(CROP_SIZE);
  if (origin.length === 2 && extent.length === 2 && [...origin, ...extent].every(Number.isFinite)) {
    const [left, top, width, height] = [...origin, ...extent].map(halvesToEven);
    if (top === 0 && left === 0 && height === size[0] && width === size[1]) return { crop: null, notes: [] };
    const fits = top + height <= size[0] && left + width <= size[1];
    if (top >= 0 && left >= 0 && height >= 1 && width >= 1 && fits) return { crop: [top, left, height, width], notes: [] };
  }
  return {
    crop: null,
    notes: [`DefaultCropOrigin and DefaultCropSize do not lie in the active area of ${size.join("x")} samples: all of it is shown`],
  };
}

function halvesToEven(value) {
  const down = Math.floor(value);
  return value - down === 0.5 ? down + (down % 2) : Math.round(value);
}

function blackLevel(raw, size, notes) {
  const levels = raw.numbers(BLACK_LEVEL, [0]);
  const repeat = raw.numbers(BLACK_REPEAT, [1, 1]);
  const [rows, columns] = repeat;
  if (repeat.length !== 2 || !(rows >= 1 && columns >= 1) || rows * columns !== levels.length) {
    throw new Fault(`${levels.length} black levels for a tile of ${repeat.join("x")} sites`);
  }
  if (!levels.every(Number.isFinite)) throw new Fault("black level is not a number");
  const sites = [0, 1, 2, 3].map((site) => {
    // Twice the tile has even sides, whatever its own are.
    const own = [];
    for (let row = site >> 1; row < 2 * rows; row += 2) {
      for (let column = site & 1; column < 2 * columns; column += 2) {
        own.push(levels[(row % rows) * columns + (column % columns)]);
      }
    }
    return spread(own, "BlackLevel", notes);
  });
  for (const [name, code, axis] of [["BlackLevelDeltaV", BLACK_DELTA_V, 0], ["BlackLevelDeltaH", BLACK_DELTA_H, 1]]) {
    if (!raw.has(code)) continue;
    const deltas = raw.numbers(code);
    if (!deltas.every(Number.isFinite)) throw new Fault(`${name} holds other than numbers`);
    if (deltas.length !== size[axis]) throw new Fault(`${deltas.length} values of ${name} for ${size[axis]} samples`);
    const means = [0, 1 % deltas.length].map((k) => spread(deltas.filter((_, at) => at % 2 === k), name, notes));
    for (const site of [0, 1, 2, 3]) sites[site] += means[axis === 0 ? site >> 1 : site & 1];
  }
  return sites;
}

/** The mean of values, and a note if they differ from it. */
function spread(values, name, notes) {
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  const by = values.reduce((most, value) => Math.max(most, Math.abs(value - mean)), 0);
  const note = `${name} varies along the frame: its mean is taken`;
  if (by > SAME_BLACK && !notes.includes(note)) notes.push(note);
  return mean;
}
