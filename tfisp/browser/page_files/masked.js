// Black measured on samples that no light reaches, beside the black level that a file states.
//
// The desktop's rule (tfisp/rawfiles/masked.py): what is measured takes the place of what is stated
// where it differs significantly and is plausible.

const MASKED_AREAS = 50830;

// Standard errors, and of the range from black to white one step of 8 bits at sRGB's dark end.
const ERRORS = 5, LEAST = 1 / (12.92 * 255);
const MOST = 0.02, MOST_UNSTATED = 0.25;
const BELOW_SIGMAS = 4, MOST_BELOW = 1e-3;

// Of a border: rows or columns at its edges that are left out, and how many must be left.
const MARGIN = 4, LEAST_BORDER = 8;

// Rows of a site, and samples of each, without which nothing is measured.
const LEAST_ROWS = 4, LEAST_COLUMNS = 4;

/**
 * @typedef {object} Stored The whole stored frame, linearised.
 * @property {Uint16Array} samples
 * @property {number} height
 * @property {number} width
 */

/**
 * Compares the black level of a DNG with its masked samples.
 * @param {Stored} stored
 * @param {import("./tiff.js").Directory} raw
 * @param {number[]} active (top, left, bottom, right) of the exposed samples.
 * @param {number[]} black Stated, at the sites of the active area's tile.
 * @param {number} white
 * @param {boolean} isStated Whether `black` comes from the file; otherwise it is an assumption.
 * @returns {{measured: number[] | null, note: string | null}} What takes the place of `black`; null
 *   if it stays.
 */
export function checkBlack(stored, raw, active, black, white, isStated) {
  const nothing = { measured: null, note: null };
  const known = raw.has(MASKED_AREAS);
  const areas = known ? maskedAreas(stored, raw, active) : borders(stored, active);
  if (!areas) return { measured: null, note: "MaskedAreas do not lie in the frame beside the active area: not used" };
  const sites = [0, 1, 2, 3].map((site) => measure(stored, areas, active, site));
  if (sites.includes(null)) return nothing;
  const measured = sites.map((site) => Math.round(site.level * 100) / 100);
  const apart = measured.map((level, site) => Math.abs(level - black[site]));
  const span = white - Math.max(...black);
  if (apart.every((by, k) => by <= Math.max(ERRORS * sites[k].error, LEAST * span))) return nothing;
  const doubt = doubtOf(stored, active, sites, measured, Math.max(...apart), span, isStated);
  const said = `black level: its masked samples say ${shown(measured)}, the file ${shown(black)}`;
  if (doubt === null) return { measured, note: `${said}: the measured is taken` };
  return { measured: null, note: known ? `${said}, which is kept: ${doubt}` : null };
}

function maskedAreas({ height, width }, raw, active) {
  const numbers = raw.numbers(MASKED_AREAS);
  if (!numbers.length || numbers.length % 4 || !numbers.every(Number.isFinite)) return null;
  const areas = Array.from({ length: numbers.length / 4 }, (_, k) => numbers.slice(4 * k, 4 * k + 4).map(Math.trunc));
  const fits = areas.every(([top, left, bottom, right]) => {
    const within = top >= 0 && top < bottom && bottom <= height && left >= 0 && left < right && right <= width;
    return within && (bottom <= active[0] || active[2] <= top || right <= active[1] || active[3] <= left);
  });
  return fits ? areas : null;
}

/**
 * The borders around the active area that are wide enough, without their edges.
 * @param {Stored} stored
 * @param {number[]} active
 */
function borders({ height, width }, [top, left, bottom, right]) {
  return [
    [MARGIN, left, top - MARGIN, right],
    [bottom + MARGIN, left, height - MARGIN, right],
    [top, MARGIN, bottom, left - MARGIN],
    [top, right + MARGIN, bottom, width - MARGIN],
  ].filter((area) => Math.min(area[2] - area[0], area[3] - area[1]) >= LEAST_BORDER);
}

/** Level, standard error and noise of black at a site, and level and error by part; or null. */
function measure(stored, areas, active, site) {
  const rows = [], parts = [], spreads = [];
  for (const area of areas) {
    const plane = planeOf(stored, area, active, site);
    if (plane.length < LEAST_ROWS || plane[0].length < LEAST_COLUMNS) continue;
    const all = concatenated(plane);
    const middle = median(all);
    const spread = Math.max(1.4826 * median(all.map((value) => Math.abs(value - middle))), 1);
    // Defects count little.
    const clipped = plane.map((row) => row.map((value) => Math.min(Math.max(value, middle - 4 * spread), middle + 4 * spread)));
    spreads.push(spread);
    rows.push(...clipped.map(mean));
    const half = Math.ceil(clipped.length / 2), across = Math.ceil(clipped[0].length / 2);
    parts.push(
      ofRows(clipped.slice(0, half).map(mean)),
      ofRows(clipped.slice(half).map(mean)),
      ofRows(clipped.map((row) => mean(row.subarray(0, across)))),
      ofRows(clipped.map((row) => mean(row.subarray(across)))),
    );
  }
  return rows.length ? { ...ofRows(rows), noise: Math.max(...spreads), parts } : null;
}

/** The rows of an area at a site of the active area's tile, each with the site's samples. */
function planeOf({ samples, width }, [top, left, bottom, right], active, site) {
  const odd = (number) => ((number % 2) + 2) % 2;
  const down = odd((site >> 1) - (top - active[0])), along = odd((site & 1) - (left - active[1]));
  const rows = [];
  for (let y = top + down; y < bottom; y += 2) {
    const row = new Float64Array(Math.max(Math.ceil((right - left - along) / 2), 0));
    for (let k = 0; k < row.length; k++) row[k] = samples[y * width + left + along + 2 * k];
    rows.push(row);
  }
  return rows;
}

/** The level of rows and its standard error: rows, each read out by itself, differ by more than noise. */
function ofRows(means) {
  const values = Float64Array.from(means), middle = mean(values);
  const deviation = Math.sqrt(mean(values.map((value) => (value - middle) ** 2)));
  return { level: median(values), error: (1.2533 * deviation) / Math.sqrt(values.length) };
}

/** Why what was measured is not black; null if it is plausible. */
function doubtOf(stored, active, sites, measured, difference, span, isStated) {
  const most = isStated ? MOST : MOST_UNSTATED;
  if (difference > most * span) {
    return `they are ${(100 * difference / span).toFixed(1)}% of the range apart, more than ${100 * most}%`;
  }
  const unlike = sites.some((site) => site.parts.some(({ level, error }) => (
    Math.abs(level - site.level) - ERRORS * Math.max(error, site.error) > difference / 2
  )));
  if (unlike) return "the masked samples are not alike in all their parts";
  const below = sites.some(({ noise }, site) => {
    const limit = measured[site] - BELOW_SIGMAS * noise;
    let count = 0, total = 0;
    for (const row of planeOf(stored, active, active, site)) {
      for (const value of row) if (value < limit) count += 1;
      total += row.length;
    }
    return count / total > MOST_BELOW;
  });
  return below ? "samples of the picture lie below what the masked ones say" : null;
}

function concatenated(rows) {
  const out = new Float64Array(rows.length * rows[0].length);
  rows.forEach((row, k) => out.set(row, k * row.length));
  return out;
}

function mean(values) {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

function median(values) {
  const sorted = Float64Array.from(values).sort(), middle = sorted.length >> 1;
  return sorted.length % 2 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}

/** One number, or the four of a tile. */
function shown(levels) {
  return levels.every((level) => level === levels[0]) ? String(levels[0]) : levels.map((level) => level.toFixed(1)).join(" ");
}
