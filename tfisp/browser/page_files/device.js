// The part of the page that measures the device.

import { measureDevice } from "./measure.js";
import { showResults } from "./results.js";

/** @param {string} id @returns {any} */
const byId = (id) => document.getElementById(id);

export class DevicePanel {
  /** @param {(act: () => unknown) => Promise<unknown>} guarded Runs what may raise a `Fault`. */
  constructor(guarded) {
    this.model = null;
    this.work = null; // what stops a measurement that is under way
    byId("measure").addEventListener("click", () => (this.work ? this.work.abort() : guarded(() => this.measure())));
    document.addEventListener("visibilitychange", () => (this.hidden = true));
    byId("copy").addEventListener("click", () => {
      byId("json").select();
      // Without HTTPS there is no clipboard; then the text is selected for the keyboard.
      navigator.clipboard?.writeText(byId("json").value);
    });
  }

  /** @param {import("./model.js").Model} model To be measured. */
  setModel(model) {
    this.model = model;
    byId("measure").disabled = false;
  }

  async measure() {
    this.work = new AbortController();
    byId("measure").textContent = "Stop";
    const told = (what) => (byId("measuring").textContent = what);
    const seconds = Number(byId("sustained").value);
    // A phone whose screen goes dark would hold the page up.
    const lock = await /** @type {any} */ (navigator).wakeLock?.request("screen").catch(() => null);
    this.hidden = document.hidden;
    try {
      const report = await measureDevice(this.model, seconds, told, this.work.signal);
      this.show({ ...report, page_was_hidden: this.hidden });
    } finally {
      lock?.release();
      this.work = null;
      byId("measuring").textContent = "";
      byId("measure").textContent = "Measure this device";
    }
  }

  show(report) {
    showResults(report, byId("results").querySelector("table"));
    byId("results").hidden = false;
    const same = report.input_equals_desktop ? "has the desktop's bits" : "differs from the desktop's";
    const hidden = report.page_was_hidden ? " The page was hidden for a while, which makes times longer." : "";
    byId("input-check").textContent = `The input that this browser prepares ${same}.${hidden}`;
    byId("json").value = JSON.stringify(report, null, 2);
    byId("json").hidden = byId("copy").hidden = false;
  }
}
