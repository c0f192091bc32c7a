// Builds the page from its data.

function start(element) {
  const data = JSON.parse(element.textContent);
  byId("title").textContent = document.title;
  byId("over").textContent = `${data.over}. The bar is the interval, the mark the mean.`
    + (data.systems.length > 1 ? " Δ is the difference to the best system, image by image; where its"
      + " interval holds 0, the two cannot be told apart." : "");
  byId("notes").replaceChildren(...data.notes.map((note) => make("li", {}, note)));
  byId("footer").textContent = `tfisp ${data.version}`;
  byId("protocols").replaceChildren(...data.measures.flatMap((measure) => [
    make("dt", {}, measure.name), make("dd", {}, `${measure.protocol} (${measure.hint})`),
  ]));
  byId("images-section").hidden = !data.measures.length;
  summaryTable(data);
  setTable(data);
  groupTable(data);
  themes(byId("theme"));

  let table = null;
  let current = null;
  const viewer = new Viewer(data, () => table.order(), (image) => {
    if (current) current.row.removeAttribute("aria-current");
    current = image;
    image.row.setAttribute("aria-current", "true");
  });
  const open = (image, system) => {
    viewer.left = data.views.indexOf(data.systems[system].name);
    viewer.show(image);
    byId("viewer").scrollIntoView({ block: "start" });
    byId("stage").focus({ preventScroll: true });
  };
  const select = byId("measure");
  select.replaceChildren(...data.measures.map((one, index) => make("option", { value: index }, one.name)));
  const build = () => {
    table = imageTable(data, Number(select.value), open);
    if (current) viewer.show(current);
  };
  select.addEventListener("change", build);
  build();

  const first = table.order().find((image) => image.pictures);
  byId("viewer").hidden = !first;
  if (!first) return;
  listen(viewer);
  viewer.show(first);
}
