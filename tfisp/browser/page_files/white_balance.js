// What a DNG's tags say about colour: the matrix from XYZ to the camera, and the light's white.
//
// The desktop's arithmetic (tfisp/rawfiles/whitebalance.py). Source: Adobe, "Digital Negative (DNG)
// Specification", version 1.4.0.0, chapter 6, "Mapping Camera Color Space to CIE XYZ Space".

import { IDENTITY, apply, diagonal, inverse, times } from "./matrices.js";

const CALIBRATED = [
  { matrix: 50721, calibration: 50723, illuminant: 50778 },
  { matrix: 50722, calibration: 50724, illuminant: 50779 },
];
const ANALOG_BALANCE = 50727, NEUTRAL = 50728, WHITE_XY = 50729, SIGNATURES = [50931, 50932];

/** Colour temperature in kelvin of the EXIF LightSource codes (EXIF 2.3, tag 37384). */
const KELVIN = {
  1: 5500, 2: 4200, 3: 2850, 4: 5500, 9: 5500, 10: 6500, 11: 7500, 12: 6400, 13: 5050, 14: 4150,
  15: 3525, 17: 2856, 18: 4874, 19: 6774, 20: 5503, 21: 6504, 22: 7504, 23: 5003, 24: 3200,
};
const D65_MIRED = 1e6 / 6504, D65 = [0.3127, 0.329], D50 = [0.3457, 0.3585];

/** XYZ to the cone responses that adapt, K. M. Lam 1985 ("Bradford"). */
const BRADFORD = [0.8951, 0.2664, -0.1614, -0.7502, 1.7135, 0.0367, 0.0389, -0.0685, 1.0296];
const SETTLED = 1e-7, ROUNDS = 50;

/**
 * The matrix from XYZ, its white D65, to the camera under the light of the picture.
 * @param {import("./tiff.js").Directory} main
 * @returns {import("./matrices.js").Matrix | null} Null if none is usable.
 */
export function xyzToCamera(main) {
  const found = calibrations(main);
  if (!found.length) return null;
  const { gains } = asShotGains(main);
  const white = gains && areTwo(found) ? whiteOf(gains.map((gain) => 1 / gain), found) : null;
  if (white) return times(between(found, mired(white)), adaptation(D65, white));
  const distance = (item) => (item.mired ? Math.abs(item.mired - D65_MIRED) : Infinity);
  return found.reduce((best, item) => (distance(item) < distance(best) ? item : best)).matrix;
}

/**
 * White balance R, G, B, smallest 1, from AsShotNeutral or else AsShotWhiteXY.
 * @param {import("./tiff.js").Directory} main
 * @returns {{gains: number[] | null, notes: string[]}}
 */
export function asShotGains(main) {
  let neutral, name;
  if (main.has(NEUTRAL)) {
    [neutral, name] = [main.numbers(NEUTRAL), "AsShotNeutral"];
  } else if (main.has(WHITE_XY)) {
    [neutral, name] = [neutralOfWhite(main), "AsShotWhiteXY"];
  } else {
    return { gains: null, notes: [] };
  }
  if (!areThreePositive(neutral)) {
    return { gains: null, notes: [`${name} is no usable white balance: none is taken`] };
  }
  return { gains: smallestOne(neutral.map((value) => 1 / value)), notes: [] };
}

/** @param {number[]} gains @returns {number[]} Divided by the smallest. */
export function smallestOne(gains) {
  const least = Math.min(...gains);
  return gains.map((gain) => gain / least);
}

function areThreePositive(values) {
  return values.length === 3 && values.every((value) => Number.isFinite(value) && value > 0);
}

function neutralOfWhite(main) {
  const white = main.numbers(WHITE_XY), found = calibrations(main);
  if (white.length !== 2 || !white.every(Number.isFinite) || white[1] <= 0 || !found.length) return [];
  return apply(between(found, mired(white)), xyz(white));
}

/** Chromaticity of the light whose white the camera records as `neutral`; null if none is found. */
function whiteOf(neutral, found) {
  let at = D50;
  for (let round = 0; round < ROUNDS; round++) {
    const back = inverse(between(found, mired(at)));
    const seen = back && apply(back, neutral);
    if (!seen || !areThreePositive(seen)) return null;
    const sum = seen[0] + seen[1] + seen[2];
    const next = [seen[0] / sum, seen[1] / sum];
    const moved = Math.abs(next[0] - at[0]) + Math.abs(next[1] - at[1]);
    at = next;
    if (moved < SETTLED) return at;
  }
  return null;
}

/** The matrix from XYZ under one white to those that look alike under another. */
function adaptation(source, wanted) {
  const from = apply(BRADFORD, xyz(source)), to = apply(BRADFORD, xyz(wanted));
  const ratio = diagonal(to.map((value, k) => value / from[k]));
  return times(inverse(BRADFORD), times(ratio, BRADFORD));
}

/** @param {number[]} white x and y. @returns {number[]} Its XYZ, Y = 1. */
function xyz([x, y]) {
  return [x / y, 1, (1 - x - y) / y];
}

/**
 * A million over the colour temperature in kelvin: C. S. McCamy, 1992.
 * @param {number[]} white x and y.
 */
function mired([x, y]) {
  const n = (x - 0.332) / (0.1858 - y);
  return 1e6 / Math.max(449 * n ** 3 + 3525 * n ** 2 + 6823.3 * n + 5520.33, 1);
}

function areTwo(found) {
  return new Set(found.map((item) => item.mired).filter(Boolean)).size === 2;
}

/** The matrix for a light, linear in its inverse temperature between the two calibrations. */
function between(found, light) {
  const known = found.filter((item) => item.mired);
  if (!areTwo(found)) return (known.length ? known : found)[0].matrix;
  const [a, b] = known;
  const weight = Math.min(Math.max((light - a.mired) / (b.mired - a.mired), 0), 1);
  return a.matrix.map((value, k) => (1 - weight) * value + weight * b.matrix[k]);
}

/** XYZ to camera of each usable calibration, and the mired of its light (0 for unknown). */
function calibrations(main) {
  const balance = main.numbers(ANALOG_BALANCE);
  const analog = areThreePositive(balance) ? diagonal(balance) : IDENTITY;
  const sameProfile = main.text(SIGNATURES[0]) === main.text(SIGNATURES[1]);
  const usable = (values) => values.length === 9 && values.every(Number.isFinite) && values.some(Boolean);
  return CALIBRATED.flatMap(({ matrix, calibration, illuminant }) => {
    const values = main.numbers(matrix), own = main.numbers(calibration);
    if (!usable(values)) return [];
    const camera = usable(own) && sameProfile ? times(own, values) : values;
    const kelvin = KELVIN[Math.trunc(main.first(illuminant) ?? 0)];
    return [{ mired: kelvin ? 1e6 / kelvin : 0, matrix: times(analog, camera) }];
  });
}
