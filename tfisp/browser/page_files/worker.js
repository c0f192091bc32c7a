// What needs no network runs here, beside the page: reading files, the classical rendering, saving.

import { renderClassically } from "./classical.js";
import { Fault } from "./fault.js";
import { encodePng } from "./png.js";
import { readFiles } from "./reading.js";

/** The frame of the file read last, so that it need not travel for each rendering. */
let current = null;
let rendering = null;

const TASKS = {
  async read(files) {
    const found = await readFiles(files);
    current = found.frame;
    return found;
  },
  async classical(exposure) {
    rendering?.abort();
    rendering = new AbortController();
    return renderClassically(current, exposure, rendering.signal);
  },
  png: encodePng,
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
