// The measurements as a table.

import { BACKENDS } from "./runtime.js";

const HEADS = ["Asked for", "Tile, ms", "First, ms", "Compiling, ms", "Off the desktop", "Ran on"];

/**
 * @param {Awaited<ReturnType<import("./measure.js").measureDevice>>} report
 * @param {HTMLTableElement} table
 */
export function showResults(report, table) {
  const head = document.createElement("tr");
  head.append(...HEADS.map((text) => cell("th", text)));
  table.tHead.replaceChildren(head);
  table.tBodies[0].replaceChildren(...report.results.map(row));
}

function row({ backend, ran, tile_pixels, median_ms, first_ms, compile_ms, runs, output, picture_largest }) {
  const made = document.createElement("tr");
  made.append(cell("td", BACKENDS[backend].label));
  if (median_ms === undefined) {
    const why = cell("td", ran);
    why.colSpan = HEADS.length - 1;
    made.append(why);
    return made;
  }
  const time = cell("td", median_ms.toFixed(1));
  time.title = `median of ${runs} runs of ${tile_pixels} × ${tile_pixels} pixels`;
  const off = cell("td", `${output.largest} of 255${output.passed ? "" : ", too far"}`);
  off.className = output.passed ? "good" : "bad";
  off.title = `mean ${output.mean}; allowed ${output.allowed} and ${output.allowed_mean}; finished picture ${picture_largest} code values`;
  made.append(time, cell("td", first_ms.toFixed(1)), cell("td", compile_ms.toFixed(1)), off, cell("td", ran));
  return made;
}

function cell(tag, text) {
  const made = document.createElement(tag);
  made.textContent = text;
  return made;
}
