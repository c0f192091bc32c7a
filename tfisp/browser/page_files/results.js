// The measurements as a table.

import { BACKENDS } from "./runtime.js";

/**
 * @param {Awaited<ReturnType<import("./measure.js").measureDevice>>} report
 * @param {HTMLTableElement} table
 */
export function showResults(report, table) {
  const measured = report.results.find((result) => result.median_ms !== undefined);
  const heads = columns(measured).map(([head]) => head);
  const head = document.createElement("tr");
  head.append(...["Asked for", ...heads, "Ran on"].map((text) => cell("th", text)));
  table.tHead.replaceChildren(head);
  table.tBodies[0].replaceChildren(...report.results.map((result) => row(result, heads.length)));
}

/** (head, text, what to say where a pointer rests, class) of each column of a result. */
function columns(result) {
  if (!result) return [];
  const { frame, median_ms, first_ms, compile_ms, runs, sustained, pictures, output, picture_largest } = result;
  const found = [[
    `Network, ${size(...frame)}, ms`, median_ms.toFixed(1), `median of ${runs} runs after the first, the picture in one piece`,
  ]];
  if (sustained) {
    const { first_tenth_ms, last_tenth_ms, drift_percent, seconds } = sustained;
    const sign = drift_percent > 0 ? "+" : "";
    found.push([
      "Sustained: first to last tenth, ms", `${first_tenth_ms.toFixed(1)} to ${last_tenth_ms.toFixed(1)}, ${sign}${drift_percent} %`,
      `medians over ${sustained.runs} runs in ${seconds} s; median of all ${sustained.median_ms} ms`,
    ]);
  }
  for (const picture of pictures) {
    found.push([
      `Picture, ${size(picture.height, picture.width)}, ms`, picture.failed ? "failed" : picture.median_ms.toFixed(0),
      picture.failed ?? `counts to picture in tiles, median of ${picture.runs} runs; ${picture.network_ms} ms of it in the network`,
    ]);
  }
  found.push(
    ["First, ms", first_ms.toFixed(1), "the network's first run"],
    ["Compiling, ms", compile_ms.toFixed(1), ""],
    [
      "Off the desktop", `${output.largest} of 255${output.passed ? "" : ", too far"}`,
      `mean ${output.mean}; allowed ${output.allowed} and ${output.allowed_mean}; finished picture ${picture_largest} code values`,
      output.passed ? "good" : "bad",
    ],
  );
  return found;
}

function size(height, width) {
  return `${height}\u00a0×\u00a0${width}`;
}

function row(result, count) {
  const made = document.createElement("tr");
  made.append(cell("td", BACKENDS[result.backend].label));
  if (result.median_ms === undefined) {
    const why = cell("td", result.ran);
    why.colSpan = count + 1;
    made.append(why);
    return made;
  }
  for (const [, text, title, kind] of columns(result)) {
    const shown = cell("td", text);
    shown.title = title;
    shown.className = kind ?? "";
    made.append(shown);
  }
  made.append(cell("td", result.ran));
  return made;
}

function cell(tag, text) {
  const made = document.createElement(tag);
  made.textContent = text;
  return made;
}
