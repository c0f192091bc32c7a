// The histogram of a picture's code values, and how much of it is clipped.

import { pacer } from "./pacing.js";

const CHANNELS = ["R", "G", "B"], COLOURS = ["#ff5a52", "#37d67a", "#5aa2ff"], GROUND = "#1b1b1d";

/** Height in CSS pixels of the marks of clipped channels. */
const MARK = 7;

/**
 * @typedef {object} Histogram
 * @property {Uint32Array[]} counts Pixels of each code value 0 to 255, of R, G and B.
 * @property {number[]} black Share of pixels at code value 0, of R, G and B.
 * @property {number[]} white Share at 255.
 */

/**
 * Counts a picture's code values.
 * @param {ImageData} picture
 * @param {AbortSignal} [signal]
 * @returns {Promise<Histogram>}
 */
export async function countCodes({ data, width, height }, signal) {
  const counts = CHANNELS.map(() => new Uint32Array(256));
  const [red, green, blue] = counts;
  const pace = pacer(signal);
  for (let y = 0; y < height; y++) {
    for (let at = 4 * y * width, end = at + 4 * width; at < end; at += 4) {
      red[data[at]] += 1;
      green[data[at + 1]] += 1;
      blue[data[at + 2]] += 1;
    }
    if (y % 64 === 0) await pace();
  }
  const share = (code) => counts.map((channel) => channel[code] / (width * height));
  return { counts, black: share(0), white: share(255) };
}

/**
 * Draws a histogram; clipped channels get marks in its upper corners.
 * @param {HTMLCanvasElement} canvas
 * @param {Histogram} histogram
 */
export function drawHistogram(canvas, { counts, black, white }) {
  const width = canvas.clientWidth || 256, height = canvas.clientHeight || 96;
  const density = self.devicePixelRatio || 1;
  Object.assign(canvas, { width: Math.round(width * density), height: Math.round(height * density) });
  const context = /** @type {CanvasRenderingContext2D} */ (canvas.getContext("2d"));
  context.scale(density, density);
  context.fillStyle = GROUND;
  context.fillRect(0, 0, width, height);
  // What is clipped stands at the ends and would make all else flat.
  const most = Math.max(1, ...counts.map((channel) => channel.subarray(1, 255).reduce((a, b) => Math.max(a, b))));
  context.globalCompositeOperation = "screen";
  counts.forEach((channel, k) => {
    context.fillStyle = COLOURS[k];
    context.beginPath();
    context.moveTo(0, height);
    channel.forEach((count, code) => {
      // By the square root, so that small shares are seen too.
      const y = height - Math.sqrt(Math.min(count / most, 1)) * (height - MARK - 3);
      context.lineTo((code * width) / 256, y);
      context.lineTo(((code + 1) * width) / 256, y);
    });
    context.lineTo(width, height);
    context.fill();
  });
  context.globalCompositeOperation = "source-over";
  for (const [shares, place] of [[black, (k) => 3 + k * (MARK + 3)], [white, (k) => width - 3 - (3 - k) * (MARK + 3)]]) {
    shares.forEach((share, k) => {
      if (!share) return;
      context.fillStyle = COLOURS[k];
      context.fillRect(place(k), 2, MARK, MARK);
    });
  }
}

/**
 * How much is clipped, in words.
 * @param {Histogram} histogram
 */
export function clippedText({ black, white }) {
  const text = (shares) => shares.map((share, k) => `${CHANNELS[k]} ${percent(share)}`).join(", ");
  return `at 0: ${text(black)} · at 255: ${text(white)}`;
}

function percent(share) {
  if (!share) return "none";
  return share < 0.0001 ? "< 0.01 %" : `${(100 * share).toFixed(share < 0.1 ? 2 : 1)} %`;
}
