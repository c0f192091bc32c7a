// The two pictures of a frame over each other, with a slider between them, and one zoom for both.

import { Zoom } from "./zoom.js";

const ARROWS = { ArrowLeft: [1, 0], ArrowRight: [-1, 0], ArrowUp: [0, 1], ArrowDown: [0, -1] };
const SLIDES = { ArrowLeft: -0.02, ArrowDown: -0.02, ArrowRight: 0.02, ArrowUp: 0.02, Home: -1, End: 1 };

// From this many screen pixels to one of the picture on, pixels are shown as squares.
const COARSE = 2;

/** @param {string} id @returns {any} */
const byId = (id) => document.getElementById(id);

export class Viewer {
  constructor() {
    this.stage = byId("stage");
    this.handle = byId("handle");
    this.panes = { classical: byId("pane-classical"), network: byId("pane-network") };
    this.zoom = new Zoom();
    this.split = 0.5;
    new ResizeObserver(() => this.draw()).observe(this.stage);
    this.#listenToButtons();
    this.#listenToPointers();
    this.#listenToKeys();
  }

  /**
   * Forgets both pictures and makes room for others.
   * @param {number} width In pixels.
   * @param {number} height
   */
  reset(width, height) {
    for (const pane of Object.values(this.panes)) {
      Object.assign(pane.firstElementChild, { width, height });
      pane.hidden = true;
    }
    const changed = this.zoom.picture.width !== width || this.zoom.picture.height !== height;
    this.zoom.picture = { width, height };
    if (changed) this.zoom.fit();
    this.draw();
  }

  /** @param {"classical" | "network"} side @param {ImageData} picture Of the size given to `reset`. */
  show(side, picture) {
    const pane = this.panes[side];
    pane.firstElementChild.getContext("2d").putImageData(picture, 0, 0);
    pane.hidden = false;
    this.draw();
  }

  draw() {
    const { stage, zoom, split } = this;
    const box = stage.getBoundingClientRect();
    if (!box.width) return;
    zoom.pane = { width: box.width, height: box.height };
    zoom.settle();
    const transform = zoom.transform(box);
    for (const pane of Object.values(this.panes)) {
      pane.firstElementChild.style.transform = transform;
      pane.classList.toggle("coarse", zoom.scale >= COARSE * zoom.actual);
    }
    const both = !this.panes.classical.hidden && !this.panes.network.hidden;
    this.panes.network.style.clipPath = both ? `inset(0 0 0 ${100 * split}%)` : "none";
    this.handle.hidden = !both;
    this.handle.style.left = `${100 * split}%`;
    this.handle.setAttribute("aria-valuenow", String(Math.round(100 * split)));
    stage.classList.toggle("zoomed", !zoom.fits);
    byId("percent").textContent = `${zoom.percent} %`;
  }

  setSplit(share) {
    this.split = Math.min(Math.max(share, 0), 1);
    this.draw();
  }

  #act(change) {
    return () => {
      change(this.zoom);
      this.draw();
    };
  }

  #listenToButtons() {
    this.keys = {
      0: this.#act((zoom) => zoom.fit()),
      1: this.#act((zoom) => zoom.to(zoom.actual)),
      "+": this.#act((zoom) => zoom.by(1.5)),
      "-": this.#act((zoom) => zoom.by(1 / 1.5)),
    };
    this.keys["="] = this.keys["+"];
    for (const [id, key] of [["fit", "0"], ["actual", "1"], ["in", "+"], ["out", "-"]]) byId(id).addEventListener("click", this.keys[key]);
  }

  #listenToKeys() {
    document.addEventListener("keydown", (event) => {
      const typing = /** @type {Element} */ (event.target).closest?.("select, input, textarea");
      if (typing || event.ctrlKey || event.metaKey || event.altKey || byId("viewer").hidden) return;
      const act = this.keys[event.key];
      if (!act) return;
      event.preventDefault();
      act();
    });
    this.stage.addEventListener("keydown", (event) => {
      const way = ARROWS[event.key];
      if (!way || event.target !== this.stage) return;
      event.preventDefault();
      this.zoom.move(60 * way[0], 60 * way[1]);
      this.draw();
    });
    this.handle.addEventListener("keydown", (event) => {
      if (!(event.key in SLIDES)) return;
      event.preventDefault();
      event.stopPropagation();
      this.setSplit(this.split + SLIDES[event.key]);
    });
  }

  #inStage(event) {
    const box = this.stage.getBoundingClientRect();
    return { x: event.clientX - box.left, y: event.clientY - box.top, share: (event.clientX - box.left) / box.width };
  }

  #listenToPointers() {
    const { stage, zoom } = this;
    stage.addEventListener("wheel", (event) => {
      event.preventDefault();
      // Lines or pages of old mice count as some pixels.
      const pixels = event.deltaY * [1, 30, 300][event.deltaMode];
      zoom.by(2 ** (-Math.max(-200, Math.min(200, pixels)) / 200), this.#inStage(event));
      this.draw();
    }, { passive: false });
    stage.addEventListener("dblclick", (event) => {
      if (zoom.fits) zoom.to(zoom.actual, this.#inStage(event));
      else zoom.fit();
      this.draw();
    });
    // One pointer moves the picture, or the slider; two pinch.
    const pointers = new Map();
    let sliding = false;
    stage.addEventListener("pointerdown", (event) => {
      if (event.button !== 0) return;
      pointers.set(event.pointerId, event);
      stage.setPointerCapture(event.pointerId);
      sliding = this.handle.contains(event.target) || zoom.fits;
      if (sliding && pointers.size === 1) this.setSplit(this.#inStage(event).share);
      stage.classList.add("moving");
    });
    stage.addEventListener("pointermove", (event) => {
      const before = pointers.get(event.pointerId);
      if (!before) return;
      if (pointers.size === 2) this.#pinch(pointers, before, event);
      else if (sliding) this.setSplit(this.#inStage(event).share);
      else zoom.move(event.clientX - before.clientX, event.clientY - before.clientY);
      pointers.set(event.pointerId, event);
      this.draw();
    });
    const release = (event) => {
      pointers.delete(event.pointerId);
      if (!pointers.size) stage.classList.remove("moving");
    };
    stage.addEventListener("pointerup", release);
    stage.addEventListener("pointercancel", release);
  }

  #pinch(pointers, before, now) {
    const other = [...pointers.values()].find((one) => one.pointerId !== now.pointerId);
    const distance = (one) => Math.hypot(one.clientX - other.clientX, one.clientY - other.clientY);
    const middle = { clientX: (now.clientX + other.clientX) / 2, clientY: (now.clientY + other.clientY) / 2 };
    this.zoom.by(distance(now) / Math.max(distance(before), 1), this.#inStage(middle));
    this.zoom.move((now.clientX - before.clientX) / 2, (now.clientY - before.clientY) / 2);
  }
}
