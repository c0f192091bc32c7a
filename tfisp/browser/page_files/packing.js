// From counts to a network's input, tile by tile: the same float32 bits as the desktop's.
//
// Inputs are in RGGB geometry: a mosaic that begins with another colour is reflect-padded in front
// by a row and/or column, and at the end to even size (tfisp/packing.py).

import { compand } from "./companding.js";
import { shadingRows } from "./shading.js";

/** Mosaic samples per input sample along each axis, and channels, by form. */
export const FORMS = {
  packed: { step: 2, channels: 4 },
  split: { step: 1, channels: 3 },
  mosaic: { step: 1, channels: 1 },
};

/** Plane of a packed image by site (2 * row + column) of the RGGB cell: B, G, R, G are 0 to 3. */
const PLANE_OF_SITE = [2, 1, 3, 0];

/** Channel of a split image by site; sites of other colours hold 1. */
const CHANNEL_OF_SITE = [0, 1, 1, 2];

/**
 * Rows and columns to add so that red lies at (0, 0) and both sides are even.
 * @param {import("./frame.js").Frame} frame
 * @returns {{top: number, left: number, height: number, width: number}} What is added in front, and
 *   the sides of the whole.
 */
export function phasePadding({ pattern, height, width }) {
  const red = pattern.indexOf("R");
  const top = red >> 1, left = red & 1;
  const even = (side) => side + (side % 2);
  return { top, left, height: even(height + top), width: even(width + left) };
}

/**
 * A function that gives a network's input for one tile.
 * @param {import("./frame.js").Frame} frame
 * @param {import("./contract.js").Scaling} scaling Of this frame.
 * @param {"packed" | "split" | "mosaic"} form
 * @returns {(down: import("./tiles.js").Span, across: import("./tiles.js").Span) => Float32Array}
 *   `[h, w, C]` for spans in input samples.
 */
export function packer(frame, scaling, form) {
  const { step, channels } = FORMS[form];
  const { top, left, ...padded } = phasePadding(frame);
  const shadeOf = scaling.shading && shadingRows(scaling.shading, frame.height, frame.width);
  const write = { packed: writePacked, split: writeSplit, mosaic: writeMosaic }[form];
  return (down, across) => {
    const width = across.stop - across.start;
    const out = new Float32Array((down.stop - down.start) * width * channels).fill(form === "split" ? 1 : 0);
    const columns = sources(across, step, padded.width, left, frame.width);
    const values = new Float32Array(columns.length);
    sources(down, step, padded.height, top, frame.height).forEach((row, y) => {
      scaleRow(frame, scaling, row, columns, values, shadeOf?.(row));
      write(out, values, y, width);
    });
    return out;
  };
}

/** The mosaic's row or column of every sample of a span: reflected where the mosaic does not reach. */
function sources(span, step, padded, before, size) {
  const cells = Math.min(span.stop, padded / step) - span.start;
  const found = new Int32Array((span.stop - span.start) * step);
  for (let k = 0; k < found.length; k++) {
    let cell = Math.floor(k / step);
    // The last tile may reach past the padded frame: there whole cells are reflected.
    if (cell >= cells) cell = 2 * (cells - 1) - cell;
    const at = (span.start + cell) * step + (k % step) - before;
    found[k] = at < 0 ? -at : at >= size ? 2 * (size - 1) - at : at;
  }
  return found;
}

/** Scales the samples of one row at some columns. */
function scaleRow({ mosaic, width }, { black, gain, limit, floor, companded }, row, columns, values, shade) {
  const site = 2 * (row & 1), start = row * width;
  for (let k = 0; k < columns.length; k++) {
    const column = columns[k], at = site + (column & 1);
    let value = Math.fround(Math.fround(mosaic[start + column] - black[at]) * gain[at]);
    if (shade) value = Math.fround(value * shade[column]);
    if (value > limit) value = limit;
    if (value < floor) value = floor;
    values[k] = companded ? compand(value) : value;
  }
}

function writePacked(out, values, y, width) {
  const first = PLANE_OF_SITE[2 * (y & 1)], second = PLANE_OF_SITE[2 * (y & 1) + 1];
  let at = 4 * width * (y >> 1);
  for (let k = 0; k < values.length; k += 2, at += 4) {
    out[at + first] = values[k];
    out[at + second] = values[k + 1];
  }
}

function writeSplit(out, values, y, width) {
  for (let k = 0; k < values.length; k++) {
    out[3 * (y * width + k) + CHANNEL_OF_SITE[2 * (y & 1) + (k & 1)]] = values[k];
  }
}

function writeMosaic(out, values, y, width) {
  out.set(values, y * width);
}
