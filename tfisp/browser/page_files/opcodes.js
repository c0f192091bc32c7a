// The opcode lists of a DNG: gains over the frame (GainMap, FixVignetteRadial) become one map of lens
// shading, all else is noted as left undone.
//
// As the desktop has it (tfisp/rawfiles/opcodes.py, gainmap.py). Lists are big-endian whatever the
// file's order. Source: Adobe, "Digital Negative (DNG) Specification", version 1.4.0.0, chapter 7.

import { Fault } from "./fault.js";

const VIGNETTE = 3, GAIN_MAP = 9;
const NAMES = {
  1: "WarpRectilinear", 2: "WarpFisheye", 3: "FixVignetteRadial", 4: "FixBadPixelsConstant",
  5: "FixBadPixelsList", 6: "TrimBounds", 7: "MapTable", 8: "MapPolynomial", 9: "GainMap",
  10: "DeltaPerRow", 11: "DeltaPerColumn", 12: "ScalePerRow", 13: "ScalePerColumn",
  14: "WarpRectilinear2",
};

// Bytes of a GainMap in front of its gains, and of a whole FixVignetteRadial.
const GAIN_MAP_HEADER = 76, VIGNETTE_BYTES = 56;

// Entries along each axis of the map that stands for FixVignetteRadial.
const VIGNETTE_GRID = 65;

/**
 * The shading map that OpcodeList1, 2 and 3 ask for.
 * @param {Uint8Array[]} lists Their bytes; empty where there is none.
 * @param {string} pattern The CFA tile at the active area's corner.
 * @param {number[]} size (rows, columns) of the active area.
 * @returns {{shading: import("./frame.js").Shading | null, notes: string[]}}
 * @throws {Fault} A list or a map is damaged.
 */
export function shadingOf(lists, pattern, size) {
  const maps = [], notes = [];
  lists.forEach((data, index) => {
    const left = new Set(), early = new Set();
    for (const { identity, body } of data.length ? parseOpcodes(data) : []) {
      const name = NAMES[identity] ?? `opcode ${identity}`;
      const map = index > 0 ? gainsOf(identity, body, size) : null;
      // The mosaic has one plane; the picture has no sites that a pitch could tell apart.
      const fits = map && (index === 1 ? holdsPlane(map, 0) : map.pitch[0] === 1 && map.pitch[1] === 1);
      if (!fits) {
        left.add(name);
        continue;
      }
      maps.push({ map, colours: index === 2 ? pattern : null });
      if (index === 2) early.add(name);
    }
    if (left.size) notes.push(`OpcodeList${index + 1} is not applied in full: ${[...left].sort().join(", ")}`);
    if (early.size) notes.push(`OpcodeList3: ${[...early].sort().join(", ")} applied before demosaicing, not after`);
  });
  if (!maps.length) return { shading: null, notes };
  const odd = maps.map(({ map }) => unfit(map, size)).find(Boolean);
  if (odd) return { shading: null, notes: [...notes, `lens shading is not applied: ${odd}`] };
  return { shading: combined(maps), notes };
}

function parseOpcodes(data) {
  const view = new DataView(data.buffer, data.byteOffset, data.byteLength);
  const cut = () => new Fault("opcode list ends within an opcode");
  if (data.length < 4) throw cut();
  const count = view.getUint32(0), found = [];
  let at = 4;
  for (let k = 0; k < count; k++) {
    if (at + 16 > data.length) throw cut();
    const length = view.getUint32(at + 12);
    if (at + 16 + length > data.length) throw cut();
    const body = new DataView(data.buffer, data.byteOffset + at + 16, length);
    found.push({ identity: view.getUint32(at), body });
    at += 16 + length;
  }
  if (at !== data.length) throw new Fault(`opcode list of ${data.length} bytes whose ${count} opcodes take ${at}`);
  return found;
}

function gainsOf(identity, body, size) {
  if (identity === GAIN_MAP) return parseGainMap(body);
  return identity === VIGNETTE ? vignette(body, size) : null;
}

/** Reads a GainMap: gains `[rows, columns, planes]` at origin + (i, j) * spacing of the frame. */
function parseGainMap(body) {
  if (body.byteLength < GAIN_MAP_HEADER) throw new Fault("GainMap is shorter than its header");
  const fields = Array.from({ length: 10 }, (_, k) => body.getUint32(4 * k));
  const [spacingV, spacingH, originV, originH] = [40, 48, 56, 64].map((at) => body.getFloat64(at));
  const planes = body.getUint32(72), [down, along, rows, columns] = fields.slice(6);
  const count = rows * columns * planes;
  if (!(count && down && along) || body.byteLength !== GAIN_MAP_HEADER + 4 * count) {
    throw new Fault(`GainMap of ${rows}x${columns}x${planes} entries does not fill its opcode`);
  }
  const gains = Float32Array.from({ length: count }, (_, k) => body.getFloat32(GAIN_MAP_HEADER + 4 * k));
  if (!gains.every((gain) => Number.isFinite(gain) && gain > 0)) throw new Fault("GainMap holds a gain that is not a positive number");
  const spacing = [spacingV, spacingH], origin = [originV, originH];
  if (![...spacing, ...origin].every(Number.isFinite) || Math.min(...spacing) <= 0) {
    throw new Fault(`GainMap has spacing ${spacing.join(", ")} and origin ${origin.join(", ")}`);
  }
  return {
    area: fields.slice(0, 4), first: fields[4], count: fields[5], pitch: [down, along],
    points: [rows, columns], planes, spacing, origin, gains,
  };
}

/** FixVignetteRadial as a map: 1 + k0 r^2 + ... + k4 r^10, r = 1 at the farthest corner. */
function vignette(body, [height, width]) {
  if (body.byteLength !== VIGNETTE_BYTES) throw new Fault(`FixVignetteRadial of ${body.byteLength} bytes, expected ${VIGNETTE_BYTES}`);
  const [k0, k1, k2, k3, k4, x, y] = Array.from({ length: 7 }, (_, k) => body.getFloat64(8 * k));
  const far = (Math.max(y, 1 - y) * height) ** 2 + (Math.max(x, 1 - x) * width) ** 2;
  const last = VIGNETTE_GRID - 1;
  const gains = Float32Array.from({ length: VIGNETTE_GRID ** 2 }, (_, index) => {
    const down = Math.floor(index / VIGNETTE_GRID) / last - y, across = (index % VIGNETTE_GRID) / last - x;
    const r = ((down * height) ** 2 + (across * width) ** 2) / far;
    return 1 + (k0 * r + k1 * r ** 2 + k2 * r ** 3 + k3 * r ** 4 + k4 * r ** 5);
  });
  if (!(x >= 0 && x <= 1 && y >= 0 && y <= 1) || !gains.every((gain) => Number.isFinite(gain) && gain > 0)) {
    throw new Fault("FixVignetteRadial has a gain that is not a positive number");
  }
  return {
    area: [0, 0, height, width], first: 0, count: 3, pitch: [1, 1],
    points: [VIGNETTE_GRID, VIGNETTE_GRID], planes: 1, spacing: [1 / last, 1 / last], origin: [0, 0], gains,
  };
}

function holdsPlane(map, plane) {
  return map.first <= plane && plane < map.first + map.count;
}

/** Why a map, valid as it is, cannot be used; null if it can. */
function unfit({ area: [top, left, bottom, right], pitch }, size) {
  if (Math.max(...pitch) > 2 || top >= pitch[0] || left >= pitch[1]) return `GainMap begins at (${top}, ${left}) and has pitch ${pitch.join("x")}`;
  if (bottom < size[0] - 1 || right < size[1] - 1) return `GainMap covers ${bottom}x${right} of a ${size.join("x")} frame`;
  return null;
}

/** Maps on one grid from corner to corner; those of one site are multiplied. */
function combined(maps) {
  const [height, width] = [0, 1].map((axis) => Math.max(...maps.map(({ map }) => entries(map, axis))));
  const gains = new Float32Array(height * width * 4).fill(1);
  for (const { map, colours } of maps) {
    for (let row = map.area[0]; row < 2; row += map.pitch[0]) {
      for (let column = map.area[1]; column < 2; column += map.pitch[1]) {
        const site = 2 * row + column;
        const plane = colours ? "RGB".indexOf(colours[site]) : 0;
        if (!holdsPlane(map, plane)) continue;
        const own = resampled(map, Math.min(plane - map.first, map.planes - 1), height, width);
        for (let k = 0; k < own.length; k++) gains[4 * k + site] *= own[k];
      }
    }
  }
  return { height, width, gains };
}

/** Whether the first and last entry lie on the frame's edges, to 1/1000 of an interval. */
function spansFrame({ points, spacing, origin }, axis) {
  const end = origin[axis] + (points[axis] - 1) * spacing[axis], near = 1e-3 * spacing[axis];
  return points[axis] > 1 && Math.abs(origin[axis]) < near && Math.abs(end - 1) < near;
}

/** Grid entries a map needs along an axis: twice as many where it does not span the frame. */
function entries(map, axis) {
  const points = map.points[axis];
  return spansFrame(map, axis) || points === 1 ? points : 2 * points + 1;
}

/** A plane's gains on a grid `[height, width]`, linear between entries, constant beyond them. */
function resampled(map, plane, height, width) {
  const [rows, columns] = map.points;
  const down = places(map, 0, height), across = places(map, 1, width);
  const gain = (row, column) => map.gains[(row * columns + column) * map.planes + plane];
  const mix = (a, b, share) => (share === 0 ? a : a + (b - a) * share);
  return Float64Array.from({ length: height * width }, (_, k) => {
    const [y, dy] = down[Math.floor(k / width)], [x, dx] = across[k % width];
    const below = Math.min(y + 1, rows - 1), right = Math.min(x + 1, columns - 1);
    return mix(mix(gain(y, x), gain(below, x), dy), mix(gain(y, right), gain(below, right), dy), dx);
  });
}

/** For each place of a grid along an axis, the map's entry before it and the share of the next. */
function places(map, axis, count) {
  const points = map.points[axis];
  if (points === count && (points === 1 || spansFrame(map, axis))) return Array.from({ length: count }, (_, k) => [k, 0]);
  return Array.from({ length: count }, (_, k) => {
    const wanted = count > 1 ? k / (count - 1) : 0.5;
    const at = Math.min(Math.max((wanted - map.origin[axis]) / map.spacing[axis], 0), points - 1);
    return [Math.floor(at), at - Math.floor(at)];
  });
}
