// The plain classical rendering beside the network's: bilinear demosaicking, the file's white
// balance, matrix and exposure (tfisp.demosaic.reference with method "bilinear").

import { adjusted } from "./adjustments.js";
import { cameraWriter, finishingMatrix } from "./colour.js";
import { scalingOf } from "./contract.js";
import { shownArea } from "./frame.js";
import { upright } from "./orientation.js";
import { pacer } from "./pacing.js";
import { shadingRows } from "./shading.js";

/**
 * What it expects of its mosaic; clipping comes after, since it has a lower end as well.
 * @type {import("./contract.js").Contract}
 */
const CONTRACT = {
  form: "mosaic", black_level: null, white_level: null, white_balance: "as_shot", shading: true,
  exposure: "none", clip: "none",
};

/**
 * Renders a frame.
 * @param {import("./frame.js").Frame} file
 * @param {import("./adjustments.js").Adjustments} asked
 * @param {AbortSignal} [signal]
 * @returns {Promise<ImageData>} Upright.
 */
export async function renderClassically(file, asked, signal) {
  const frame = adjusted(file, asked);
  const { height, width, pattern } = frame;
  const [top, left, tall, wide] = shownArea(frame);
  const matrix = finishingMatrix(frame.xyzToCamera, frame.baselineExposure);
  const write = cameraWriter(matrix, asked.look, true);
  const turned = upright(frame.orientation, tall, wide);
  const picture = new ImageData(turned.width, turned.height);
  const { data } = picture;
  const pace = pacer(signal);
  const row = rowReader(frame);
  // Three rows at a time, in turn; reflected at the frame's edges like its columns.
  const lines = [new Float32Array(width + 2), new Float32Array(width + 2), new Float32Array(width + 2)];
  row(1, lines[2]);
  row(0, lines[0]);
  for (let y = 0; y < top + tall; y++) {
    const above = y === 0 ? lines[2] : lines[(y + 2) % 3], here = lines[y % 3];
    const below = y === height - 1 ? above : lines[(y + 1) % 3];
    if (y < height - 1) row(y + 1, below);
    const inRedRow = pattern[2 * (y & 1)] === "R" || pattern[2 * (y & 1) + 1] === "R";
    let at = 4 * (turned.origin + (y - top) * turned.down);
    for (let x = left; x < (y < top ? left : left + wide); x++, at += 4 * turned.across) {
      const own = here[x + 1];
      const beside = here[x] + here[x + 2], aboveBelow = above[x + 1] + below[x + 1];
      let red, green, blue;
      if (pattern[2 * (y & 1) + (x & 1)] === "G") {
        green = own;
        [red, blue] = inRedRow ? [beside / 2, aboveBelow / 2] : [aboveBelow / 2, beside / 2];
      } else {
        const corners = (above[x] + above[x + 2] + below[x] + below[x + 2]) / 4;
        green = (beside + aboveBelow) / 4;
        [red, blue] = inRedRow ? [own, corners] : [corners, own];
      }
      write(data, at, red, green, blue);
    }
    if (y % 16 === 0) await pace();
  }
  return picture;
}

/** A function that writes a row, scaled to 0..1 and reflected by a column at both ends. */
function rowReader(frame) {
  const { mosaic, height, width } = frame;
  const { black, gain, shading } = scalingOf(frame, CONTRACT);
  const shadeOf = shading && shadingRows(shading, height, width);
  return (y, line) => {
    const site = 2 * (y & 1), shade = shadeOf?.(y);
    for (let x = 0; x < width; x++) {
      const at = site + (x & 1);
      const value = (mosaic[y * width + x] - black[at]) * gain[at] * (shade ? shade[x] : 1);
      line[x + 1] = Math.min(Math.max(value, 0), 1);
    }
    line[0] = line[2];
    line[width + 1] = line[width - 1];
  };
}
