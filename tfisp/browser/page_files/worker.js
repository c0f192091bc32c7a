// What needs no network runs here, beside the page: reading files, the classical rendering, saving.

import { renderClassically } from "./classical.js";
import { Fault } from "./fault.js";
import { encodeJpeg } from "./jpeg.js";
import { encodePng } from "./png.js";
import { readFiles, readLook } from "./reading.js";

/** The frame and the look of the files read last, so that they need not travel for each rendering. */
let current = null, cube = null;
let rendering = null;

const TASKS = {
  async read(files) {
    const found = await readFiles(files);
    current = found.frame;
    return found;
  },
  /** @param {File | null} file Null takes the look away. */
  async look(file) {
    const found = file && (await readLook(file));
    cube = found;
    return found;
  },
  /** @param {{gains: number[] | null, exposure: number, strength: number | null}} asked Of the look. */
  async classical({ gains, exposure, strength }) {
    rendering?.abort();
    rendering = new AbortController();
    const look = strength === null || !cube ? null : { cube, strength };
    return renderClassically(current, { gains, exposure, look }, rendering.signal);
  },
  png: encodePng,
  jpeg: encodeJpeg,
};

self.onmessage = async ({ data: { number, task, argument } }) => {
  try {
    const result = await TASKS[task](argument);
    // Pictures are handed over; frames are kept here too.
    const transfer = result instanceof ImageData ? [result.data.buffer] : [];
    self.postMessage({ number, result }, { transfer });
  } catch (error) {
    const replaced = error.name === "AbortError", expected = error instanceof Fault;
    self.postMessage({ number, fault: error.message, expected, replaced });
  }
};
