// From linear camera RGB to sRGB's code values.

import { Fault } from "./fault.js";
import { IDENTITY, inverse, times } from "./matrices.js";

/** Linear sRGB to CIE XYZ for a D65 white, IEC 61966-2-1:1999. */
const SRGB_TO_XYZ = [0.4124, 0.3576, 0.1805, 0.2126, 0.7152, 0.0722, 0.0193, 0.1192, 0.9505];

// Matrices whose entries and whose inverse's are together larger than this amplify noise beyond use.
const WORST_CONDITION = 1e4;

/** Linear values 0..1 are looked up in so many steps: 1/20 of a code value at black, less above. */
const STEPS = 65535;

/**
 * Balanced camera RGB to linear sRGB, exposed.
 * @param {import("./matrices.js").Matrix | null} xyzToCamera Null takes the camera's for sRGB's.
 * @param {number} exposure In EV.
 * @returns {import("./matrices.js").Matrix} Its rows sum to 2**exposure.
 * @throws {Fault} The camera's matrix cannot be inverted.
 */
export function finishingMatrix(xyzToCamera, exposure) {
  const gain = 2 ** exposure;
  const matrix = xyzToCamera ? cameraToSrgb(xyzToCamera) : IDENTITY;
  return matrix.map((value) => Math.fround(gain * value));
}

/** Scaled so that the camera's white after white balance is sRGB's, as dcraw and LibRaw do. */
function cameraToSrgb(xyzToCamera) {
  const camera = times(xyzToCamera, SRGB_TO_XYZ);
  const sums = [0, 3, 6].map((row) => camera[row] + camera[row + 1] + camera[row + 2]);
  const scaled = camera.map((value, k) => value / sums[Math.floor(k / 3)]);
  const found = inverse(scaled);
  const size = (matrix) => Math.hypot(...matrix);
  if (!sums.every((sum) => sum > 0) || !found || size(scaled) * size(found) > WORST_CONDITION) {
    throw new Fault("the colour matrix cannot be inverted");
  }
  return found;
}

/** Code values 0..255 of linear values k / STEPS. */
const CODES = Uint8Array.from({ length: STEPS + 1 }, (_, k) => {
  const linear = k / STEPS;
  const encoded = linear <= 0.0031308 ? 12.92 * linear : 1.055 * linear ** (1 / 2.4) - 0.055;
  return Math.round(255 * encoded);
});

/**
 * The code value of a linear one: clipped, sRGB-encoded and rounded.
 * @param {number} linear
 * @returns {number} 0 to 255.
 */
export function codeOf(linear) {
  if (!(linear > 0)) return 0;
  return linear >= 1 ? 255 : CODES[(linear * STEPS + 0.5) | 0];
}
