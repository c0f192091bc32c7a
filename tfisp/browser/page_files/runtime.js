// LiteRT.js: which accelerators there are, and a model's tile files ready to run on one of them.

import { Fault } from "./fault.js";
import { getWebGpuDevice, loadAndCompile, loadLiteRt, Tensor } from "./litert/core.js";

/** How pictures can be computed; what LiteRT.js calls each, and how exact each must be. */
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
};

let started = null;

/**
 * Starts LiteRT.js, once, with threads where the page is allowed to have them.
 * @returns {Promise<{threads: boolean, backends: string[]}>} Names of `BACKENDS` that can be asked for.
 * @throws {Fault} The browser cannot run it.
 */
export function startRuntime() {
  started ??= start();
  return started;
}

async function start() {
  const threads = self.crossOriginIsolated === true;
  const where = new URL("./litert/wasm/", import.meta.url).href;
  try {
    await loadLiteRt(where, { threads });
  } catch (error) {
    throw new Fault(`this browser cannot run LiteRT.js (${error.message ?? error}); a recent Chrome, Edge, Firefox or Safari can`);
  }
  return { threads, backends: Object.keys(BACKENDS).filter((name) => name === "wasm" || getWebGpuDevice()) };
}

/** One tile file of a model, compiled for one backend. */
export class CompiledTile {
  /**
   * @param {Uint8Array} content The `.tflite` file.
   * @param {number[]} shape `[1, h, w, C]` of its input.
   * @param {string} backend One of `BACKENDS`.
   * @returns {Promise<CompiledTile>}
   * @throws {Fault} The accelerator does not take the file.
   */
  static async compile(content, shape, backend) {
    try {
      return new CompiledTile(await loadAndCompile(content, BACKENDS[backend].options), shape);
    } catch (error) {
      throw new Fault(`${BACKENDS[backend].label} does not take the model: ${error.message ?? error}`);
    }
  }

  constructor(model, shape) {
    this.model = model;
    this.shape = shape;
  }

  /** Whether all of it runs on the accelerator that was asked for; parts may fall back to the CPU. */
  get whole() {
    return this.model.isFullyAccelerated;
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
    this.model.delete();
  }
}
