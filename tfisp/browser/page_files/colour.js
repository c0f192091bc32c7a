// From linear camera RGB to sRGB's code values.

import { lookUp } from "./cube.js";
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

/** A linear value, at least 0, under sRGB's curve. */
function encode(linear) {
  return linear <= 0.0031308 ? 12.92 * linear : 1.055 * linear ** (1 / 2.4) - 0.055;
}

/** Code values 0..255 of linear values k / STEPS, and what is rounded to them. */
const ENCODED = Float32Array.from({ length: STEPS + 2 }, (_, k) => encode(k / STEPS));
const CODES = Uint8Array.from(ENCODED, (encoded) => Math.min(Math.round(255 * encoded), 255));

/** The code value of a linear one: clipped, sRGB-encoded and rounded. */
function codeOf(linear) {
  if (!(linear > 0)) return 0;
  return linear >= 1 ? 255 : CODES[(linear * STEPS + 0.5) | 0];
}

/** The encoded value of a linear one, not clipped: between entries of the table a line. */
function encodedOf(linear) {
  if (!(linear > 0)) return 12.92 * linear;
  if (linear >= 1) return encode(linear);
  const at = linear * STEPS, k = at | 0;
  return ENCODED[k] + (at - k) * (ENCODED[k + 1] - ENCODED[k]);
}

/**
 * @typedef {object} Look What finished pictures pass through.
 * @property {import("./cube.js").Cube} cube
 * @property {number} strength How much of it is seen, 0 to 1.
 */

/**
 * A function that writes a pixel of encoded sRGB in a look, as far as it is asked for.
 * @param {Look} look
 * @returns {(data: Uint8ClampedArray, at: number, red: number, green: number, blue: number) => void}
 */
export function lookWriter({ cube, strength }) {
  const replace = lookUp(cube), colour = new Float32Array(3);
  const kept = 1 - strength;
  const cut = (value) => kept * Math.min(Math.max(value, 0), 1);
  return (data, at, red, green, blue) => {
    colour[0] = red;
    colour[1] = green;
    colour[2] = blue;
    replace(colour);
    // The array clamps and rounds, halves to even like the desktop.
    data[at] = 255 * (strength * colour[0] + cut(red));
    data[at + 1] = 255 * (strength * colour[1] + cut(green));
    data[at + 2] = 255 * (strength * colour[2] + cut(blue));
    data[at + 3] = 255;
  };
}

/**
 * A function that finishes a pixel of balanced camera RGB and writes it.
 * @param {import("./matrices.js").Matrix} m As `finishingMatrix` gives it.
 * @param {Look | null} look
 * @param {boolean} [cut] Whether the look sees values cut to 0..1 only.
 * @returns {(data: Uint8ClampedArray, at: number, red: number, green: number, blue: number) => void}
 */
export function cameraWriter(m, look, cut = false) {
  const write = look && lookWriter(look);
  const encoded = cut ? (linear) => encodedOf(Math.min(Math.max(linear, 0), 1)) : encodedOf;
  return (data, at, red, green, blue) => {
    const r = m[0] * red + m[1] * green + m[2] * blue;
    const g = m[3] * red + m[4] * green + m[5] * blue;
    const b = m[6] * red + m[7] * green + m[8] * blue;
    if (write) {
      write(data, at, encoded(r), encoded(g), encoded(b));
      return;
    }
    data[at] = codeOf(r);
    data[at + 1] = codeOf(g);
    data[at + 2] = codeOf(b);
    data[at + 3] = 255;
  };
}
