// The model that lies beside the page: what it expects, and its files for tiles of several sizes.

import { Fault } from "./fault.js";
import { FORMS } from "./packing.js";
import { CompiledTile } from "./runtime.js";

/**
 * @typedef {object} TileFile
 * @property {string} file Its name in `model/`.
 * @property {number[]} shape `[1, h, w, C]` of its input.
 */

/**
 * @typedef {object} Model What `tfisp.json` says, and the bytes of the files it names.
 * @property {string} name
 * @property {import("./contract.js").Contract} contract
 * @property {number} halo Radius of the receptive field in input samples.
 * @property {number} multiple
 * @property {[number[], number][]} known_levels Black levels R, G, G, B and white that it takes as they are.
 * @property {TileFile[]} tiles From small to large.
 * @property {Map<string, Uint8Array>} content By file name.
 */

// Sides in pixels of the tiles to take on each backend where the picture is large enough: on the CPU
// the page stays quick to answer between them, on a GPU fewer calls cost less.
const LARGEST = { wasm: 512, webgpu: 1024, webgpu16: 1024 };

/**
 * Fetches the model with all its files, so that no network is needed later.
 * @returns {Promise<Model>}
 * @throws {Fault} A file of the page is missing.
 */
export async function loadModel() {
  const described = await (await fetchFile("tfisp.json")).json();
  const content = new Map();
  for (const { file } of described.tiles) {
    content.set(file, new Uint8Array(await (await fetchFile(file)).arrayBuffer()));
  }
  return { ...described, content };
}

async function fetchFile(name) {
  const url = new URL(`./model/${name}`, import.meta.url);
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
 * @returns {Promise<CompiledTile>} Ready to run.
 */
export function compileTile(model, tile, backend) {
  return CompiledTile.compile(model.content.get(tile.file), tile.shape, backend);
}
