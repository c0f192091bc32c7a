// What the pointer, the wheel and the keyboard do to the pictures.

const ARROWS = { ArrowLeft: [1, 0], ArrowRight: [-1, 0], ArrowUp: [0, 1], ArrowDown: [0, -1] };

function listen(viewer) {
  const { stage, zoom } = viewer;
  const handle = byId("handle");
  const act = (change) => () => {
    change();
    viewer.draw();
  };
  const fit = act(() => zoom.fit()), actual = act(() => zoom.to(zoom.actual));
  const larger = act(() => zoom.by(1.5)), smaller = act(() => zoom.by(1 / 1.5));
  byId("fit").addEventListener("click", fit);
  byId("actual").addEventListener("click", actual);
  byId("in").addEventListener("click", larger);
  byId("out").addEventListener("click", smaller);
  byId("previous").addEventListener("click", () => viewer.step(-1));
  byId("next").addEventListener("click", () => viewer.step(1));
  byId("swap").addEventListener("click", () => viewer.swap());

  // A point of the window in the pane it lies in: panes side by side show the same part.
  const inPane = (event) => {
    const box = stage.getBoundingClientRect();
    const x = event.clientX - box.left, y = event.clientY - box.top;
    const second = viewer.mode === "sides";
    const tall = stage.classList.contains("tall");
    return {
      x: second && !tall && x > box.width / 2 ? x - (box.width - zoom.pane.width) : x,
      y: second && tall && y > box.height / 2 ? y - (box.height - zoom.pane.height) : y,
    };
  };
  const splitAt = (event) => {
    const box = stage.getBoundingClientRect();
    viewer.setSplit((event.clientX - box.left) / box.width);
  };

  stage.addEventListener("wheel", (event) => {
    if (viewer.mode === "histogram") return;
    event.preventDefault();
    // Lines or pages of old mice count as some pixels.
    const pixels = event.deltaY * [1, 30, 300][event.deltaMode];
    zoom.by(2 ** (-Math.max(-200, Math.min(200, pixels)) / 200), inPane(event));
    viewer.draw();
  }, { passive: false });
  stage.addEventListener("dblclick", (event) => {
    if (zoom.fits) zoom.to(zoom.actual, inPane(event));
    else zoom.fit();
    viewer.draw();
  });

  // One pointer moves the picture, or the slider; two pinch.
  const pointers = new Map();
  let sliding = false;
  stage.addEventListener("pointerdown", (event) => {
    if (event.button !== 0 || viewer.mode === "histogram") return;
    pointers.set(event.pointerId, event);
    stage.setPointerCapture(event.pointerId);
    sliding = viewer.mode === "slider" && (handle.contains(event.target) || zoom.fits);
    if (sliding && pointers.size === 1) splitAt(event);
    stage.classList.add("moving");
  });
  stage.addEventListener("pointermove", (event) => {
    const before = pointers.get(event.pointerId);
    if (!before) return;
    if (pointers.size === 2) pinch(before, event);
    else if (sliding) splitAt(event);
    else zoom.move(event.clientX - before.clientX, event.clientY - before.clientY);
    pointers.set(event.pointerId, event);
    viewer.draw();
  });
  const release = (event) => {
    pointers.delete(event.pointerId);
    if (!pointers.size) stage.classList.remove("moving");
  };
  stage.addEventListener("pointerup", release);
  stage.addEventListener("pointercancel", release);

  function pinch(before, now) {
    const other = [...pointers.values()].find((one) => one.pointerId !== now.pointerId);
    const distance = (one) => Math.hypot(one.clientX - other.clientX, one.clientY - other.clientY);
    const middle = inPane({
      clientX: (now.clientX + other.clientX) / 2, clientY: (now.clientY + other.clientY) / 2,
    });
    zoom.by(distance(now) / Math.max(distance(before), 1), middle);
    zoom.move((now.clientX - before.clientX) / 2, (now.clientY - before.clientY) / 2);
  }

  handle.addEventListener("keydown", (event) => {
    const steps = { ArrowLeft: -0.02, ArrowRight: 0.02, ArrowDown: -0.02, ArrowUp: 0.02 };
    const ends = { Home: 0, End: 1 };
    if (event.key in steps) viewer.setSplit(viewer.split + steps[event.key]);
    else if (event.key in ends) viewer.setSplit(ends[event.key]);
    else return;
    event.preventDefault();
    event.stopPropagation();
  });
  stage.addEventListener("keydown", (event) => {
    const way = ARROWS[event.key];
    if (!way || event.target !== stage) return;
    event.preventDefault();
    zoom.move(60 * way[0], 60 * way[1]);
    viewer.draw();
  });

  const keys = {
    "+": larger, "=": larger, "-": smaller, 0: fit, 1: actual,
    n: () => viewer.step(1), p: () => viewer.step(-1), x: () => viewer.swap(),
    s: () => viewer.setMode("slider"), b: () => viewer.setMode("sides"),
    d: () => viewer.setMode("difference"), h: () => viewer.setMode("histogram"),
  };
  document.addEventListener("keydown", (event) => {
    const typing = event.target.closest && event.target.closest("select, input");
    if (typing || event.ctrlKey || event.metaKey || event.altKey || !(event.key in keys)) return;
    event.preventDefault();
    keys[event.key]();
  });
}
