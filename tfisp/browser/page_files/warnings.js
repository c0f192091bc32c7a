// What in a frame does not fit together, as `tfisp.inspect_raw` says it
// (tfisp/rawfiles/diagnosis.py, tfisp/rawfiles/plausibility.py).

import { displacedRows } from "./displaced.js";

// Relative difference above which the means of the two green planes are worth a warning.
const GREEN_DIFFERENCE = 0.15;

// Relative differences of means within a 4x4 tile, and about how many samples they are taken of.
const QUAD_DIFFERENCE = 0.1, QUAD_RATIO = 4, QUAD_SAMPLES = 2 ** 20;

/** Words of make and model, in lower case, by which phones are known. */
const PHONES = new Set(
  ("apple asus blackberry fairphone google hmd honor htc huawei infinix lenovo lge meizu motorola "
    + "nokia nothing nubia oneplus oppo realme tecno ulefone vivo xiaomi zte "
    + "galaxy iphone pixel poco redmi xperia").split(" "),
);

/**
 * Warnings, one sentence each.
 * @param {import("./frame.js").Frame} frame As it was read: not yet clipped to the white level.
 * @returns {string[]}
 */
export function warningsOf(frame) {
  const { mosaic, black, white } = frame;
  const { low, high, above, bits, planes } = survey(frame);
  const found = [];
  if (above) {
    found.push(`${above} samples (${percent(above / mosaic.length, 2)}) exceed the white level ${short(white)}, up to ${high}; they are clipped to it`);
  }
  if (bitLength(high) + 1 < bitLength(white)) {
    found.push(`maximum ${high} is far below the white level ${short(white)}: ${bitLength(high)}-bit data, or a dark frame?`);
  }
  const shift = bits ? bitLength(bits & -bits) - 1 : 0;
  if (shift) found.push(`all samples are multiples of ${2 ** shift}: data of fewer bits, shifted left by ${shift}?`);
  if (!black.some(Boolean) && low > 0.02 * white) found.push(`minimum ${low}, but black level 0: is there a pedestal?`);
  const below = Math.max(...planes.map((plane) => plane.below / plane.count));
  if (below > 0.6) found.push(`${percent(below, 0)} of a plane's samples lie below its black level`);
  const lag = displacedRows(frame);
  if (lag) {
    found.push(`rows are displaced against those above them, by ${Math.abs(lag)} samples: is ${frame.width} the width at which they were stored?`);
  }
  if (looksQuad(frame)) {
    found.push(`samples repeat over 4x4 sites, in blocks of 2x2 alike: quad-Bayer data, which ${frame.pattern} does not describe?`);
  }
  found.push(...greenWarning(frame.pattern, planes.map((plane, site) => plane.sum / plane.count - black[site])));
  if (!frame.shading && isPhone(frame.camera)) {
    found.push("a phone's file without a lens shading map: its corners will be dark and tinted unless --gain_map corrects them");
  }
  if (!frame.gains) found.push("no usable white balance is stated: colours will have a cast");
  return found;
}

/** Extremes, the samples above white, all bits that are set, and sums of the four planes. */
function survey({ mosaic, height, width, black, white }) {
  const planes = black.map(() => ({ sum: 0, count: 0, below: 0 }));
  let low = 65535, high = 0, above = 0, bits = 0;
  for (let y = 0, k = 0; y < height; y++) {
    for (let x = 0; x < width; x++, k++) {
      const value = mosaic[k], site = 2 * (y & 1) + (x & 1), plane = planes[site];
      if (value < low) low = value;
      if (value > high) high = value;
      if (value > white) above += 1;
      bits |= value;
      plane.sum += value;
      plane.count += 1;
      if (value < black[site]) plane.below += 1;
    }
  }
  return { low, high, above, bits, planes };
}

/** A warning if the other diagonal of the 2x2 tile looks more like the two greens. */
function greenWarning(pattern, means) {
  const difference = (a, b) => Math.abs(a - b) / Math.max(a, b, 1e-9);
  const differences = [difference(means[0], means[3]), difference(means[1], means[2])];
  const green = pattern[0] === "G" ? 0 : 1;
  if (differences[green] < GREEN_DIFFERENCE || differences[green] < 2 * differences[1 - green]) return [];
  return [
    `the green planes differ by ${percent(differences[green], 0)}, red and blue by ${percent(differences[1 - green], 0)} only: is ${pattern} the pattern?`,
  ];
}

/** Whether the means of the 16 sites of a 4x4 tile are those of 2x2 blocks of one colour each. */
function looksQuad({ mosaic, height, width, black }) {
  const down = height >> 2, across = width >> 2;
  if (Math.min(down, across) < 8) return false;
  const step = Math.max(1, Math.floor(mosaic.length / QUAD_SAMPLES));
  const sums = new Float64Array(16);
  let tiles = 0;
  for (let tile = 0; tile < down; tile += step, tiles += across) {
    for (let row = 0; row < 4; row++) {
      const start = (4 * tile + row) * width;
      for (let x = 0; x < 4 * across; x++) sums[4 * row + (x & 3)] += mosaic[start + x];
    }
  }
  const pedestal = black.reduce((sum, value) => sum + value, 0) / 4;
  const means = Array.from(sums, (sum) => sum / tiles - pedestal);
  const level = Math.max(means.reduce((sum, mean) => sum + mean, 0) / 16, 1e-9);
  const spread = (sites) => Math.max(...sites.map((group) => Math.max(...group.map((k) => means[k])) - Math.min(...group.map((k) => means[k]))));
  const apart = spread([0, 1, 4, 5].map((k) => [k, k + 2, k + 8, k + 10])) / level;
  const beside = spread([0, 2, 8, 10].map((k) => [k, k + 1, k + 4, k + 5])) / level;
  return apart > QUAD_DIFFERENCE && apart > QUAD_RATIO * beside;
}

function isPhone(camera) {
  return camera.toLowerCase().split(/\s+/).some((word) => PHONES.has(word));
}

function bitLength(value) {
  return 32 - Math.clz32(Math.trunc(value));
}

function percent(share, digits) {
  return `${(100 * share).toFixed(digits)}%`;
}

function short(value) {
  return String(Number(value.toPrecision(6)));
}
