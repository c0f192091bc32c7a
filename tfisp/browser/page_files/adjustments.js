// What may be asked of a picture beside its file (tfisp/rendering/adjustments.py): white balance,
// exposure, a look; and how the controls' values become gains, and a command for the desktop.

import { Fault } from "./fault.js";
import { smallestOne } from "./white_balance.js";

/**
 * @typedef {object} Adjustments
 * @property {number[] | null} gains White balance R, G, B in place of the file's; null for its own.
 * @property {number} exposure EV added to what the file asks for.
 * @property {import("./colour.js").Look | null} look
 */

/** @type {Adjustments} */
export const NONE = { gains: null, exposure: 0, look: null };

/**
 * A frame with the white balance and exposure that are asked for.
 * @param {import("./frame.js").Frame} frame Is not changed.
 * @param {Adjustments} asked
 * @returns {import("./frame.js").Frame}
 */
export function adjusted(frame, { gains, exposure }) {
  return { ...frame, gains: gains ?? frame.gains, baselineExposure: frame.baselineExposure + exposure };
}

/**
 * Gains from what was typed, as `process --white_balance` takes them.
 * @param {string} text Three numbers, as "2.1,1,1.6".
 * @returns {number[]}
 * @throws {Fault} They are not three numbers above 0.
 */
export function parseGains(text) {
  const words = text.split(",").map((word) => word.trim());
  const gains = words.map((word) => (word ? Number(word) : NaN));
  if (gains.length !== 3 || !gains.every((gain) => Number.isFinite(gain) && gain > 0)) {
    throw new Fault(`White balance ${text}: expected three numbers above 0, as 2.1,1,1.6`);
  }
  return gains;
}

/** @param {number[]} gains @returns {string} As `parseGains` reads them, smallest 1. */
export function gainsText(gains) {
  return smallestOne(gains).map((gain) => String(Number(gain.toFixed(4)))).join(",");
}

/**
 * Gains moved away from others: warmer is more red and less blue, tint is less green.
 * @param {number[]} gains
 * @param {number} warmth In EV between red and blue.
 * @param {number} tint In EV between green and the others.
 */
export function movedGains([red, green, blue], warmth, tint) {
  return [red * 2 ** ((warmth + tint) / 2), green, blue * 2 ** ((tint - warmth) / 2)];
}

/**
 * The inverse of `movedGains`.
 * @param {number[]} from
 * @param {number[]} to
 * @returns {{warmth: number, tint: number}}
 */
export function moveBetween(from, to) {
  const [red, green, blue] = to.map((gain, k) => Math.log2(gain / from[k]));
  return { warmth: red - blue, tint: red + blue - 2 * green };
}

/**
 * The command that makes the same picture on the desktop.
 * @param {string} file
 * @param {string} model
 * @param {Adjustments} asked
 * @param {string | null} lookName The look's file.
 * @param {number | null} strength Of the training, where a model offers it.
 */
export function commandOf(file, model, { gains, exposure, look }, lookName, strength) {
  const words = [file, `--model=${model}`];
  if (strength !== null && strength !== 1) words.push(`--strength=${strength}`);
  if (gains) words.push(`--white_balance=${gainsText(gains)}`);
  if (exposure) words.push(`--exposure=${exposure}`);
  if (look) words.push(`--look=${lookName}`);
  if (look && look.strength !== 1) words.push(`--look_strength=${look.strength}`);
  const quoted = (word) => (/^[\w=.,/+:@%-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`);
  return `python -m tfisp.process ${words.map(quoted).join(" ")}`;
}
