// Curves of references and photographs over one another.

const COLOURS = { references: "var(--red)", photographs: "var(--blue)" };

// `curves`: name to values of equal length, or null; `low` and `high` bound them.
function chart(title, curves, ends, low, high) {
  const width = 320, height = 160, edge = 6;
  const lines = Object.entries(curves).filter(([, values]) => values).map(([name, values]) => {
    const x = (index) => (index * width) / (values.length - 1);
    const y = (value) => height - edge - ((height - 2 * edge) * (value - low)) / (high - low || 1);
    return makeSvg("polyline", {
      points: values.map((value, index) => `${x(index).toFixed(1)},${y(value).toFixed(1)}`).join(" "),
      fill: "none", stroke: COLOURS[name] || "var(--accent)", "stroke-width": 2,
      "vector-effect": "non-scaling-stroke",
    });
  });
  const svg = makeSvg("svg", {
    viewBox: `0 0 ${width} ${height}`, preserveAspectRatio: "none", role: "img", "aria-label": title,
  }, ...lines);
  const marks = make("div", { class: "ends small" }, ...ends.map((end) => make("span", {}, end)));
  return make("figure", {}, make("figcaption", {}, title), svg, marks);
}

// A chart of one entry of both sides, from the least to the greatest value of either.
function sides(data, entry, title, ends, zero) {
  const curves = {};
  for (const name of ["references", "photographs"]) curves[name] = data[name] && data[name][entry];
  const all = Object.values(curves).filter(Boolean).flat();
  if (!all.length) return [];
  const [low, high] = [zero ? 0 : Math.min(...all), Math.max(...all)];
  const range = zero ? "" : `, ${shown(low)} to ${shown(high)}`;
  return [chart(title + range, curves, ends, low, high)];
}
