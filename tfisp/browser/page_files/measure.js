// How long the model takes on each accelerator of this device, and how far it is from the desktop.
//
// Nothing is estimated: every figure was measured here, and where it ran is named.

import { contractFor, scalingOf } from "./contract.js";
import { Fault } from "./fault.js";
import { compileTile } from "./model.js";
import { FORMS, packer } from "./packing.js";
import { develop, renderFrame } from "./rendering.js";
import { BACKENDS, startRuntime } from "./runtime.js";

// Runs of one tile after the first: until so many milliseconds are over, within these numbers.
const LEAST_RUNS = 5, MOST_RUNS = 50, ENOUGH = 1500;

const NOT_OFFERED = self.isSecureContext
  ? "not offered by this browser here"
  : "not offered: browsers give WebGPU to pages from localhost or HTTPS only";

/**
 * @typedef {object} Result Of one backend.
 * @property {string} backend
 * @property {string} ran Where it really ran, or why it did not.
 * @property {number} [tile_pixels] Side of the tile that was timed.
 * @property {number} [compile_ms]
 * @property {number} [first_ms]
 * @property {number} [median_ms]
 * @property {number} [runs]
 * @property {{largest: number, mean: number, allowed: number, allowed_mean: number, passed: boolean}} [output]
 *   Differences to the desktop on the golden input, in code values of 8 bits.
 * @property {number} [picture_largest] Of the finished golden picture.
 */

/**
 * Measures every backend, one after the other.
 * @param {import("./model.js").Model} model
 * @param {(what: string) => void} progress
 * @returns {Promise<object>} What "Copy as JSON" gives.
 */
export async function measureDevice(model, progress) {
  const { threads, backends } = await startRuntime();
  const golden = await loadGolden();
  const results = [];
  for (const backend of Object.keys(BACKENDS)) {
    progress(`Measuring ${BACKENDS[backend].label} …`);
    await new Promise((resolve) => setTimeout(resolve, 50)); // for the page to show it
    results.push(backends.includes(backend)
      ? await measureBackend(model, golden, backend)
      : { backend, ran: NOT_OFFERED });
  }
  return {
    page: document.querySelector("header .unbroken").textContent,
    model: model.name,
    browser: navigator.userAgent,
    processor_threads: navigator.hardwareConcurrency,
    wasm_threads: threads,
    secure_context: self.isSecureContext,
    gpu: await describeGpu(),
    input_equals_desktop: golden.differing(model) === 0,
    results,
  };
}

async function describeGpu() {
  const { gpu } = /** @type {any} */ (navigator);
  const adapter = await gpu?.requestAdapter().catch(() => null);
  const { vendor, architecture, device, description } = adapter?.info ?? {};
  return [vendor, architecture, device, description].filter(Boolean).join(", ") || null;
}

/** The desktop's frame, input, output and picture. */
async function loadGolden() {
  const get = async (name) => {
    const answer = await fetch(new URL(`./model/${name}`, import.meta.url));
    if (!answer.ok) throw new Fault(`model/${name} cannot be fetched`);
    return answer;
  };
  const bytes = async (name) => (await get(`golden_${name}.bin`)).arrayBuffer();
  const described = await (await get("golden.json")).json();
  const frame = described.frame;
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

/** @returns {Promise<Result>} */
async function measureBackend(model, golden, backend) {
  try {
    const timed = await timeTile(model, backend);
    const tile = model.tiles.find(({ file }) => file === golden.tile);
    const compiled = await compileTile(model, tile, backend);
    try {
      return { ...timed, ...(await compare(model, golden, compiled, backend)) };
    } finally {
      compiled.delete();
    }
  } catch (error) {
    if (!(error instanceof Fault)) throw error;
    return { backend, ran: error.message };
  }
}

async function timeTile(model, backend) {
  const tile = model.tiles[model.tiles.length - 1];
  const compiling = performance.now();
  const compiled = await compileTile(model, tile, backend);
  const compile_ms = performance.now() - compiling;
  try {
    const input = new Float32Array(tile.shape.reduce((product, side) => product * side)).map((_, k) => (k % 97) / 96);
    const times = [];
    const begin = performance.now();
    while (times.length <= MOST_RUNS && (times.length <= LEAST_RUNS || performance.now() - begin < ENOUGH)) {
      const start = performance.now();
      await compiled.run(input);
      times.push(performance.now() - start);
    }
    const [first_ms, ...rest] = times;
    const sorted = rest.sort((a, b) => a - b), middle = sorted.length >> 1;
    const median_ms = sorted.length % 2 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
    const rounded = (value) => Number(value.toFixed(2));
    const onGpu = BACKENDS[backend].options.accelerator === "webgpu";
    return {
      backend,
      ran: !onGpu || compiled.whole ? BACKENDS[backend].label : "fell back to the CPU, in part or whole",
      tile_pixels: tile.shape[1] * FORMS[model.contract.form].step,
      compile_ms: rounded(compile_ms),
      first_ms: rounded(first_ms),
      median_ms: rounded(median_ms),
      runs: sorted.length,
    };
  } finally {
    compiled.delete();
  }
}

async function compare(model, golden, compiled, backend) {
  const output = await compiled.run(golden.input);
  const clipped = (value) => 255 * Math.min(Math.max(value, 0), 1);
  let largest = 0, sum = 0;
  output.forEach((value, k) => {
    const difference = Math.abs(clipped(value) - clipped(golden.output[k]));
    largest = Math.max(largest, difference);
    sum += difference;
  });
  const kind = BACKENDS[backend].limits;
  const allowed = golden.limits[`max_${kind}`], allowed_mean = golden.limits[`mean_${kind}`];
  const mean = sum / output.length;
  const picture = await develop(await renderFrame(model, compiled, golden.frame), 0);
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
