// The page: from a chosen file to two pictures, and what its controls do.

import { commandOf } from "./adjustments.js";
import { contractFor } from "./contract.js";
import { Controls } from "./controls.js";
import { DevicePanel } from "./device.js";
import { showFacts } from "./facts.js";
import { Fault } from "./fault.js";
import { shownArea } from "./frame.js";
import { Helper } from "./helper.js";
import { clippedText, countCodes, drawHistogram } from "./histogram.js";
import { compileTile, listModels, loadModel, shippedLook, tileFor } from "./model.js";
import { upright } from "./orientation.js";
import { phasePadding } from "./packing.js";
import { develop, renderFrame } from "./rendering.js";
import { BACKENDS, startRuntime } from "./runtime.js";
import { Viewer } from "./viewer.js";

/** @param {string} id @returns {any} */
const byId = (id) => document.getElementById(id);

// Milliseconds without another change after which the network runs anew.
const QUIET = 150;

class Page {
  constructor() {
    this.viewer = new Viewer();
    this.helper = new Helper();
    this.controls = new Controls((change) => this.change(change), (act) => this.guarded(act));
    this.device = new DevicePanel((act) => this.guarded(act));
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
    const [{ models, look }, { backends, missing }] = await Promise.all([listModels(), startRuntime()]);
    byId("model").replaceChildren(...models.map(({ name }, k) => new Option(name, String(k))));
    byId("model").disabled = models.length === 1;
    const option = (name) => new Option(BACKENDS[name].label, name);
    const closed = Object.entries(missing).map(([name, why]) => Object.assign(option(name), { disabled: true, title: why }));
    byId("backend").replaceChildren(...backends.map(option), ...closed);
    this.models = models;
    if (look) await this.takeLook(await shippedLook(look));
    await this.chooseModel();
    document.body.dataset.ready = "true";
  }

  /** Takes the model that is chosen. */
  async chooseModel() {
    const entry = this.models[Number(byId("model").value)];
    byId("status").textContent = `Loading ${entry.name} …`;
    const model = await loadModel(entry);
    if (entry !== this.models[Number(byId("model").value)]) return; // another was chosen meanwhile
    this.model = model;
    byId("model-facts").textContent = model.facts;
    this.controls.setModel(model);
    this.device.setModel(model);
    byId("status").textContent = "";
  }

  open(files) {
    return this.guarded(async () => {
      await this.ready;
      if (!this.model) return;
      byId("fault").hidden = true;
      const looks = files.filter((file) => file.name.toLowerCase().endsWith(".cube"));
      const others = files.filter((file) => !looks.includes(file));
      if (looks.length > 1) throw new Fault(`${looks.length} looks were chosen, expected one .cube file`);
      if (looks.length) await this.takeLook(looks[0]);
      if (others.length) await this.openRaw(others);
      else this.change({ network: false, classical: true });
    });
  }

  async openRaw(files) {
    const signal = this.begin();
    byId("status").textContent = `Reading ${files.map((file) => file.name).join(", ")} …`;
    const found = await this.helper.ask("read", files);
    signal.throwIfAborted();
    this.opened = found;
    const { frame } = this.opened;
    this.controls.setFrame(frame);
    byId("viewer").hidden = false;
    const [, , height, width] = shownArea(frame);
    const size = upright(frame.orientation, height, width);
    this.viewer.reset(size.width, size.height);
    await Promise.all([this.classical(), this.render()]);
  }

  /** Reads a look and takes it; null takes it away. @param {File | null} file */
  async takeLook(file) {
    this.controls.setLook(await this.helper.ask("look", file), file?.name ?? "");
  }

  /** Gives up what is being rendered; returns the signal of what comes next. */
  begin() {
    this.work.abort();
    this.work = new AbortController();
    document.body.dataset.settled = "false";
    return this.work.signal;
  }

  /** Something else is asked for. @param {import("./controls.js").Change} change */
  change({ network, classical }) {
    if (!this.opened) return;
    byId("fault").hidden = true;
    // While the network is at work on its output, `render` takes what is asked for at its end.
    const waits = !this.rendered && !network;
    const signal = waits ? this.work.signal : this.begin();
    const again = async () => {
      if (waits) return;
      if (!network) return await this.finish();
      this.rendered = null;
      await new Promise((resolve) => setTimeout(resolve, QUIET));
      signal.throwIfAborted();
      await this.render();
    };
    this.guarded(() => Promise.all([classical ? this.classical() : undefined, again()]));
  }

  async classical() {
    const { gains, exposure, look } = this.controls.asked;
    const picture = await this.helper.ask("classical", { gains, exposure, strength: look && look.strength });
    if (picture) this.viewer.show("classical", picture);
  }

  /** The network's picture, from the counts on. */
  async render() {
    const { frame } = this.opened, { signal } = this.work;
    const backend = byId("backend").value, { label } = BACKENDS[backend];
    this.rendered = null;
    byId("save-png").disabled = byId("save-jpeg").disabled = true;
    const { mapped } = contractFor(this.model, frame);
    const notes = mapped ? ["its levels are mapped onto those that the model was made for; colours may be off"] : [];
    showFacts(frame, notes, byId("facts-list"), byId("notes"));
    byId("status").textContent = `Rendering on ${label} …`;
    byId("progress").value = 0;
    byId("progress").hidden = false;
    const { compiled, fell } = await this.compile(phasePadding(frame), backend);
    const start = performance.now();
    const { asked } = this.controls;
    try {
      const progress = (done, total) => (byId("progress").value = done / total);
      this.rendered = await renderFrame(this.model, compiled, frame, asked, { signal, progress });
    } finally {
      compiled.delete();
    }
    this.ran = { milliseconds: performance.now() - start, where: `${compiled.where}${fell}` };
    await this.finish();
  }

  /** The model for a picture, ready to run; on the processor where the accelerator does not take it. */
  async compile({ height, width }, backend) {
    const compile = (on) => compileTile(this.model, tileFor(this.model, height, width, on), on, this.controls.strength);
    try {
      return { compiled: await compile(backend), fell: "" };
    } catch (error) {
      if (backend === "wasm" || !(error instanceof Fault)) throw error;
      return { compiled: await compile("wasm"), fell: `, since ${error.message}` };
    }
  }

  /** The picture of the network's output with what is asked for now. */
  async finish() {
    const start = performance.now();
    const { signal } = this.work, { asked, strength, lookName } = this.controls;
    this.picture = await develop(this.rendered, asked, signal);
    this.viewer.show("network", this.picture);
    const { milliseconds, where } = this.ran;
    const seconds = ((milliseconds + performance.now() - start) / 1000).toFixed(2);
    byId("caption").textContent = `${this.opened.name}: ${seconds} s on ${where}, counts to picture`;
    byId("command").textContent = commandOf(this.opened.name, this.model.name, asked, lookName, this.model.start ? strength : null);
    const histogram = await countCodes(this.picture, signal);
    drawHistogram(byId("histogram"), histogram);
    byId("clipped").textContent = clippedText(histogram);
    byId("save-png").disabled = byId("save-jpeg").disabled = false;
    byId("status").textContent = "";
    byId("progress").hidden = true;
    document.body.dataset.settled = "true";
  }

  /** @param {"png" | "jpeg"} kind */
  async save(kind) {
    const link = document.createElement("a");
    link.download = `${this.opened.name.replace(/\.[^.]*$/, "")}.${kind === "png" ? "png" : "jpg"}`;
    byId("status").textContent = `Saving ${link.download} …`;
    const url = URL.createObjectURL(await this.helper.ask(kind, this.picture));
    byId("status").textContent = "";
    link.href = url;
    link.click();
    setTimeout(() => URL.revokeObjectURL(url), 60_000);
  }

  listen() {
    for (const id of ["file", "look"]) {
      byId(id).addEventListener("change", () => {
        this.take(byId(id).files);
        byId(id).value = ""; // so that the same file can be chosen again
      });
    }
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
      this.take(event.dataTransfer.files);
    });
    byId("look-remove").addEventListener("click", () => this.guarded(async () => {
      await this.takeLook(null);
      this.change({ network: false, classical: true });
    }));
    byId("model").addEventListener("change", () => this.guarded(async () => {
      await this.chooseModel();
      this.change({ network: true, classical: true });
    }));
    byId("backend").addEventListener("change", () => this.change({ network: true, classical: false }));
    for (const kind of ["png", "jpeg"]) byId(`save-${kind}`).addEventListener("click", () => this.guarded(() => this.save(kind)));
  }

  /** Opens what was chosen or dropped. @param {FileList} list */
  take(list) {
    if (list.length) this.open([...list]);
  }
}

new Page().listen();
