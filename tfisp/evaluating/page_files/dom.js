// Making elements and texts. Names from outside become text, never markup.

const byId = (id) => document.getElementById(id);

// An element: attributes by name ("class", "title"; functions are listeners), then its children.
function make(tag, attributes, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes || {})) {
    if (typeof value === "function") element.addEventListener(name, value);
    else if (value !== null && value !== undefined) element.setAttribute(name, value);
  }
  element.append(...children);
  return element;
}

function makeSvg(tag, attributes, ...children) {
  const element = document.createElementNS("http://www.w3.org/2000/svg", tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  element.append(...children);
  return element;
}

// JSON has no words for infinite and undefined numbers; they come as text.
const WORDS = { inf: Infinity, "-inf": -Infinity, nan: NaN };
const number = (value) => (typeof value === "string" ? WORDS[value] : value);

// Four digits, which is more than pictures can tell apart.
function shown(value) {
  if (value === 0) return "0";
  if (value === Infinity) return "∞";
  if (value === -Infinity) return "−∞";
  if (Number.isNaN(value)) return "–";
  return value.toPrecision(4).replace("-", "−");
}

// Numbers and texts in order; undefined numbers last.
function compare(a, b) {
  if (typeof a === "string") return a.localeCompare(b, undefined, { numeric: true });
  if (Number.isNaN(a) || Number.isNaN(b)) return Number.isNaN(a) - Number.isNaN(b);
  return a === b ? 0 : a < b ? -1 : 1;
}
