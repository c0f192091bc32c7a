// Colour lookup tables in the `.cube` format, read and applied as the desktop does
// (tfisp/looks/cube.py). Source: Adobe, "Cube LUT Specification", version 1.0, 2013.

import { Fault } from "./fault.js";

/** The specification's limits. */
const LARGEST = { LUT_1D_SIZE: 65536, LUT_3D_SIZE: 256 };
const KNOWN = [...Object.keys(LARGEST), "TITLE", "DOMAIN_MIN", "DOMAIN_MAX"];
const RANGES = ["LUT_1D_INPUT_RANGE", "LUT_3D_INPUT_RANGE"];

const NUMBER = /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i;

/**
 * @typedef {object} Cube A lookup table.
 * @property {number} size Entries along each axis.
 * @property {boolean} is3D Whether it is a table; else a curve for each channel.
 * @property {Float32Array} entries R, G, B of each; of a table red changes fastest.
 * @property {number[]} low Colour that the first entry stands for.
 * @property {number[]} high Colour that the last entry stands for.
 */

/**
 * Reads a `.cube` file.
 * @param {string} text Its content.
 * @returns {Cube}
 * @throws {Fault} It is no such file; names the line.
 */
export function parseCube(text) {
  const facts = new Map();
  let entries = null, filled = 0;
  let number = 0;
  for (const line of linesOf(text)) {
    number += 1;
    const words = line.trim().split(/\s+/);
    if (!words[0] || words[0].startsWith("#")) continue;
    const where = `line ${number}`;
    if (/^\p{L}/u.test(words[0]) && !["nan", "inf", "infinity"].includes(words[0].toLowerCase())) {
      const [name, ...values] = words;
      if (![...KNOWN, ...RANGES].includes(name)) throw new Fault(`${where}: unknown keyword ${name.slice(0, 40)}; known are ${KNOWN.join(", ")}`);
      if (facts.has(name)) throw new Fault(`${where}: a second ${name}`);
      if (filled) throw new Fault(`${where}: ${name} after the first entry of the table`);
      facts.set(name, { values, where });
      continue;
    }
    const found = numbers(words, 3, where);
    entries ??= roomFor(shapeOf(facts), text);
    if (filled === entries.length) throw new Fault(`${where}: more than the ${filled / 3} entries that its size asks for`);
    entries.set(found, filled);
    filled += 3;
  }
  const { size, is3D, expected } = shapeOf(facts);
  if (filled !== 3 * expected) throw new Fault(`${is3D ? "LUT_3D_SIZE" : "LUT_1D_SIZE"} ${size} needs ${expected} entries, there are ${filled / 3}`);
  return { size, is3D, entries, ...domainOf(facts, is3D) };
}

/** Memory for all entries, of which a file that cannot hold them gets none: "0 0 0" is the shortest. */
function roomFor({ size, expected }, text) {
  if (6 * expected - 1 > text.length) throw new Fault(`a size of ${size} needs ${expected} entries, more than the file has room for`);
  return new Float32Array(3 * expected);
}

/** Lines one by one: a table of 256 along each axis has 17 million. */
function* linesOf(text) {
  for (let at = text.charCodeAt(0) === 0xfeff ? 1 : 0; at < text.length; ) {
    const end = text.indexOf("\n", at);
    yield text.slice(at, end < 0 ? text.length : end);
    at = end < 0 ? text.length : end + 1;
  }
}

function numbers(words, count, where) {
  const found = words.map((word) => (NUMBER.test(word) ? Number(word) : NaN));
  if (found.length !== count || !found.every(Number.isFinite)) {
    throw new Fault(`${where}: expected ${count} finite numbers, found ${words.join(" ").slice(0, 60)}`);
  }
  return found;
}

/** What the stated size asks for. */
function shapeOf(facts) {
  const found = Object.keys(LARGEST).filter((name) => facts.has(name));
  if (found.length !== 1) throw new Fault(`expected one LUT_3D_SIZE or LUT_1D_SIZE before its entries, found ${found.length}`);
  const [kind] = found, { values, where } = facts.get(kind);
  const [size] = numbers(values, 1, where);
  if (!Number.isInteger(size) || size < 2 || size > LARGEST[kind]) throw new Fault(`${where}: ${kind} ${size}; expected 2 to ${LARGEST[kind]}`);
  const is3D = kind === "LUT_3D_SIZE";
  return { size, is3D, expected: is3D ? size ** 3 : size };
}

/** Lowest and highest colour of the domain; DaVinci Resolve states it as one range. */
function domainOf(facts, is3D) {
  const stated = (name, fallback) => (facts.has(name) ? numbers(facts.get(name).values, 3, facts.get(name).where) : fallback);
  let low = stated("DOMAIN_MIN", [0, 0, 0]), high = stated("DOMAIN_MAX", [1, 1, 1]);
  for (const name of RANGES) {
    if (!facts.has(name)) continue;
    const { values, where } = facts.get(name);
    if (name.startsWith("LUT_3D") !== is3D || facts.has("DOMAIN_MIN") || facts.has("DOMAIN_MAX")) {
      throw new Fault(`${where}: ${name} beside another size or a DOMAIN that it contradicts`);
    }
    const [least, most] = numbers(values, 2, where);
    [low, high] = [[least, least, least], [most, most, most]];
  }
  if (!low.every((value, k) => value < high[k])) throw new Fault(`the domain's lowest colour ${low.join(", ")} is not below ${high.join(", ")}`);
  return { low, high };
}

/**
 * A function that looks up colours, between entries by tetrahedral interpolation: a cell is cut into
 * six tetrahedra along its grey diagonal.
 * @param {Cube} cube
 * @returns {(colour: Float32Array) => void} Replaces R, G, B in place; what lies outside the domain
 *   is moved to its border first.
 */
export function lookUp({ size, is3D, entries, low, high }) {
  const scale = [0, 1, 2].map((k) => (size - 1) / (high[k] - low[k]));
  const cell = new Int32Array(3), part = new Float64Array(3);
  const steps = [3, 3 * size, 3 * size * size];
  const place = (colour) => {
    for (let k = 0; k < 3; k++) {
      const at = Math.min(Math.max((colour[k] - low[k]) * scale[k], 0), size - 1);
      cell[k] = Math.min(at, size - 2);
      part[k] = at - cell[k];
    }
  };
  if (!is3D) {
    return (colour) => {
      place(colour);
      for (let k = 0; k < 3; k++) {
        const first = entries[3 * cell[k] + k];
        colour[k] = first + part[k] * (entries[3 * cell[k] + 3 + k] - first);
      }
    };
  }
  const whole = steps[0] + steps[1] + steps[2];
  return (colour) => {
    place(colour);
    const first = cell[0] * steps[0] + cell[1] * steps[1] + cell[2] * steps[2];
    const [r, g, b] = part;
    // From the cell's first corner to its last along the edges, in order of the largest share.
    const most = r >= g ? (r >= b ? 0 : 2) : g >= b ? 1 : 2;
    const least = b <= g ? (b <= r ? 2 : 0) : g <= r ? 1 : 0;
    const high = part[most], low = part[least], middle = r + g + b - high - low;
    const second = first + steps[most], third = first + whole - steps[least], last = first + whole;
    for (let k = 0; k < 3; k++) {
      colour[k] = (1 - high) * entries[first + k] + (high - middle) * entries[second + k]
        + (middle - low) * entries[third + k] + low * entries[last + k];
    }
  };
}
