// Cutting a long axis into overlapping windows whose rendered middles join without a seam
// (tfisp/rendering/tiles.py). All windows are equally long, as the network's file is made for one
// size; they end where the picture ends, since there the network pads as it does on the whole.

import { Fault } from "./fault.js";

/**
 * @typedef {object} Span One window of an axis, in input samples.
 * @property {number} start It reads from here
 * @property {number} stop to here,
 * @property {number} first and its result is right from here
 * @property {number} last to here.
 */

/**
 * Windows that cover an axis.
 * @param {number} length Of the axis in samples, divisible by `multiple`.
 * @param {number} window Of each, at most `length`.
 * @param {number} halo Radius of the network's receptive field in samples.
 * @param {number} multiple Windows start and end at a multiple of it.
 * @returns {Span[]} In order; their kept parts join to [0, length).
 * @throws {Fault} The axis is shorter than a window.
 */
export function spans(length, window, halo, multiple) {
  if (length < window) throw new Fault(`${length} samples along an axis, fewer than the ${window} of a tile`);
  if (length === window) return [{ start: 0, stop: length, first: 0, last: length }];
  const overlap = Math.ceil(halo / multiple) * multiple;
  const step = window - 2 * overlap;
  const count = Math.ceil((length - 2 * overlap) / step);
  const found = [];
  let first = 0;
  for (let index = 0; index < count; index++) {
    const stop = Math.min(index * step + window, length);
    const last = index === count - 1 ? length : stop - overlap;
    found.push({ start: stop - window, stop, first, last });
    first = last;
  }
  return found;
}
