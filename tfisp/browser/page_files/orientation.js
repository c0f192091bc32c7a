// Turning a finished picture upright, as EXIF's orientation says (TIFF 6.0, tag 274).

/**
 * Where the pixels of a stored picture belong in the upright one.
 * @param {number} orientation 1 to 8.
 * @param {number} height Of the stored picture.
 * @param {number} width
 * @returns {{height: number, width: number, origin: number, down: number, across: number}} Sides of
 *   the upright picture; pixel (y, x) goes to `origin + y * down + x * across` of it.
 */
export function upright(orientation, height, width) {
  const transposes = orientation >= 5;
  const reversesRows = [3, 4, 7, 8].includes(orientation);
  const reversesColumns = [2, 3, 6, 7].includes(orientation);
  const [tall, wide] = transposes ? [width, height] : [height, width];
  const row = reversesRows ? -wide : wide, column = reversesColumns ? -1 : 1;
  return {
    height: tall,
    width: wide,
    origin: (reversesRows ? (tall - 1) * wide : 0) + (reversesColumns ? wide - 1 : 0),
    down: transposes ? column : row,
    across: transposes ? row : column,
  };
}
