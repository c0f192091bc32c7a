// JPEG files of pictures, as the browser writes them.

import { Fault } from "./fault.js";

/** As `process --quality` has it by default. */
const QUALITY = 0.95;

/**
 * @param {ImageData} picture
 * @returns {Promise<Blob>}
 * @throws {Fault} The browser cannot: pictures may be too large for its canvas.
 */
export async function encodeJpeg(picture) {
  try {
    const canvas = new OffscreenCanvas(picture.width, picture.height);
    /** @type {any} */ (canvas.getContext("2d")).putImageData(picture, 0, 0);
    return await canvas.convertToBlob({ type: "image/jpeg", quality: QUALITY });
  } catch (error) {
    throw new Fault(`this browser cannot write a JPEG of ${picture.width}x${picture.height} pixels (${error.message}); save a PNG`);
  }
}
