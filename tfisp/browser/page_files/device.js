// The part of the page that measures the device.

import { measureDevice } from "./measure.js";
import { showResults } from "./results.js";

/** @param {string} id @returns {any} */
const byId = (id) => document.getElementById(id);

export class DevicePanel {
  /** @param {(act: () => unknown) => Promise<unknown>} guarded Runs what may raise a `Fault`. */
  constructor(guarded) {
    this.model = null;
    byId("measure").addEventListener("click", () => guarded(() => this.measure()));
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
    byId("measure").disabled = true;
    try {
      const seconds = Number(byId("sustained").value);
      const report = await measureDevice(this.model, seconds, (what) => (byId("measuring").textContent = what));
      showResults(report, byId("results").querySelector("table"));
      byId("results").hidden = false;
      const same = report.input_equals_desktop ? "has the desktop's bits" : "differs from the desktop's";
      byId("input-check").textContent = `The input that this browser prepares ${same}.`;
      byId("json").value = JSON.stringify(report, null, 2);
      byId("json").hidden = byId("copy").hidden = false;
    } finally {
      byId("measuring").textContent = "";
      byId("measure").disabled = false;
    }
  }
}
