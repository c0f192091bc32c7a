// What a file says about its sensor and its shot, as a list to read.

/**
 * Shows a frame's facts, warnings and notes. Names from the file become text, never markup.
 * @param {import("./frame.js").Frame} frame
 * @param {string[]} more Notes beside its own.
 * @param {HTMLElement} list A `dl`.
 * @param {HTMLElement} noteList A `ul`.
 */
export function showFacts(frame, more, list, noteList) {
  list.replaceChildren(...facts(frame).flatMap(([name, value]) => [element("dt", name), element("dd", value)]));
  const warnings = (frame.warnings ?? []).map((warning) => element("li", warning));
  for (const warning of warnings) warning.className = "warning";
  noteList.replaceChildren(...warnings, ...[...more, ...frame.notes].map((note) => element("li", note)));
}

function element(tag, text) {
  const made = document.createElement(tag);
  made.textContent = text;
  return made;
}

function facts(frame) {
  const { black, gains, shading, exposureTime } = frame;
  const same = black.every((level) => level === black[0]);
  return [
    ["Camera", frame.camera || "not stated"],
    ["Samples", `${frame.width} × ${frame.height}, ${((frame.width * frame.height) / 1e6).toFixed(1)} megapixels, ${frame.kind}`],
    ["Shown of them", frame.defaultCrop ? cropped(frame.defaultCrop) : "all"],
    ["Pattern", frame.pattern],
    ["Black level", same ? digits(black[0]) : black.map(digits).join(", ")],
    ["White level", digits(frame.white)],
    ["White balance", gains ? `R ${gains[0].toFixed(3)}, G ${gains[1].toFixed(3)}, B ${gains[2].toFixed(3)}` : "not stated"],
    ["XYZ to camera", frame.xyzToCamera ? rows(frame.xyzToCamera) : "not stated"],
    ["Orientation", String(frame.orientation)],
    ["Baseline exposure", `${digits(frame.baselineExposure)} EV`],
    ["Lens shading", shading ? `map of ${shading.width} × ${shading.height}` : "not stated"],
    ["Shot", [frame.iso && `ISO ${digits(frame.iso)}`, exposureTime && seconds(exposureTime)].filter(Boolean).join(", ") || "not stated"],
  ];
}

function cropped([top, left, height, width]) {
  return `${width} × ${height}, from column ${left} and row ${top} on`;
}

function digits(value) {
  return String(Number(value.toFixed(4)));
}

function rows(matrix) {
  return [0, 3, 6].map((row) => matrix.slice(row, row + 3).map((value) => value.toFixed(4)).join(" ")).join(" | ");
}

function seconds(time) {
  return time < 0.5 ? `1/${Math.round(1 / time)} s` : `${digits(time)} s`;
}
