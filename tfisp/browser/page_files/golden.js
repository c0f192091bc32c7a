// What the desktop made of one frame, and how far this device is from it.

import { NONE } from "./adjustments.js";
import { contractFor, scalingOf } from "./contract.js";
import { fetchFile } from "./model.js";
import { packer } from "./packing.js";
import { develop, renderFrame } from "./rendering.js";

/**
 * The desktop's frame, input, output and picture.
 * @param {import("./model.js").Model} model
 */
export async function loadGolden({ folder }) {
  const get = (name) => fetchFile(`${folder}/${name}`);
  const bytes = async (name) => (await get(`golden_${name}.bin`)).arrayBuffer();
  const described = await (await get("golden.json")).json();
  const { frame } = described;
  frame.mosaic = new Uint16Array(await bytes("mosaic"));
  if (frame.shading) frame.shading.gains = Float32Array.from(frame.shading.gains);
  const input = new Float32Array(await bytes("input"));
  return {
    ...described,
    input,
    output: new Float32Array(await bytes("output")),
    codes: new Uint8Array(await bytes("picture")),
    /** How many numbers of the first tile's input have other bits than the desktop's. */
    differing(model) {
      const [, height, width] = model.tiles.find(({ file }) => file === described.tile).shape;
      const first = (size) => ({ start: 0, stop: size, first: 0, last: size });
      const { contract } = contractFor(model, frame);
      const made = packer(frame, scalingOf(frame, contract), contract.form)(first(height), first(width));
      const bits = new Uint32Array(made.buffer), expected = new Uint32Array(input.buffer);
      return bits.reduce((count, value, k) => (value === expected[k] ? count : count + 1), 0);
    },
  };
}

/**
 * Runs the golden input and the golden frame.
 * @param {import("./model.js").Model} model
 * @param {Awaited<ReturnType<typeof loadGolden>>} golden
 * @param {import("./runtime.js").CompiledTile} compiled Of its tile.
 * @param {"float32" | "float16"} kind By which limits.
 */
export async function compare(model, golden, compiled, kind) {
  const output = await compiled.run(golden.input);
  const clipped = (value) => 255 * Math.min(Math.max(value, 0), 1);
  let largest = 0, sum = 0;
  output.forEach((value, k) => {
    const difference = Math.abs(clipped(value) - clipped(golden.output[k]));
    largest = Math.max(largest, difference);
    sum += difference;
  });
  const allowed = golden.limits[`max_${kind}`], allowed_mean = golden.limits[`mean_${kind}`];
  const mean = sum / output.length;
  const picture = await develop(await renderFrame(model, compiled, golden.frame, NONE), NONE);
  let picture_largest = 0;
  golden.codes.forEach((code, k) => {
    const own = picture.data[4 * Math.floor(k / 3) + (k % 3)];
    picture_largest = Math.max(picture_largest, Math.abs(own - code));
  });
  return {
    output: {
      largest: Number(largest.toPrecision(3)), mean: Number(mean.toPrecision(3)), allowed, allowed_mean,
      passed: largest <= allowed && mean <= allowed_mean,
    },
    picture_largest,
  };
}
