// How long a model takes on each accelerator of this device, at first and sustained, and how far it
// is from the desktop.
//
// Nothing is estimated: every figure was measured here, and where it ran is named.

import { NONE } from "./adjustments.js";
import { Fault } from "./fault.js";
import { compare, loadGolden } from "./golden.js";
import { compileTile, tileFor } from "./model.js";
import { phasePadding } from "./packing.js";
import { develop, renderFrame } from "./rendering.js";
import { BACKENDS, startRuntime } from "./runtime.js";
import { median, sustained } from "./timing.js";

// Runs after the first: until so many milliseconds are over, within these numbers.
const NETWORK = { least: 5, most: 50, enough: 1500 }, PICTURE = { least: 2, most: 10, enough: 1500 };

/**
 * @typedef {object} Result Of one backend. Times are in milliseconds.
 * @property {string} backend
 * @property {string} ran Where it really ran, or why it did not.
 * @property {number} [began_s] Seconds after the beginning; a device is warmer then.
 * @property {number[]} [frame] Height and width of the picture that the network made in one piece.
 * @property {number} [compile_ms]
 * @property {number} [first_ms]
 * @property {number} [median_ms] Of the network alone, from input to output in the page's memory.
 * @property {number} [runs]
 * @property {import("./timing.js").Sustained | null} [sustained] The same, for as long as was asked.
 * @property {{height: number, width: number, median_ms?: number, network_ms?: number, runs?: number, failed?: string}[]} [pictures]
 *   From counts to the finished picture, tile by tile, and the network's share of it; or why not.
 * @property {{largest: number, mean: number, allowed: number, allowed_mean: number, passed: boolean}} [output]
 *   Differences to the desktop on the golden input, in code values of 8 bits.
 * @property {number} [picture_largest] Of the finished golden picture.
 */

/**
 * Measures every backend, one after the other.
 * @param {import("./model.js").Model} model
 * @param {number} seconds Of sustained running on each; 0 for none.
 * @param {(what: string) => void} progress
 * @param {AbortSignal} signal Stops it.
 * @returns {Promise<object>} What "Copy as JSON" gives.
 */
export async function measureDevice(model, seconds, progress, signal) {
  const { threads, backends, missing } = await startRuntime();
  const golden = await loadGolden(model);
  const results = [];
  const begin = performance.now();
  for (const backend of Object.keys(BACKENDS)) {
    const { label } = BACKENDS[backend];
    const told = async (what) => {
      progress(`Measuring ${label}: ${what} …`);
      await new Promise((resolve) => setTimeout(resolve, 50)); // for the page to show it
    };
    const began_s = rounded((performance.now() - begin) / 1000);
    results.push(backends.includes(backend)
      ? { began_s, ...(await measureBackend(model, golden, backend, seconds, told, signal)) }
      : { backend, ran: missing[backend] });
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
    sustained_s: seconds,
    results,
  };
}

async function describeGpu() {
  const { gpu } = /** @type {any} */ (navigator);
  const adapter = await gpu?.requestAdapter().catch(() => null);
  const { vendor, architecture, device, description } = adapter?.info ?? {};
  return [vendor, architecture, device, description].filter(Boolean).join(", ") || null;
}

/** @returns {Promise<Result>} */
async function measureBackend(model, golden, backend, seconds, told, signal) {
  try {
    const network = await measureNetwork(model, backend, seconds, told, signal);
    const pictures = [];
    for (const [height, width] of model.pictures) {
      await told(`a picture of ${height} × ${width}`);
      pictures.push({ height, width, ...(await measurePicture(model, golden.frame, height, width, backend, signal)) });
    }
    await told("against the desktop");
    const tile = model.tiles.find(({ file }) => file === golden.tile);
    return await withTile(model, tile, backend, async (compiled) => ({
      ...network, pictures, ...(await compare(model, golden, compiled, BACKENDS[backend].limits)),
    }));
  } catch (error) {
    if (!(error instanceof Fault)) throw error;
    return { backend, ran: error.message };
  }
}

/** Compiles a file, hands it over, and lets go of it. */
async function withTile(model, tile, backend, act) {
  const compiled = await compileTile(model, tile, backend);
  try {
    return await act(compiled);
  } finally {
    compiled.delete();
  }
}

async function measureNetwork(model, backend, seconds, told, signal) {
  const { frame } = model;
  await told("compiling");
  const compiling = performance.now();
  return withTile(model, frame, backend, async (compiled) => {
    const compile_ms = rounded(performance.now() - compiling);
    await told("the network");
    const input = new Float32Array(frame.shape.reduce((product, side) => product * side)).map((_, k) => (k % 97) / 96);
    const run = () => compiled.run(input);
    const [first_ms, ...times] = await repeated(run, NETWORK, signal);
    if (seconds) await told(`for ${seconds} s`);
    return {
      backend,
      ran: compiled.where,
      frame: frame.pixels,
      compile_ms,
      first_ms: rounded(first_ms),
      median_ms: rounded(median(times)),
      runs: times.length,
      sustained: seconds ? await sustained(run, seconds, signal) : null,
    };
  });
}

/** A picture that a device has no memory for takes nothing away from the rest. */
async function measurePicture(model, golden, height, width, backend, signal) {
  try {
    return await timePicture(model, golden, height, width, backend, signal);
  } catch (error) {
    if (error?.name === "AbortError") throw error;
    return { failed: String(error.message ?? error) };
  }
}

async function timePicture(model, golden, height, width, backend, signal) {
  const frame = repeatedFrame(golden, height, width);
  const padding = phasePadding(frame);
  const tile = tileFor(model, padding.height, padding.width, backend);
  return withTile(model, tile, backend, async (compiled) => {
    const shares = [];
    const times = await repeated(async () => {
      let share = 0;
      const timed = {
        shape: compiled.shape,
        async run(input) {
          const start = performance.now();
          const output = await compiled.run(input);
          share += performance.now() - start;
          return output;
        },
      };
      await develop(await renderFrame(model, timed, frame, NONE, { signal }), NONE, signal);
      shares.push(share);
    }, PICTURE, signal);
    const median_ms = rounded(median(times.slice(1))), network_ms = rounded(median(shares.slice(1)));
    return { median_ms, network_ms, runs: times.length - 1 };
  });
}

/** A frame of a size, from the golden one over and over, with its shading map; it lies upright. */
function repeatedFrame(golden, height, width) {
  const mosaic = new Uint16Array(height * width);
  // An even number of rows and columns keeps the pattern.
  const rows = golden.height & ~1, columns = golden.width & ~1;
  for (let y = 0; y < height; y++) {
    const row = (y % rows) * golden.width;
    for (let x = 0; x < width; x += columns) {
      mosaic.set(golden.mosaic.subarray(row, row + Math.min(columns, width - x)), y * width + x);
    }
  }
  return { ...golden, mosaic, height, width, orientation: 1 };
}

/** Milliseconds of each run, the first one too. */
async function repeated(run, { least, most, enough }, signal) {
  const times = [];
  const begin = performance.now();
  while (times.length <= most && (times.length <= least || performance.now() - begin < enough)) {
    signal.throwIfAborted();
    const start = performance.now();
    await run();
    times.push(performance.now() - start);
  }
  return times;
}

function rounded(value) {
  return Number(value.toFixed(2));
}
