// The models that lie beside the page: what each expects, and its files for tiles of several sizes.

import { Fault } from "./fault.js";
import { FORMS } from "./packing.js";
import { CompiledTile } from "./runtime.js";
import { blended } from "./strength.js";

/**
 * @typedef {object} TileFile
 * @property {string} file Its name in the model's folder.
 * @property {number[]} shape `[1, h, w, C]` of its input.
 * @property {string} [start] The same file with the weights that the last stage began with,
 * @property {number} [bytes] and the size of the model in both.
 */

/**
 * @typedef {object} Model What its `tfisp.json` says, and the bytes of the files it names.
 * @property {string} name As the desktop is told it by `--model`.
 * @property {string} folder
 * @property {string} facts In a few words.
 * @property {import("./contract.js").Contract} contract
 * @property {number} halo Radius of the receptive field in input samples.
 * @property {number} multiple
 * @property {[number[], number][]} known_levels Black levels R, G, G, B and white that it takes as they are.
 * @property {TileFile[]} tiles From small to large.
 * @property {TileFile & {pixels: number[]}} frame To be measured with: a whole picture at once.
 * @property {[number, number][]} pictures Heights and widths of pictures to be measured.
 * @property {boolean} start Whether weights between its last stage's start and end can be chosen.
 * @property {Map<string, Uint8Array>} content By file name.
 */

// Sides in pixels of the tiles to take on each backend where the picture is large enough: on the CPU
// the page stays quick to answer between them, on a GPU fewer calls cost less.
const LARGEST = { wasm: 512, webgpu: 1024, webgpu16: 1024, webnn: 1024 };

/**
 * What the page was written with.
 * @returns {Promise<{models: {name: string, folder: string}[], look: string | null}>} The models to
 *   choose from, and the name of the look that pictures pass through at first.
 */
export async function listModels() {
  return (await fetchFile("models.json")).json();
}

/** Models that were fetched, by folder. */
const loaded = new Map();

/**
 * Fetches a model with all its files, once, so that no network is needed later.
 * @param {{name: string, folder: string}} entry
 * @returns {Promise<Model>}
 * @throws {Fault} A file of the page is missing.
 */
export async function loadModel({ name, folder }) {
  if (loaded.has(folder)) return loaded.get(folder);
  const described = await (await fetchFile(`${folder}/tfisp.json`)).json();
  const files = [...described.tiles, described.frame].flatMap(({ file, start }) => (start ? [file, start] : [file]));
  const content = new Map();
  for (const file of files) {
    content.set(file, new Uint8Array(await (await fetchFile(`${folder}/${file}`)).arrayBuffer()));
  }
  const start = described.tiles.every((tile) => tile.start);
  const facts = [described.name, `${described.parameters.toLocaleString("en")} parameters`].join(", ");
  const model = { ...described, name, folder, facts, start, content };
  loaded.set(folder, model);
  return model;
}

/** @param {string} name @returns {Promise<File>} The look that was shipped, by its name. */
export async function shippedLook(name) {
  return new File([await (await fetchFile("look.cube")).blob()], name);
}

/**
 * Fetches a file beside the models.
 * @param {string} name Below `models/`.
 * @returns {Promise<Response>}
 * @throws {Fault} It is missing.
 */
export async function fetchFile(name) {
  const url = new URL(`./models/${name}`, import.meta.url);
  const answer = await fetch(url).catch(() => null);
  if (!answer?.ok) throw new Fault(`${url.pathname} cannot be fetched: the folder of the page is not complete`);
  return answer;
}

/**
 * The tile file to render a picture with.
 * @param {Model} model
 * @param {number} height Of the padded mosaic.
 * @param {number} width
 * @param {string} backend
 * @returns {TileFile} The largest that fits in.
 * @throws {Fault} The picture is smaller than any.
 */
export function tileFor(model, height, width, backend) {
  const { step } = FORMS[model.contract.form];
  const side = (tile) => step * Math.max(tile.shape[1], tile.shape[2]);
  const fitting = model.tiles.filter((tile) => side(tile) <= Math.min(height, width));
  if (!fitting.length) {
    throw new Fault(`the picture has ${height}x${width} pixels, the model's smallest tile ${side(model.tiles[0])}`);
  }
  return fitting.filter((tile) => side(tile) <= LARGEST[backend]).pop() ?? fitting[0];
}

/**
 * @param {Model} model
 * @param {TileFile} tile
 * @param {string} backend
 * @param {number} [strength] Share of the weights' way from the start of the last stage to its end.
 * @returns {Promise<CompiledTile>} Ready to run.
 */
export function compileTile(model, { file, start, bytes, shape }, backend, strength = 1) {
  const end = /** @type {Uint8Array} */ (model.content.get(file));
  const begun = start && model.content.get(start);
  return CompiledTile.compile(strength === 1 || !begun ? end : blended(begun, end, strength, bytes), shape, backend);
}
