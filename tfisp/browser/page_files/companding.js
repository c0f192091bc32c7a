// The curve of companding "sqrt" (tfisp/companding.py): a square root with a toe.

/** Where the curve turns from a line into a square root, as a part of white. */
const TOE = 1 / 256;
const ROOT = Math.sqrt(TOE), SPAN = Math.sqrt(1 + TOE) - ROOT;
const SCALE = Math.fround(1 / SPAN), SQUARE = SPAN * SPAN, LINE = 2 * SPAN * ROOT;

/**
 * Bends a value, each step rounded to float32 as on the desktop.
 * @param {number} value A float32.
 * @returns {number} A float32.
 */
export function compand(value) {
  const root = Math.fround(Math.sqrt(Math.fround(Math.abs(value) + TOE)));
  const bent = Math.fround(Math.fround(root - ROOT) * SCALE);
  return value < 0 ? -bent : bent;
}

/** @param {number} value @returns {number} The inverse of `compand`. */
export function expand(value) {
  return value * (SQUARE * Math.abs(value) + LINE);
}
