// 3x3 matrices as nine numbers, row by row.

/** @typedef {number[]} Matrix Nine numbers, row by row. */

export const IDENTITY = [1, 0, 0, 0, 1, 0, 0, 0, 1];

/** @param {Matrix} a @param {Matrix} b @returns {Matrix} a times b. */
export function times(a, b) {
  return Array.from({ length: 9 }, (_, k) => {
    const row = 3 * Math.floor(k / 3), column = k % 3;
    return a[row] * b[column] + a[row + 1] * b[column + 3] + a[row + 2] * b[column + 6];
  });
}

/** @param {Matrix} a @param {number[]} v Three numbers. @returns {number[]} a times v. */
export function apply(a, v) {
  return [0, 3, 6].map((row) => a[row] * v[0] + a[row + 1] * v[1] + a[row + 2] * v[2]);
}

/** @param {Matrix} m @returns {Matrix | null} The inverse; null if there is none. */
export function inverse(m) {
  const minors = [
    m[4] * m[8] - m[5] * m[7], m[2] * m[7] - m[1] * m[8], m[1] * m[5] - m[2] * m[4],
    m[5] * m[6] - m[3] * m[8], m[0] * m[8] - m[2] * m[6], m[2] * m[3] - m[0] * m[5],
    m[3] * m[7] - m[4] * m[6], m[1] * m[6] - m[0] * m[7], m[0] * m[4] - m[1] * m[3],
  ];
  const determinant = m[0] * minors[0] + m[1] * minors[3] + m[2] * minors[6];
  const found = minors.map((minor) => minor / determinant);
  return found.every(Number.isFinite) ? found : null;
}

/** @param {number[]} d Three numbers. @returns {Matrix} The matrix with them on its diagonal. */
export function diagonal(d) {
  return [d[0], 0, 0, 0, d[1], 0, 0, 0, d[2]];
}
