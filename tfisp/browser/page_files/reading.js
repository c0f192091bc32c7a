// From the files that a user chose to a frame.

import { parseCube } from "./cube.js";
import { readDng } from "./dng.js";
import { Fault } from "./fault.js";
import { checked } from "./frame.js";
import { readPlain } from "./plain_files.js";
import { warningsOf } from "./warnings.js";

/**
 * Reads one RAW file: a `.dng`, or a `.npy`, `.png` or `.raw` together with the `.json` beside it.
 * @param {File[]} files All that was chosen at once.
 * @returns {Promise<{name: string, frame: import("./frame.js").Frame}>}
 * @throws {Fault} There is not one RAW file among them, or it cannot be read; names the file.
 */
export async function readFiles(files) {
  const ending = (file) => file.name.toLowerCase().split(".").pop();
  const raws = files.filter((file) => ending(file) !== "json");
  if (raws.length !== 1) throw new Fault(`${raws.length} RAW files were chosen, expected one: a .dng, or a .npy, .png or .raw with its .json`);
  const [raw] = raws;
  try {
    const buffer = await raw.arrayBuffer();
    const kind = ending(raw);
    if (kind === "npy" || kind === "png" || kind === "raw") {
      const beside = files.find((file) => ending(file) === "json");
      const frame = await readPlain(buffer, beside ? await beside.text() : null, kind);
      return { name: raw.name, frame: examined(frame) };
    }
    return { name: raw.name, frame: examined(readDng(buffer)) };
  } catch (error) {
    if (error instanceof Fault) throw new Fault(`${raw.name}: ${error.message}`);
    throw error;
  }
}

/** A frame that passed the checks, with warnings. */
function examined(frame) {
  // Before samples above the white level are clipped, but of no frame that is refused for its levels.
  const warnings = frame.mosaic.length ? warningsOf(frame) : [];
  return { ...checked(frame), warnings };
}

/**
 * Reads a look.
 * @param {Blob & {name: string}} file
 * @returns {Promise<import("./cube.js").Cube>}
 * @throws {Fault} It is no `.cube` file; names it.
 */
export async function readLook(file) {
  try {
    return parseCube(new TextDecoder("utf-8", { fatal: true }).decode(await file.arrayBuffer()));
  } catch (error) {
    if (error instanceof Fault) throw new Fault(`${file.name}: ${error.message}`);
    if (error instanceof TypeError) throw new Fault(`${file.name}: not a .cube file: not text`);
    throw error;
  }
}
