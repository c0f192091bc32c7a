// From the files that a user chose to a frame.

import { readDng } from "./dng.js";
import { Fault } from "./fault.js";
import { checked } from "./frame.js";
import { readPlain } from "./plain_files.js";

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
      return { name: raw.name, frame: checked(frame) };
    }
    return { name: raw.name, frame: checked(readDng(buffer)) };
  } catch (error) {
    if (error instanceof Fault) throw new Fault(`${raw.name}: ${error.message}`);
    throw error;
  }
}
