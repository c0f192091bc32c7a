// Lens shading at every sample, from a coarse map of gains: linear between entries, with the
// desktop's float32 roundings (tfisp/shading.py).

/**
 * The gains of a frame's rows.
 * @param {import("./frame.js").Shading} shading
 * @param {number} height Of the frame.
 * @param {number} width
 * @returns {(row: number) => Float32Array} Gains `[width]` of a row; the array is used again.
 */
export function shadingRows(shading, height, width) {
  const down = places(height, shading.height), across = places(width, shading.width);
  // Interpolated along the columns first: for both parities of rows `[entries, width]`.
  const along = [0, 1].map((parity) => {
    const out = new Float32Array(shading.height * width);
    for (let entry = 0; entry < shading.height; entry++) {
      for (let column = 0; column < width; column++) {
        const site = 2 * parity + (column & 1);
        const gain = (k) => shading.gains[4 * (entry * shading.width + k) + site];
        const first = Math.fround(gain(across.entry[column]) * across.weight[column]);
        out[entry * width + column] = first + Math.fround(gain(across.following[column]) * across.rest[column]);
      }
    }
    return out;
  });
  const gains = new Float32Array(width);
  return (row) => {
    const lines = along[row & 1];
    const first = down.entry[row] * width, second = down.following[row] * width;
    const weight = down.weight[row], rest = down.rest[row];
    for (let column = 0; column < width; column++) {
      gains[column] = Math.fround(lines[first + column] * weight) + Math.fround(lines[second + column] * rest);
    }
    return gains;
  };
}

/** Between which entries of a map each sample of an axis lies, and the weights of the two. */
function places(samples, entries) {
  const entry = new Int32Array(samples), following = new Int32Array(samples);
  const weight = new Float32Array(samples), rest = new Float32Array(samples);
  for (let k = 0; k < samples; k++) {
    const position = Math.min(Math.max((k + 0.5) / samples, 0), 1) * (entries - 1);
    entry[k] = Math.min(Math.trunc(position), entries - 1);
    following[k] = Math.min(entry[k] + 1, entries - 1);
    weight[k] = 1 - (position - entry[k]);
    rest[k] = following[k] > entry[k] ? 1 - (following[k] - position) : 0;
  }
  return { entry, following, weight, rest };
}
