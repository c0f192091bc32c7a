// Builds the page of a checkup from its data.

const NAMES = {
  exposure: "mean luminance, EV below white", red_against_green: "red against green",
  yellow_against_blue: "yellow against blue",
  red_light: "light left by white balance: red over green, EV", blue_light: "blue over green, EV",
  fall: "fall of power from 0.14 to 0.4 cycles a pixel, dB",
  blocks: "blocks of JPEG", corners: "corners over centre, EV",
};

function start(data) {
  byId("title").textContent = document.title;
  byId("footer").textContent = `tfisp ${data.version}`;
  byId("findings").replaceChildren(...(data.findings.length ? data.findings.map(finding) : [
    make("li", { class: "none" }, "Nothing was found that speaks against training on this data."),
  ]));
  byId("counts").textContent = Object.entries(data.files).filter(([, count]) => count.found)
    .map(([role, count]) => `${role}: ${count.measured} of ${count.found} files measured`
      + (role in data.scenes ? `, ${data.scenes[role]} scenes` : "")).join("; ");
  byId("strips").replaceChildren(...Object.entries(data.strips).flatMap(([title, pictures]) =>
    pictures.length ? [make("h2", {}, title), strip(pictures)] : []));
  byId("legend").replaceChildren(...Object.entries(COLOURS).map(([name, colour]) => {
    const key = make("span", { class: "key" });
    key.style.background = colour;
    return make("span", {}, key, `${name}   `);
  }));
  byId("sides").replaceChildren(
    ...sides(data, "spectrum", "Power spectrum at the pixel scale, dB", ["0", "0.25", "0.5 cycles a pixel"], false),
    ...sides(data, "luminance", "Luma", ["0", "1"], true),
    ...sides(data, "chroma", "Chroma", ["0", `${data.chroma_of_last_bin} and more`], true));
  figures(data);
  byId("sensors").replaceChildren(...data.sensors.map((sensor) => one(sensor, data.histogram_edges)));
  byId("rest").replaceChildren(
    ...listed("The look", lookLines(data.look)), ...listed("Notes", data.notes),
    ...listed("Set aside", data.set_aside.map((item) => item.reason)));
}

function finding(item) {
  const more = item.count > item.files.length ? ` and ${item.count - item.files.length} more` : "";
  return make("li", { class: item.pointless ? "pointless" : "advice" },
    make("p", {}, make("strong", {}, `${item.pointless ? "Pointless" : "Advice"}: ${item.name}`)),
    make("p", {}, item.text), make("p", {}, `→ ${item.advice}`),
    ...(item.files.length ? [make("p", { class: "small" }, item.files.join(", ") + more)] : []));
}

function strip(pictures) {
  return make("div", { class: "strip" }, ...pictures.map((picture) => make("figure", {},
    make("img", { src: picture.source, alt: picture.name }),
    make("figcaption", { class: "small" }, picture.name))));
}

// Quantiles of both sides.
function figures(data) {
  const cell = (side, name) => {
    const found = data[side] && data[side][name];
    if (!found) return make("td", {}, "–");
    return make("td", {}, shown(found[2]), make("span", { class: "small" },
      `${shown(found[1])} … ${shown(found[3])}; all ${shown(found[0])} … ${shown(found[4])}`));
  };
  const head = ["median, middle half, all", "references", "photographs"];
  byId("figures").replaceChildren(
    make("thead", {}, make("tr", {}, ...head.map((text) => make("th", { scope: "col" }, text)))),
    make("tbody", {}, ...Object.entries(NAMES).map(([name, text]) => make("tr", {},
      make("th", { scope: "row" }, text), cell("references", name), cell("photographs", name)))));
}

function one(sensor, edges) {
  const curve = sensor.histogram.map((share) => Math.sqrt(share));
  const range = (values, unit) => (values ? `${shown(values[0])} … ${shown(values[1])}${unit}` : "not stated");
  const counted = (counts) => Object.entries(counts).map(([what, count]) => `${count} × ${what}`).join(", ");
  const gains = ["red", "blue"].filter((colour) => sensor.gains[colour])
    .map((colour) => `${colour} ${shown(sensor.gains[colour][0])} … ${shown(sensor.gains[colour][4])}`);
  const corners = Object.entries(sensor.corner_over_centre).map(([of, ratios]) =>
    `${of === "map" ? "gains of maps" : "light of even surfaces"}: `
    + Object.entries(ratios).map(([name, ratio]) => `${name} ${shown(ratio)}`).join(", "));
  const rows = {
    files: String(sensor.files), pattern: counted(sensor.patterns),
    levels: `lowest ${shown(sensor.lowest)}, highest ${shown(sensor.highest)} (0 black, 1 white)`,
    "below black, clipped": `${shown(100 * sensor.below_black)} %, ${shown(100 * sensor.clipped)} % in the median`,
    ISO: range(sensor.iso, ""), "exposure time": range(sensor.exposure_time, " s"),
    orientations: counted(sensor.orientations),
    "as-shot gains over green, log2": gains.join("; ") || "not stated",
    "corners over centre": corners.join("; ") || "not known",
  };
  const title = "Samples (roots of their shares)";
  const ends = [`${edges[0]}`, "black … white", `${edges[edges.length - 1]}`];
  return make("div", {}, make("h3", {}, sensor.title),
    chart(title, { samples: curve }, ends, 0, Math.max(...curve)),
    make("table", {}, make("tbody", {}, ...Object.entries(rows).map(([name, text]) =>
      make("tr", {}, make("th", { scope: "row" }, name), make("td", {}, text))))));
}

function lookLines(look) {
  if (!look) return [];
  return [
    `${look.family}, from ${look.sources} references and ${look.targets} photographs`,
    `chance in the choice of scenes moves curves and a matrix by ${shown(number(look.spread_db.matrix))} dB (30 or more is good)`,
    `it changes the references by ${shown(number(look.change_db))} dB; their colours then differ from those of the photographs by ${shown(number(look.unlike_db))} dB (25 or more is good)`,
  ];
}

function listed(title, lines) {
  if (!lines.length) return [];
  return [make("h2", {}, title), make("ul", {}, ...lines.map((line) => make("li", {}, line)))];
}
