// A model file with weights between those of two files that differ in their weights alone.

/**
 * `(1 - s) start + s end`, float32 by float32, as tfisp/models/strength.py has it. The export has
 * tried it: what comes out at 0.5 agrees with Keras.
 * @param {Uint8Array} start
 * @param {Uint8Array} end
 * @param {number} strength 0 to 1.
 * @param {number} bytes Of the model in both; what follows says things about the file.
 * @returns {Uint8Array} So many bytes.
 */
export function blended(start, end, strength, bytes) {
  const out = end.slice(0, bytes);
  const words = out.byteLength >> 2;
  const before = new Float32Array(start.buffer, start.byteOffset, words);
  const after = new Float32Array(end.buffer, end.byteOffset, words);
  const bits = [before, after].map((values) => new Uint32Array(values.buffer, values.byteOffset, words));
  const between = new Float32Array(out.buffer, 0, words);
  const share = Math.fround(strength), rest = Math.fround(1 - share);
  for (let k = 0; k < words; k++) {
    if (bits[0][k] === bits[1][k]) continue;
    between[k] = Math.fround(rest * before[k]) + Math.fround(share * after[k]);
  }
  return out;
}
