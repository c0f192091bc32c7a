// Whether the rows of a mosaic continue those above them elsewhere, as they do where samples are laid
// out by a wrong width (tfisp/rawfiles/plausibility.py).

// How many pairs of rows are looked at, about; the correlation of rows with shifted ones above which,
// and how many times that of rows in place, they are taken for displaced; and the least shift.
const ROW_PAIRS = 64, CORRELATION = 0.15, RATIO = 2, LEAST_LAG = 4;

/**
 * By how many columns rows continue those two above elsewhere.
 * @param {import("./frame.js").Frame} frame
 * @returns {number} 0 if in place or unknown.
 */
export function displacedRows({ mosaic, height, width }) {
  const pairs = height - 2;
  if (pairs < 8 || width < 32) return 0;
  const step = Math.max(1, Math.floor(pairs / ROW_PAIRS));
  const size = 2 ** (32 - Math.clz32(width)); // twice the samples of a colour: no wrapping
  const turns = turnsOf(size);
  const total = new Float64Array(size);
  for (const column of [0, 1]) {
    const real = new Float64Array(size), imaginary = new Float64Array(size);
    let count = 0;
    for (let row = 0; row < pairs; row += step, count++) {
      addCrossSpectrum(real, imaginary, mosaic, row * width + column, (row + 2) * width + column, (width >> 1) - 1, turns);
    }
    // Back: the correlation at every lag, by a transform of the conjugate.
    for (let k = 0; k < size; k++) imaginary[k] = -imaginary[k];
    transform(real, imaginary, turns);
    for (let k = 0; k < size; k++) total[k] += real[k] / (2 * size * count);
  }
  let best = 0;
  for (let k = 1; k < size; k++) if (total[k] > total[best]) best = k;
  const lag = 2 * (best < size / 2 ? best : best - size);
  return total[best] > Math.max(CORRELATION, RATIO * total[0]) && Math.abs(lag) >= LEAST_LAG ? lag : 0;
}

/** Adds conj(A) B / (|a| |b|) of the differences a and b along two rows of one colour. */
function addCrossSpectrum(real, imaginary, mosaic, above, below, length, turns) {
  const size = real.length;
  // Both at once: one is the real part, the other the imaginary.
  const a = new Float64Array(size), b = new Float64Array(size);
  let first = 0, second = 0;
  for (let k = 0; k < length; k++) {
    a[k] = mosaic[above + 2 * k + 2] - mosaic[above + 2 * k];
    b[k] = mosaic[below + 2 * k + 2] - mosaic[below + 2 * k];
    first += a[k] * a[k];
    second += b[k] * b[k];
  }
  const energy = Math.max(Math.sqrt(first * second), 1e-9);
  transform(a, b, turns);
  for (let k = 0; k < size; k++) {
    const other = (size - k) % size;
    const ar = (a[k] + a[other]) / 2, ai = (b[k] - b[other]) / 2;
    const br = (b[k] + b[other]) / 2, bi = (a[other] - a[k]) / 2;
    real[k] += (ar * br + ai * bi) / energy;
    imaginary[k] += (ar * bi - ai * br) / energy;
  }
}

/** Cosines and sines of the parts of a full turn. */
function turnsOf(size) {
  const cosines = new Float64Array(size / 2), sines = new Float64Array(size / 2);
  for (let k = 0; k < size / 2; k++) {
    cosines[k] = Math.cos((2 * Math.PI * k) / size);
    sines[k] = -Math.sin((2 * Math.PI * k) / size);
  }
  return { cosines, sines };
}

/** The discrete Fourier transform in place: J. Cooley and J. Tukey, 1965, for powers of two. */
function transform(real, imaginary, { cosines, sines }) {
  const size = real.length;
  for (let k = 1, mirrored = 0; k < size; k++) {
    let bit = size >> 1;
    for (; mirrored & bit; bit >>= 1) mirrored ^= bit;
    mirrored ^= bit;
    if (k < mirrored) {
      [real[k], real[mirrored]] = [real[mirrored], real[k]];
      [imaginary[k], imaginary[mirrored]] = [imaginary[mirrored], imaginary[k]];
    }
  }
  for (let half = 1; half < size; half *= 2) {
    const stride = size / (2 * half);
    for (let start = 0; start < size; start += 2 * half) {
      for (let k = 0; k < half; k++) {
        const low = start + k, high = low + half;
        const c = cosines[k * stride], s = sines[k * stride];
        const r = real[high] * c - imaginary[high] * s, i = real[high] * s + imaginary[high] * c;
        real[high] = real[low] - r;
        imaginary[high] = imaginary[low] - i;
        real[low] += r;
        imaginary[low] += i;
      }
    }
  }
}
