// The two tables: systems with their means, and images with the figures of one measure.

// A table that its heads sort. Columns: {head, hint, key(row), cell(row), first}; `first` is the
// direction of the first click, 1 ascending, -1 descending. `start` is {column, direction}.
function sortable(table, columns, rows, makeRow, start) {
  const body = make("tbody", {});
  const heads = columns.map((column, index) => {
    const button = make("button", { type: "button", click: () => click(index) }, column.head);
    const hint = column.hint ? [make("span", { class: "small" }, column.hint)] : [];
    return make("th", { scope: "col" }, button, ...hint);
  });
  let sorted = { column: start.column, direction: start.direction };
  const built = rows.map((row) => ({
    row,
    element: makeRow(row, columns.map((column) => column.cell(row))),
  }));

  function click(index) {
    const again = sorted.column === index;
    sorted = { column: index, direction: again ? -sorted.direction : columns[index].first };
    sort();
  }

  function sort() {
    const { key } = columns[sorted.column];
    built.sort((a, b) => sorted.direction * compare(key(a.row), key(b.row)));
    body.append(...built.map((item) => item.element));
    heads.forEach((head, index) => {
      if (index !== sorted.column) head.removeAttribute("aria-sort");
      else head.setAttribute("aria-sort", sorted.direction > 0 ? "ascending" : "descending");
    });
  }

  table.replaceChildren(make("thead", {}, make("tr", {}, ...heads)), body);
  sort();
  return { order: () => built.map((item) => item.row) };
}

// A line with the interval as a bar and the mean as a mark, on the scale of its column.
function reach(mean, interval, low, high) {
  if (!interval || !(high > low) || ![...interval, mean].every(Number.isFinite)) return [];
  const percent = (value) => (100 * (value - low)) / (high - low);
  const bar = make("i", {}), mark = make("b", {});
  bar.style.left = `${percent(interval[0])}%`;
  bar.style.width = `${percent(interval[1]) - percent(interval[0])}%`;
  mark.style.left = `${percent(mean)}%`;
  return [make("span", { class: "reach" }, bar, mark)];
}

// The difference to the best system, of the same pictures, with as many decimals as the mean.
function difference(mean, behind) {
  if (!behind || ![behind.mean, ...behind.interval].every(Number.isFinite)) return [];
  const decimals = (mean.toPrecision(4).split(".")[1] || "").length;
  const signed = (value) => (value < 0 ? "−" : "+") + Math.abs(value).toFixed(decimals);
  const [low, high] = behind.interval;
  const text = `Δ ${signed(behind.mean)} [${signed(low)}, ${signed(high)}]`;
  return [make("span", { class: "small" }, text)];
}

function summaryTable(data) {
  const rows = data.systems.map((system) => ({
    ...system,
    cells: data.results[system.name].map((cell) => ({
      mean: number(cell.mean),
      interval: cell.interval && cell.interval.map(number),
      behind: cell.to_best && cell.to_best.interval && {
        mean: number(cell.to_best.mean),
        interval: cell.to_best.interval.map(number),
      },
    })),
  }));
  const columns = [{
    head: "System",
    first: 1,
    key: (row) => row.name,
    cell: (row) => make("th", { scope: "row", title: row.about }, row.name),
  }];
  data.measures.forEach((measure, index) => {
    const means = rows.map((row) => row.cells[index].mean);
    const ends = rows.flatMap((row) => row.cells[index].interval || []).filter(Number.isFinite);
    const known = means.filter((mean) => !Number.isNaN(mean));
    const best = measure.lower ? Math.min(...known) : Math.max(...known);
    columns.push({
      head: measure.name,
      hint: measure.hint,
      first: measure.lower ? 1 : -1,
      key: (row) => row.cells[index].mean,
      cell: (row) => {
        const { mean, interval, behind } = row.cells[index];
        const mark = rows.length > 1 && mean === best ? { class: "best" } : {};
        const text = interval ? `[${shown(interval[0])}, ${shown(interval[1])}]` : "";
        return make(
          "td", {}, make("span", mark, shown(mean)), make("span", { class: "small" }, text),
          ...reach(mean, interval, Math.min(...ends), Math.max(...ends)),
          ...difference(mean, behind),
        );
      },
    });
  });
  const start = data.measures.length
    ? { column: 1, direction: columns[1].first } : { column: 0, direction: 1 };
  sortable(byId("summary"), columns, rows, (row, cells) => make("tr", {}, ...cells), start);
}

// The measures of sets: a row for each system.
function setTable(data) {
  byId("sets-section").hidden = !data.sets.length;
  const text = (cell) => (cell.value === null ? "–" : shown(number(cell.value)));
  const ends = (cell) => (cell.interval
    ? `[${cell.interval.map((end) => shown(number(end))).join(", ")}]` : "");
  const heads = data.sets.map((set) => make(
    "th", { scope: "col" }, set.name, make("span", { class: "small" }, set.hint),
  ));
  const rows = data.systems.map((system, index) => make(
    "tr", {}, make("th", { scope: "row", title: system.about }, system.name),
    ...data.sets.map((set) => make(
      "td", {}, text(set.values[index]), make("span", { class: "small" }, ends(set.values[index])),
    )),
  ));
  byId("sets").replaceChildren(
    make("thead", {}, make("tr", {}, make("th", { scope: "col" }, "System"), ...heads)),
    make("tbody", {}, ...rows),
  );
  byId("set-protocols").replaceChildren(...data.sets.flatMap((set) => [
    make("dt", {}, set.name), make("dd", {}, set.protocol),
  ]));
}

// The means of images of like sensitivity: a row for each group and system.
function groupTable(data) {
  byId("groups-section").hidden = !data.groups.length;
  const head = ["Images", "System", ...data.measures.map((measure) => measure.name)];
  const rows = data.groups.flatMap((group) => data.systems.map((system, index) => {
    const count = `${group.title} (${group.images}${group.few ? "*" : ""})`;
    const cells = group.results[system.name].map((cell) => {
      const ends = cell.interval ? cell.interval.map((end) => shown(number(end))) : [];
      const text = ends.length ? `[${ends.join(", ")}]` : "";
      return make("td", {}, shown(number(cell.mean)), make("span", { class: "small" }, text));
    });
    return make(
      "tr", {}, make("th", { scope: "row" }, index ? "" : count),
      make("th", { scope: "row", title: system.about }, system.name), ...cells,
    );
  }));
  byId("groups").replaceChildren(
    make("thead", {}, make("tr", {}, ...head.map((text) => make("th", { scope: "col" }, text)))),
    make("tbody", {}, ...rows),
  );
}

// The table of images for one measure; `open(image, system)` shows a picture. Returns its order.
function imageTable(data, measure, open) {
  if (!data.measures.length) return { order: () => data.images };
  const { lower, hint } = data.measures[measure];
  const worst = lower ? -1 : 1;
  const thumbnail = (image) => (image.thumbnail ? [make("img", {
    class: "thumb", alt: "", loading: "lazy", decoding: "async", width: 80, height: 60,
    src: `${data.folder}/${encodeURIComponent(image.thumbnail)}`,
  })] : []);
  const columns = [{
    head: "Image",
    first: 1,
    key: (image) => image.name,
    cell: (image) => make("th", { scope: "row" }, make("div", { class: "name" }, ...thumbnail(image), image.name)),
  }];
  data.systems.forEach((system, index) => {
    const value = (image) => number(image.values[index][measure]);
    columns.push({
      head: system.name,
      hint,
      first: worst,
      key: value,
      cell: (image) => make("td", {}, image.pictures
        ? make("button", { type: "button", click: () => open(image, index) }, shown(value(image)))
        : shown(value(image))),
    });
  });
  const makeRow = (image, cells) => {
    image.row = make("tr", {}, ...cells);
    return image.row;
  };
  return sortable(byId("images"), columns, data.images, makeRow, { column: 1, direction: worst });
}
