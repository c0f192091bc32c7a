// Two pictures of one image, A and B: slider, side by side, difference, histogram.

class Viewer {
  // `order()` gives the images as the table below has them; `changed(image)` hears of a new one.
  constructor(data, order, changed) {
    this.data = data;
    this.order = order;
    this.changed = changed;
    this.zoom = new Zoom();
    this.mode = "slider";
    this.split = 0.5;
    this.left = data.views.length > 1 ? data.views.indexOf(data.systems[0].name) : 0;
    this.right = this.left || data.views.length < 2 ? 0 : 1; // the truth, where there is one
    this.stage = byId("stage");
    this.images = [byId("pane-a"), byId("pane-b")].map((pane) => pane.firstElementChild);
    for (const [index, select] of this.selects().entries()) {
      select.replaceChildren(...data.views.map((name, view) => make("option", { value: view }, name)));
      select.addEventListener("change", () => {
        this[index ? "right" : "left"] = Number(select.value);
        this.show(this.image);
      });
    }
    for (const button of byId("modes").children) {
      button.addEventListener("click", () => this.setMode(button.dataset.mode));
    }
    byId("strength").addEventListener("input", () => this.draw());
    new ResizeObserver(() => this.draw()).observe(this.stage);
    window.addEventListener("resize", () => this.draw());
  }

  selects() {
    return [byId("left"), byId("right")];
  }

  source(view, image = this.image) {
    return `${this.data.folder}/${encodeURIComponent(image.pictures[view])}`;
  }

  show(image) {
    this.image = image;
    const [height, width] = image.size;
    this.zoom.picture = { width, height };
    [this.left, this.right].forEach((view, index) => {
      const element = this.images[index];
      element.width = width;
      element.height = height;
      if (element.getAttribute("src") !== this.source(view)) element.src = this.source(view);
      element.alt = `${this.data.views[view]} of ${image.name}`;
      this.selects()[index].value = view;
    });
    this.draw();
    this.changed(image);
    this.fetchNext();
  }

  // The next image's pictures, so that it appears at once.
  fetchNext() {
    const next = this.neighbour(1);
    this.ahead = next ? [this.left, this.right].map((view) => {
      const element = new Image();
      element.decoding = "async";
      element.src = this.source(view, next);
      return element;
    }) : [];
  }

  neighbour(step) {
    const images = this.order().filter((image) => image.pictures);
    return images[images.indexOf(this.image) + step];
  }

  step(step) {
    const image = this.neighbour(step);
    if (image) this.show(image);
  }

  swap() {
    [this.left, this.right] = [this.right, this.left];
    this.show(this.image);
  }

  setMode(mode) {
    this.mode = mode;
    this.draw();
  }

  setSplit(split) {
    this.split = Math.min(Math.max(split, 0), 1);
    this.draw();
  }

  // Puts everything where it belongs; changes no picture.
  draw() {
    if (!this.image) return;
    const { stage, zoom, mode } = this;
    const [height, width] = this.image.size;
    const sides = mode === "sides";
    const tall = sides && stage.clientWidth < 700;
    // As high as the fitted pictures, within the window.
    const across = sides && !tall ? 2 : 1, down = tall ? 2 : 1;
    const wanted = (down * (stage.clientWidth / across) * height) / width;
    stage.style.height = `${Math.min(Math.max(wanted, 220), 0.75 * window.innerHeight)}px`;
    stage.dataset.mode = mode;
    stage.classList.toggle("tall", tall);
    const pane = this.images[0].parentElement;
    zoom.pane = { width: pane.clientWidth, height: pane.clientHeight };
    zoom.settle();
    stage.classList.toggle("zoomed", !zoom.fits);
    const coarse = zoom.scale >= 2 * zoom.actual;
    for (const element of this.images) {
      element.style.transform = zoom.transform(element.parentElement.getBoundingClientRect());
      element.parentElement.classList.toggle("coarse", coarse);
    }
    const slider = mode === "slider", difference = mode === "difference";
    const histogram = mode === "histogram";
    this.images[1].parentElement.style.clipPath = slider ? `inset(0 0 0 ${100 * this.split}%)` : "";
    const times = 2 ** Number(byId("strength").value);
    byId("layers").style.filter = difference ? `brightness(${times})` : "";
    // Not taken out of the layout, which would leave the panes without a size to fit into.
    byId("layers").style.visibility = histogram ? "hidden" : "";
    byId("chart").toggleAttribute("hidden", !histogram);
    byId("axis").hidden = !histogram;
    if (histogram) {
      const { histograms } = this.image;
      drawHistogram(byId("chart"), histograms[this.left], histograms[this.right], this.data.whole);
    }
    byId("handle").hidden = !slider;
    byId("handle").style.left = `${100 * this.split}%`;
    byId("handle").setAttribute("aria-valuenow", Math.round(100 * this.split));
    byId("strength-group").hidden = !difference;
    byId("strength-text").textContent = `${times}×`;
    this.label(histogram, difference);
  }

  label(histogram, difference) {
    const [a, b] = [this.left, this.right].map((view) => this.data.views[view]);
    byId("tag-a").textContent = difference ? `|${a} − ${b}|` : histogram ? `${a}: filled` : a;
    byId("tag-b").textContent = histogram ? `${b}: line` : b;
    byId("tag-b").hidden = difference;
    byId("percent").textContent = histogram ? "" : `${this.zoom.percent} %`;
    for (const button of byId("modes").children) {
      button.setAttribute("aria-pressed", button.dataset.mode === this.mode);
    }
    const images = this.order().filter((image) => image.pictures);
    const place = images.indexOf(this.image);
    byId("place").textContent = `${place + 1} of ${images.length}`;
    byId("previous").disabled = place <= 0;
    byId("next").disabled = place >= images.length - 1;
    byId("caption").textContent = this.caption();
  }

  caption() {
    const [height, width] = this.image.size;
    const parts = [this.left, this.right].map((view, index) => {
      const name = this.data.views[view];
      const system = this.data.systems.findIndex((one) => one.name === name);
      const figures = system < 0 ? [] : this.data.measures.map(
        (measure, which) => `${measure.name} ${shown(number(this.image.values[system][which]))}`,
      );
      const gain = system >= 0 && this.image.gains ? this.image.gains[system] : null;
      if (gain !== null) figures.push(`exposure × ${shown(number(gain))}`);
      return `${"AB"[index]}: ${name}${figures.length ? ` (${figures.join(", ")})` : ""}`;
    });
    return `${this.image.name}, ${width}×${height}. ${parts.join(". ")}.`;
  }
}
