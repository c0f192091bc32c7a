// Running something for a while: does it stay as fast as it began?

// Milliseconds after which the page answers what it was asked meanwhile.
const LONGEST = 200;

/** @param {number[]} values At least one. */
export function median(values) {
  const sorted = [...values].sort((a, b) => a - b), middle = sorted.length >> 1;
  return sorted.length % 2 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}

/**
 * @typedef {object} Sustained Times are in milliseconds.
 * @property {number} seconds That it ran.
 * @property {number} runs
 * @property {number} median_ms Of all runs,
 * @property {number} first_tenth_ms of the first tenth of them
 * @property {number} last_tenth_ms and of the last.
 * @property {number} drift_percent By how much the last tenth took longer than the first.
 */

/**
 * Runs something again and again.
 * @param {() => Promise<unknown>} run
 * @param {number} seconds
 * @param {AbortSignal} signal Stops it.
 * @returns {Promise<Sustained>}
 */
export async function sustained(run, seconds, signal) {
  const times = [];
  const begin = performance.now();
  let now = begin, answered = begin;
  while (now - begin < 1000 * seconds || times.length < 2) {
    signal.throwIfAborted();
    await run();
    const end = performance.now();
    times.push(end - now);
    now = end;
    // The page must be able to answer; the pause is no part of a run.
    if (now - answered > LONGEST) {
      await new Promise((resolve) => setTimeout(resolve));
      answered = now = performance.now();
    }
  }
  return { seconds: Number(((now - begin) / 1000).toFixed(1)), ...drift(times) };
}

/**
 * What the times of runs, one after the other, amount to.
 * @param {number[]} times At least two.
 */
export function drift(times) {
  const tenth = Math.max(1, Math.floor(times.length / 10));
  const first = median(times.slice(0, tenth)), last = median(times.slice(-tenth));
  const rounded = (value, digits) => Number(value.toFixed(digits));
  return {
    runs: times.length,
    median_ms: rounded(median(times), 2),
    first_tenth_ms: rounded(first, 2),
    last_tenth_ms: rounded(last, 2),
    drift_percent: rounded(100 * (last / Math.max(first, 1e-3) - 1), 1),
  };
}
