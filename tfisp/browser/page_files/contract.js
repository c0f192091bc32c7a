// What a model's contract makes of the samples of one frame, as numbers per site of the 2x2 tile.
//
// The desktop's arithmetic (tfisp/contract.py), rounded to float32 where the desktop rounds.

import { Fault } from "./fault.js";
import { smallestOne } from "./white_balance.js";

/**
 * @typedef {object} Contract As `tfisp.json` holds it; see docs/EXPORT.md.
 * @property {"packed" | "split" | "mosaic"} form
 * @property {number[][] | null} black_level For the tile R, G / G, B.
 * @property {number | null} white_level
 * @property {"none" | "as_shot"} white_balance
 * @property {boolean} shading
 * @property {"none" | "frame"} exposure
 * @property {"none" | "highlights" | "shadows"} clip
 * @property {"none" | "sqrt"} [companding]
 * @property {"srgb" | "camera"} [output]
 */

/**
 * @typedef {object} Scaling
 * @property {Float32Array} black Four, subtracted first.
 * @property {Float32Array} gain Four, multiplied then.
 * @property {number} limit Upper limit; Infinity for none.
 * @property {number} floor Lower limit; -Infinity for none.
 * @property {boolean} companded
 * @property {import("./frame.js").Shading | null} shading
 */

/**
 * @param {import("./frame.js").Frame} frame
 * @param {Contract} contract
 * @returns {Scaling} For the sites of the frame's own tile, row by row.
 * @throws {Fault} The contract's black level is not below the white level that goes with it.
 */
export function scalingOf(frame, contract) {
  const red = frame.pattern.indexOf("R");
  const stated = contract.black_level?.flat();
  // Stated with red at (0, 0); moved to where red lies here.
  const black = stated ? [0, 1, 2, 3].map((site) => stated[site ^ red]) : frame.black;
  const white = contract.white_level ?? frame.white;
  if (!black.every((level) => white > level)) {
    throw new Fault(`the model's white level ${white} is not above the black level ${black.join(", ")}`);
  }
  const balance = contract.white_balance === "as_shot" ? smallestOne(frame.gains ?? [1, 1, 1]) : [1, 1, 1];
  const exposed = contract.exposure === "frame" ? 2 ** frame.baselineExposure : 1;
  const gain = black.map((level, site) => (1 / (white - level)) * balance["RGB".indexOf(frame.pattern[site])] * exposed);
  return {
    black: Float32Array.from(black),
    gain: Float32Array.from(gain),
    limit: contract.clip === "highlights" ? Math.fround(exposed) : Infinity,
    floor: contract.clip === "shadows" ? 0 : -Infinity,
    companded: contract.companding === "sqrt",
    shading: contract.shading ? frame.shading : null,
  };
}

/**
 * The contract by which a frame is scaled: of a model made for other levels, the frame's own are
 * mapped onto the model's (tfisp/rendering/levels.py).
 * @param {{contract: Contract, known_levels: [number[], number][]}} model
 * @param {import("./frame.js").Frame} frame
 * @returns {{contract: Contract, mapped: boolean}}
 */
export function contractFor(model, frame) {
  const { contract } = model;
  const red = frame.pattern.indexOf("R");
  const own = [0, 1, 2, 3].map((site) => frame.black[site ^ red]);
  /** @type {[number[], number]} */
  const stated = [contract.black_level?.flat() ?? own, contract.white_level ?? frame.white];
  const known = [stated, ...model.known_levels].some(
    ([black, white]) => white === frame.white && black.every((level, k) => level === own[k]),
  );
  if ((contract.black_level === null && contract.white_level === null) || known) return { contract, mapped: false };
  return { contract: { ...contract, black_level: null, white_level: null }, mapped: true };
}

/**
 * Whether a model heeds an exposure that is asked for.
 * @param {Contract} contract
 */
export function exposes(contract) {
  return contract.exposure === "frame" || contract.output === "camera";
}

/**
 * Whether a model heeds a white balance that is asked for.
 * @param {Contract} contract
 */
export function balances(contract) {
  return contract.white_balance === "as_shot";
}
