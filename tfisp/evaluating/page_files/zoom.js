// Which part of a picture is seen, and how large: the same for all panes, so they stay together.

const LARGEST = 32; // screen pixels to one of the picture

class Zoom {
  // The picture's size and the pane's, in pixels of each.
  constructor() {
    this.picture = { width: 1, height: 1 };
    this.pane = { width: 1, height: 1 };
    this.fits = true;
    this.scale = 1;
    this.x = 0.5; // what lies in the middle of the pane, as a share of the picture
    this.y = 0.5;
  }

  get fitting() {
    return Math.min(this.pane.width / this.picture.width, this.pane.height / this.picture.height);
  }

  // One pixel of the picture to one of the screen, whose pixels may be finer than the page's.
  get actual() {
    return 1 / (window.devicePixelRatio || 1);
  }

  fit() {
    this.fits = true;
    this.settle();
  }

  // To a scale, about a point of the pane, which stays where it is.
  to(scale, at = { x: this.pane.width / 2, y: this.pane.height / 2 }) {
    const before = this.under(at);
    this.fits = false;
    this.scale = Math.min(Math.max(scale, Math.min(this.fitting, this.actual) / 2), LARGEST * this.actual);
    this.x = before.x - (at.x - this.pane.width / 2) / (this.scale * this.picture.width);
    this.y = before.y - (at.y - this.pane.height / 2) / (this.scale * this.picture.height);
    this.settle();
  }

  by(factor, at) {
    this.to(this.scale * factor, at);
  }

  // By pixels of the pane.
  move(right, down) {
    this.fits = false;
    this.x -= right / (this.scale * this.picture.width);
    this.y -= down / (this.scale * this.picture.height);
    this.settle();
  }

  // The share of the picture under a point of the pane.
  under(at) {
    return {
      x: this.x + (at.x - this.pane.width / 2) / (this.scale * this.picture.width),
      y: this.y + (at.y - this.pane.height / 2) / (this.scale * this.picture.height),
    };
  }

  // Keeps the picture in the pane, in its middle where it is smaller.
  settle() {
    if (this.fits) this.scale = this.fitting;
    const inside = (middle, pane, picture) => {
      const half = pane / (2 * this.scale * picture);
      return half >= 0.5 ? 0.5 : Math.min(Math.max(middle, half), 1 - half);
    };
    this.x = inside(this.x, this.pane.width, this.picture.width);
    this.y = inside(this.y, this.pane.height, this.picture.height);
  }

  // For the picture in a pane that begins at `corner`: on whole pixels of the screen, so that 1:1
  // is sharp.
  transform(corner) {
    const whole = (from, length) => Math.round((from + length) / this.actual) * this.actual - from;
    const left = this.pane.width / 2 - this.x * this.picture.width * this.scale;
    const top = this.pane.height / 2 - this.y * this.picture.height * this.scale;
    const x = whole(corner.left, left), y = whole(corner.top, top);
    return `translate(${x}px, ${y}px) scale(${this.scale})`;
  }

  get percent() {
    return Math.round((100 * this.scale) / this.actual);
  }
}
