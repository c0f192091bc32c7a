// A whole frame through the network, tile by tile, and the picture made of what it gives.

import { adjusted } from "./adjustments.js";
import { cameraWriter, finishingMatrix, lookWriter } from "./colour.js";
import { expand } from "./companding.js";
import { contractFor, scalingOf } from "./contract.js";
import { Fault } from "./fault.js";
import { shownArea } from "./frame.js";
import { upright } from "./orientation.js";
import { pacer } from "./pacing.js";
import { FORMS, packer, phasePadding } from "./packing.js";
import { spans } from "./tiles.js";

/** Steps of the kept output to 1: it is rounded by 1/130 of a code value, and reaches to 2. */
const KEPT = 16384, MOST_KEPT = 32767;

/**
 * @typedef {object} Rendered The network's output for a frame, kept so that exposure can be changed.
 * @property {Int16Array} values `[height, width, 3]`, in 1 / 16384.
 * @property {import("./frame.js").Frame} frame
 * @property {"srgb" | "camera"} output
 */

/**
 * Renders a frame.
 * @param {import("./model.js").Model} model
 * @param {import("./runtime.js").CompiledTile} tile Compiled; fits into the padded frame.
 * @param {import("./frame.js").Frame} file
 * @param {import("./adjustments.js").Adjustments} asked What the contract takes at the input.
 * @param {object} [options]
 * @param {AbortSignal} [options.signal]
 * @param {(done: number, total: number) => void} [options.progress]
 * @returns {Promise<Rendered>} Not yet turned.
 * @throws {Fault} The frame is smaller than the tile, or the output is not finite.
 */
export async function renderFrame(model, tile, file, asked, { signal, progress } = {}) {
  const frame = adjusted(file, asked);
  const { contract } = contractFor(model, frame);
  const { step } = FORMS[contract.form];
  const padding = phasePadding(frame);
  const window = packer(frame, scalingOf(frame, contract), contract.form);
  // Windows must start and end on whole 2x2 cells, or they would have another phase.
  const multiple = step === 1 && model.multiple % 2 ? 2 * model.multiple : model.multiple;
  const cut = (length, side) => spans(Math.ceil(length / (step * multiple)) * multiple, side, model.halo, multiple);
  const rows = cut(padding.height, tile.shape[1]), columns = cut(padding.width, tile.shape[2]);
  const values = new Int16Array(frame.height * frame.width * 3);
  const pace = pacer(signal);
  let done = 0;
  for (const down of rows) {
    for (const across of columns) {
      const output = await tile.run(window(down, across));
      place(values, frame, output, step, padding, down, across);
      progress?.(++done, rows.length * columns.length);
      await pace();
    }
  }
  return { values, frame: file, output: contract.output ?? "srgb" };
}

/** Copies the right part of a rendered tile to where it belongs in the picture. */
function place(values, frame, output, step, padding, down, across) {
  const first = Math.max(down.first * step - padding.top, 0);
  const last = Math.min(down.last * step - padding.top, frame.height);
  const left = Math.max(across.first * step - padding.left, 0);
  const right = Math.min(across.last * step - padding.left, frame.width);
  const width = (across.stop - across.start) * step;
  for (let y = first; y < last; y++) {
    const row = y + padding.top - down.start * step;
    let from = 3 * (row * width + left + padding.left - across.start * step);
    let to = 3 * (y * frame.width + left);
    for (const end = 3 * (y * frame.width + right); to < end; to++, from++) {
      const kept = Math.round(output[from] * KEPT);
      if (!(kept === kept)) throw new Fault("the network's output is not finite");
      values[to] = Math.max(-MOST_KEPT, Math.min(MOST_KEPT, kept));
    }
  }
}

/**
 * The finished picture: camera RGB taken to sRGB by the file's matrix, clipped, rounded, upright.
 * @param {Rendered} rendered
 * @param {import("./adjustments.js").Adjustments} asked Exposure counts under output "camera" only:
 *   others have had it at their input.
 * @param {AbortSignal} [signal]
 * @returns {Promise<ImageData>}
 */
export async function develop({ values, frame: file, output }, asked, signal) {
  const frame = adjusted(file, asked);
  const [top, left, height, width] = shownArea(frame);
  const turned = upright(frame.orientation, height, width);
  const picture = new ImageData(turned.width, turned.height);
  const write = output === "camera" ? cameraRow(frame, asked.look) : srgbRow(asked.look);
  const pace = pacer(signal);
  for (let y = 0; y < height; y++) {
    const from = 3 * ((top + y) * frame.width + left);
    write(picture.data, values, from, width, turned.origin + y * turned.down, turned.across);
    if (y % 16 === 0) await pace();
  }
  return picture;
}

/** A function that writes a row of pixels from a network's encoded sRGB. */
function srgbRow(look) {
  const write = look ? lookWriter(look) : null;
  return (data, values, from, width, to, across) => {
    for (let x = 0, at = 4 * to; x < width; x++, from += 3, at += 4 * across) {
      if (write) {
        write(data, at, values[from] / KEPT, values[from + 1] / KEPT, values[from + 2] / KEPT);
        continue;
      }
      // The array clamps and rounds, halves to even like the desktop.
      data[at] = (values[from] * 255) / KEPT;
      data[at + 1] = (values[from + 1] * 255) / KEPT;
      data[at + 2] = (values[from + 2] * 255) / KEPT;
      data[at + 3] = 255;
    }
  };
}

/** The same from balanced camera RGB under its curve. */
function cameraRow(frame, look) {
  const write = cameraWriter(finishingMatrix(frame.xyzToCamera, frame.baselineExposure), look);
  return (data, values, from, width, to, across) => {
    for (let x = 0, at = 4 * to; x < width; x++, from += 3, at += 4 * across) {
      write(data, at, expand(values[from] / KEPT), expand(values[from + 1] / KEPT), expand(values[from + 2] / KEPT));
    }
  };
}
