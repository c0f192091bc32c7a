// The pictures of a run's page; all else on it needs no script.

function start(element) {
  const data = JSON.parse(element.textContent);
  themes(byId("theme"));
  byId("viewer").hidden = !data.images.length;
  if (!data.images.length) return;
  const viewer = new Viewer(data, () => data.images, () => {});
  listen(viewer);
  viewer.show(data.images[0]);
}
