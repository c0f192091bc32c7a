// The controls beside the picture: white balance, exposure, look, strength of the training.

import { gainsText, moveBetween, movedGains, parseGains } from "./adjustments.js";
import { balances, exposes } from "./contract.js";
import { smallestOne } from "./white_balance.js";

/** @param {string} id @returns {any} */
const byId = (id) => document.getElementById(id);

const NOT_HEEDED = "This model was not trained to heed it";

/** Decimals and units of what stands beside each slider. */
const SHOWN = {
  exposure: (value) => `${signed(value, 1)} EV`,
  warmth: (value) => `${signed(value, 2)} EV`,
  tint: (value) => `${signed(value, 2)} EV`,
  "look-strength": (value) => `${Math.round(100 * value)} %`,
  strength: (value) => `${Math.round(100 * value)} %`,
};

function signed(value, digits) {
  return `${value > 0 ? "+" : ""}${value.toFixed(digits)}`;
}

/**
 * @typedef {object} Change What must be made anew.
 * @property {boolean} network Whether the network must run again; else its picture is finished anew.
 * @property {boolean} classical Whether the classical rendering changes too.
 */

export class Controls {
  /**
   * @param {(change: Change) => void} changed Called when something is asked for.
   * @param {(act: () => unknown) => void} guarded Runs what may raise a `Fault`.
   */
  constructor(changed, guarded) {
    this.changed = changed;
    this.guarded = guarded;
    this.cube = null;
    this.gains = null; // what is asked for; null for the file's own
    this.stated = [1, 1, 1]; // the file's own
    this.#listen();
  }

  /** @returns {import("./adjustments.js").Adjustments} */
  get asked() {
    const look = this.cube && { cube: this.cube, strength: this.#value("look-strength") };
    return { gains: this.gains, exposure: this.#value("exposure"), look };
  }

  /** Share of the weights' way from the start of the model's last stage to its end. */
  get strength() {
    return this.model?.start ? this.#value("strength") : 1;
  }

  /** Says what a model heeds. @param {import("./model.js").Model} model */
  setModel(model) {
    this.model = model;
    const enable = (group, heeded) => {
      for (const control of byId(group).querySelectorAll("input, button")) control.disabled = !heeded;
      byId(group).title = heeded ? "" : NOT_HEEDED;
    };
    enable("exposure-group", exposes(model.contract));
    enable("balance-group", balances(model.contract));
    if (!exposes(model.contract)) this.#set("exposure", 0);
    if (!balances(model.contract)) this.#balance(null);
    byId("strength-group").hidden = !model.start;
    this.#set("strength", 1);
  }

  /** Begins anew with a file; a look stays. @param {import("./frame.js").Frame} frame */
  setFrame(frame) {
    this.stated = smallestOne(frame.gains ?? [1, 1, 1]);
    this.#set("exposure", 0);
    this.#balance(null);
  }

  /** @param {import("./cube.js").Cube | null} cube @param {string} name Of its file. */
  setLook(cube, name) {
    this.cube = cube;
    this.lookName = name;
    byId("look-name").textContent = cube ? name : "none";
    byId("look-remove").hidden = byId("look-strength-group").hidden = !cube;
    this.#set("look-strength", 1);
  }

  #value(id) {
    return Number(byId(id).value);
  }

  #set(id, value) {
    byId(id).value = String(value);
    byId(`${id}-text`).textContent = SHOWN[id](value);
  }

  /** Takes other gains, or the file's own for null, and shows them. */
  #balance(gains) {
    // Rounded as shown, so that the command beside the picture says what was done.
    this.gains = gains && parseGains(gainsText(gains));
    const shown = this.gains ?? this.stated;
    byId("balance").value = gainsText(shown);
    byId("balance").removeAttribute("aria-invalid");
    const { warmth, tint } = moveBetween(this.stated, shown);
    this.#set("warmth", warmth);
    this.#set("tint", tint);
  }

  #listen() {
    const atInput = () => this.model?.contract.exposure === "frame";
    const on = (id, act) => {
      byId(id).addEventListener("input", () => {
        byId(`${id}-text`).textContent = SHOWN[id](this.#value(id));
        act();
      });
    };
    const exposed = () => this.changed({ network: atInput(), classical: true });
    on("exposure", exposed);
    const balanced = { network: true, classical: true };
    for (const id of ["warmth", "tint"]) {
      on(id, () => {
        const warmth = this.#value("warmth"), tint = this.#value("tint");
        this.gains = warmth || tint ? parseGains(gainsText(movedGains(this.stated, warmth, tint))) : null;
        byId("balance").value = gainsText(this.gains ?? this.stated);
        this.changed(balanced);
      });
    }
    on("look-strength", () => this.changed({ network: false, classical: true }));
    on("strength", () => this.changed({ network: true, classical: false }));
    // A double click on a slider is the way back.
    for (const [id, value, act] of [["exposure", 0, exposed], ["look-strength", 1, () => this.changed({ network: false, classical: true })]]) {
      byId(id).addEventListener("dblclick", () => {
        this.#set(id, value);
        act();
      });
    }
    byId("as-shot").addEventListener("click", () => {
      this.#balance(null);
      this.changed(balanced);
    });
    byId("balance").addEventListener("change", () => {
      byId("balance").setAttribute("aria-invalid", "true");
      this.guarded(() => {
        this.#balance(parseGains(byId("balance").value));
        this.changed(balanced);
      });
    });
  }
}
