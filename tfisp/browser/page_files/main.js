// The page: from a chosen file to two pictures, and what its controls do.

import { contractFor, exposes } from "./contract.js";
import { showFacts } from "./facts.js";
import { Fault } from "./fault.js";
import { shownArea } from "./frame.js";
import { measureDevice } from "./measure.js";
import { compileTile, loadModel, tileFor } from "./model.js";
import { upright } from "./orientation.js";
import { phasePadding } from "./packing.js";
import { develop, renderFrame } from "./rendering.js";
import { showResults } from "./results.js";
import { BACKENDS, startRuntime } from "./runtime.js";
import { Viewer } from "./viewer.js";
import { Helper } from "./helper.js";

/** @param {string} id @returns {any} */
const byId = (id) => document.getElementById(id);

class Page {
  constructor() {
    this.viewer = new Viewer();
    this.helper = new Helper();
    this.opened = null; // {name, frame} of the file that is shown
    this.rendered = null; // the network's output for it
    this.picture = null; // and what is made of that
    this.work = new AbortController();
    this.ready = this.guarded(() => this.prepare());
  }

  /** Runs something; what goes wrong is shown in one line, and what was given up is not. */
  async guarded(act) {
    try {
      return await act();
    } catch (error) {
      if (error?.name === "AbortError") return undefined;
      byId("fault").textContent = error instanceof Fault ? error.message : `The page has failed: ${error?.message ?? error}`;
      byId("fault").hidden = false;
      byId("progress").hidden = true;
      byId("status").textContent = "";
      if (!(error instanceof Fault)) console.error(error);
      return undefined;
    }
  }

  async prepare() {
    const [model, { threads, backends }] = await Promise.all([loadModel(), startRuntime()]);
    this.model = model;
    this.threads = threads;
    byId("model").textContent = `${model.name} ·`;
    byId("backend").replaceChildren(...backends.map((name) => new Option(BACKENDS[name].label, name)));
    byId("exposure").disabled = !exposes(model.contract);
    byId("exposure-group").title = exposes(model.contract) ? "" : "This model was not trained to heed exposure";
    byId("measure").disabled = false;
    document.body.dataset.ready = "true";
  }

  open(files) {
    return this.guarded(async () => {
      await this.ready;
      if (!this.model) return;
      const signal = this.begin();
      byId("fault").hidden = true;
      byId("status").textContent = `Reading ${files.map((file) => file.name).join(", ")} …`;
      const found = await this.helper.ask("read", files);
      signal.throwIfAborted();
      this.opened = found;
      const { frame } = this.opened;
      const { mapped } = contractFor(this.model, frame);
      const notes = mapped ? ["its levels are mapped onto those that the model was made for; colours may be off"] : [];
      showFacts(frame, [...notes, ...frame.notes], byId("facts-list"), byId("notes"));
      byId("exposure").value = "0";
      byId("exposure-text").textContent = "0.0 EV";
      byId("viewer").hidden = false;
      const [, , height, width] = shownArea(frame);
      const size = upright(frame.orientation, height, width);
      this.viewer.reset(size.width, size.height);
      await Promise.all([this.classical(), this.render()]);
    });
  }

  /** Gives up what is being rendered; returns the signal of what comes next. */
  begin() {
    this.work.abort();
    this.work = new AbortController();
    return this.work.signal;
  }

  get exposure() {
    return Number(byId("exposure").value);
  }

  async classical() {
    const picture = await this.helper.ask("classical", this.exposure);
    if (picture) this.viewer.show("classical", picture);
  }

  /** The network's picture, from the counts on. */
  async render() {
    const { frame } = this.opened, { signal } = this.work;
    const backend = byId("backend").value, label = BACKENDS[backend].label;
    this.rendered = null;
    byId("save").disabled = true;
    const padding = phasePadding(frame);
    const tile = tileFor(this.model, padding.height, padding.width, backend);
    byId("status").textContent = `Rendering on ${label} …`;
    byId("progress").value = 0;
    byId("progress").hidden = false;
    const compiled = await compileTile(this.model, tile, backend);
    const start = performance.now();
    const onGpu = BACKENDS[backend].options.accelerator === "webgpu";
    const fell = onGpu && !compiled.whole ? "; parts fell back to the CPU" : "";
    try {
      const progress = (done, total) => (byId("progress").value = done / total);
      const exposure = this.model.contract.exposure === "frame" ? this.exposure : 0;
      this.rendered = await renderFrame(this.model, compiled, frame, { exposure, signal, progress });
      await this.finish();
    } finally {
      compiled.delete();
    }
    const threads = backend === "wasm" ? (this.threads ? ", threads" : ", one thread") : "";
    const seconds = ((performance.now() - start) / 1000).toFixed(2);
    byId("caption").textContent = `${this.opened.name}: ${seconds} s on ${label}${threads}${fell}, counts to picture`;
    byId("status").textContent = "";
    byId("progress").hidden = true;
  }

  /** The picture of the network's output at the present exposure. */
  async finish() {
    const camera = this.rendered.output === "camera";
    this.picture = await develop(this.rendered, camera ? this.exposure : 0, this.work.signal);
    this.viewer.show("network", this.picture);
    byId("save").disabled = false;
    document.body.dataset.shown = String(this.exposure);
  }

  /** Another exposure: where the network's output is the same, only the picture is made anew. */
  changeExposure() {
    byId("exposure-text").textContent = `${this.exposure > 0 ? "+" : ""}${this.exposure.toFixed(1)} EV`;
    if (!this.opened) return;
    const atInput = this.model.contract.exposure === "frame";
    // While the network is at work on its output, `render` takes the exposure at its end.
    const waits = !this.rendered && !atInput;
    if (!waits) this.begin();
    const network = () => (waits ? undefined : atInput ? this.render() : this.finish());
    this.guarded(() => Promise.all([this.classical(), network()]));
  }

  async save() {
    const link = document.createElement("a");
    link.download = `${this.opened.name.replace(/\.[^.]*$/, "")}.png`;
    byId("status").textContent = `Saving ${link.download} …`;
    const url = URL.createObjectURL(await this.helper.ask("png", this.picture));
    byId("status").textContent = "";
    link.href = url;
    link.click();
    setTimeout(() => URL.revokeObjectURL(url), 60_000);
  }

  async measure() {
    byId("measure").disabled = true;
    try {
      const report = await measureDevice(this.model, (what) => (byId("status").textContent = what));
      showResults(report, byId("results").querySelector("table"));
      byId("results").hidden = false;
      const same = report.input_equals_desktop ? "has the desktop's bits" : "differs from the desktop's";
      byId("input-check").textContent = `Times are of one tile. The input that this browser prepares ${same}.`;
      byId("json").value = JSON.stringify(report, null, 2);
      byId("json").hidden = byId("copy").hidden = false;
    } finally {
      byId("status").textContent = "";
      byId("measure").disabled = false;
    }
  }

  listen() {
    const files = (list) => list.length && this.open([...list]);
    byId("file").addEventListener("change", () => {
      files(byId("file").files);
      byId("file").value = ""; // so that the same file can be chosen again
    });
    addEventListener("dragover", (event) => {
      event.preventDefault();
      document.body.classList.add("dropping");
    });
    addEventListener("dragleave", (event) => {
      if (!event.relatedTarget) document.body.classList.remove("dropping");
    });
    addEventListener("drop", (event) => {
      event.preventDefault();
      document.body.classList.remove("dropping");
      files(event.dataTransfer.files);
    });
    byId("exposure").addEventListener("input", () => this.changeExposure());
    byId("exposure").addEventListener("dblclick", () => {
      byId("exposure").value = "0";
      this.changeExposure();
    });
    byId("backend").addEventListener("change", () => {
      if (!this.opened) return;
      this.begin();
      byId("fault").hidden = true;
      this.guarded(() => this.render());
    });
    byId("save").addEventListener("click", () => this.guarded(() => this.save()));
    byId("measure").addEventListener("click", () => this.guarded(() => this.measure()));
    byId("copy").addEventListener("click", () => {
      byId("json").select();
      // Without HTTPS there is no clipboard; then the text is selected for the keyboard.
      navigator.clipboard?.writeText(byId("json").value);
    });
  }
}

new Page().listen();
