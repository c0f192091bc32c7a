// Histograms of A, filled, and B, as a line: R, G and B below one another.

function drawHistogram(chart, a, b, whole) {
  const width = 640, row = 120, gap = 8, bins = a[0].length;
  // The clipped ends would make everything between them flat.
  const inner = [...a, ...b].flatMap((counts) => counts.slice(1, -1));
  const most = Math.max(...inner, whole / (4 * bins));
  const x = (bin) => ((bin + 0.5) * width) / bins;
  const parts = ["--red", "--green", "--blue"].map((colour, channel) => {
    const bottom = (channel + 1) * row - gap;
    const y = (count) => bottom - (Math.min(count / most, 1) * (row - 2 * gap));
    const points = (counts) => counts.map((count, bin) => `${x(bin)},${y(count)}`).join(" ");
    return makeSvg("g", {},
      makeSvg("polygon", {
        points: `0,${bottom} ${points(a[channel])} ${width},${bottom}`,
        fill: `var(${colour})`, "fill-opacity": 0.35,
      }),
      makeSvg("polyline", {
        points: points(b[channel]), fill: "none", stroke: `var(${colour})`, "stroke-width": 1.5,
        "vector-effect": "non-scaling-stroke",
      }),
      makeSvg("line", {
        x1: 0, x2: width, y1: bottom, y2: bottom, stroke: "var(--line)",
        "vector-effect": "non-scaling-stroke",
      }));
  });
  chart.setAttribute("viewBox", `0 0 ${width} ${3 * row}`);
  chart.setAttribute("preserveAspectRatio", "none");
  chart.replaceChildren(...parts);
}
