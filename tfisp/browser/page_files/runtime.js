// LiteRT.js: which accelerators there are, and a model's files ready to run on one of them.

import { Fault } from "./fault.js";
import { getWebGpuDevice, loadAndCompile, loadLiteRt, supportsFeature, Tensor, unloadLiteRt } from "./litert/core.js";

/**
 * How pictures can be computed; what LiteRT.js calls each, how exact each must be, and where a model
 * runs that it does not take whole.
 */
export const BACKENDS = {
  wasm: { label: "CPU (WebAssembly)", options: { accelerator: "wasm" }, limits: "float32" },
  webgpu: {
    label: "GPU (WebGPU, 32 bits)",
    options: { accelerator: "webgpu", gpuOptions: { precision: "fp32" } },
    limits: "float32",
  },
  webgpu16: {
    label: "GPU (WebGPU, 16 bits)",
    options: { accelerator: "webgpu", gpuOptions: { precision: "fp16" } },
    limits: "float16",
  },
  webnn: {
    label: "NPU (WebNN, 16 bits)",
    options: { accelerator: "webnn", webNNOptions: { devicePreference: "npu", precision: "fp16" } },
    limits: "float16",
  },
};

let started = null;

/**
 * @typedef {object} Runtime
 * @property {boolean} threads Whether WebAssembly runs on several.
 * @property {string[]} backends Names of `BACKENDS` that can be asked for.
 * @property {Record<string, string>} missing Name of each other one -> why it cannot.
 */

/**
 * Starts LiteRT.js, once, with threads where the page is allowed to have them.
 * @returns {Promise<Runtime>}
 * @throws {Fault} The browser cannot run it.
 */
export function startRuntime() {
  started ??= start();
  return started;
}

async function start() {
  const threads = self.crossOriginIsolated === true;
  try {
    await load(threads ? "threads" : "plain");
  } catch (error) {
    throw new Fault(`this browser cannot run LiteRT.js (${error.message ?? error}); a recent Chrome, Edge, Firefox or Safari can`);
  }
  const why = { wasm: "", webgpu: missingWebGpu(), webnn: await missingWebNn() };
  const names = Object.keys(BACKENDS), reason = (name) => why[BACKENDS[name].options.accelerator];
  const missing = names.filter(reason).map((name) => [name, `not offered: ${reason(name)}`]);
  return { threads, backends: names.filter((name) => !reason(name)), missing: Object.fromEntries(missing) };
}

/** Why there is no WebGPU; empty if there is. */
function missingWebGpu() {
  if (getWebGpuDevice()) return "";
  if (!self.isSecureContext) return "browsers give WebGPU to pages from localhost or HTTPS only";
  return "gpu" in navigator ? "this browser finds no GPU that it can use here" : "this browser has no WebGPU";
}

/** Why there is no WebNN; empty if there is. It answers by promises, for which WebAssembly must wait. */
async function missingWebNn() {
  const { ml } = /** @type {any} */ (navigator);
  if (!ml) return self.isSecureContext ? "this browser has no WebNN" : "browsers give WebNN to pages from localhost or HTTPS only";
  if (!(await supportsFeature("jspi"))) return "this browser has WebNN, but no WebAssembly that waits for it (JSPI)";
  try {
    (await ml.createContext({ deviceType: "npu" })).destroy?.();
    return "";
  } catch (error) {
    return `the browser says: ${error.message ?? error}`;
  }
}

/** The build of LiteRT.js that is loaded, and the models that are compiled with it. */
let build = "";
const live = new Set();

/** Loads a build: with threads, with what waits for WebNN, or with neither. No two go together. */
async function load(wanted) {
  if (wanted === build) return;
  while (live.size) await new Promise((resolve) => setTimeout(resolve, 10));
  if (build) unloadLiteRt();
  build = "";
  const where = new URL("./litert/wasm/", import.meta.url).href;
  await loadLiteRt(where, { threads: wanted === "threads", jspi: wanted === "jspi" });
  build = wanted;
}

/** One loading after the other. @type {Promise<unknown>} */
let loading = Promise.resolve();

/** One file of a model, compiled for one backend. */
export class CompiledTile {
  /**
   * @param {Uint8Array} content The `.tflite` file.
   * @param {number[]} shape `[1, h, w, C]` of its input.
   * @param {string} backend One of `BACKENDS`.
   * @returns {Promise<CompiledTile>}
   * @throws {Fault} The accelerator does not take the file.
   */
  static async compile(content, shape, backend) {
    const { threads } = await startRuntime();
    const { label, options } = BACKENDS[backend];
    const compiling = loading.then(async () => {
      await load(options.accelerator === "webnn" ? "jspi" : threads ? "threads" : "plain");
      return new CompiledTile(await loadAndCompile(content, options), shape, backend);
    });
    loading = compiling.catch(() => {});
    try {
      return await compiling;
    } catch (error) {
      throw new Fault(`${label} does not take the model: ${error.message ?? error}`);
    }
  }

  constructor(model, shape, backend) {
    this.model = model;
    this.shape = shape;
    this.backend = backend;
    this.build = build;
    live.add(this);
  }

  /** Where it really runs, in words. LiteRT.js leaves to the processor what an accelerator lacks. */
  get where() {
    const { label, options } = BACKENDS[this.backend];
    const processor = `${BACKENDS.wasm.label.slice(0, -1)}, ${this.build === "threads" ? "threads" : "one thread"})`;
    if (options.accelerator === "wasm") return processor;
    if (!this.model.isFullyAccelerated) {
      return `${processor}, in part or whole: ${label} lacks operations of the model`;
    }
    return options.accelerator === "webnn" ? `${label}; the browser does not tell the device` : label;
  }

  /**
   * Runs the network once; waits until its output is back in the page's memory.
   * @param {Float32Array} input `[h, w, C]`.
   * @returns {Promise<Float32Array>} `[H, W, 3]`.
   * @throws {Fault} The output is not finite, or the accelerator fails.
   */
  async run(input) {
    const tensor = new Tensor(input, this.shape);
    let outputs = [];
    try {
      outputs = await this.model.run([tensor]);
      return await outputs[0].data();
    } catch (error) {
      throw new Fault(`the model cannot be run: ${error.message ?? error}`);
    } finally {
      for (const used of [tensor, ...outputs]) used.delete();
    }
  }

  delete() {
    live.delete(this);
    this.model.delete();
  }
}
