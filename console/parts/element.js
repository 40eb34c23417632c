// Elements. Whatever comes from a file is text: nothing here, or anywhere in the page, takes markup.

/**
 * Make an element.
 * @param {string} tag "p", or "p.note.large" with classes
 * @param {object} attributes set as they are; true sets an empty one, false and null none. `on` holds
 *   listeners by event; `value`, `checked`, `disabled`, `selected` and `hidden` are properties.
 * @param {...(Node|string|number|null|false|Array)} children
 */
export function element(tag, attributes = {}, ...children) {
  const [name, ...classes] = tag.split(".");
  const made = document.createElement(name);
  if (classes.length) made.className = classes.join(" ");
  const { on = {}, ...rest } = attributes;
  for (const [key, value] of Object.entries(rest)) {
    if (PROPERTIES.has(key)) made[key] = value;
    else if (value !== false && value != null) made.setAttribute(key, value === true ? "" : value);
  }
  for (const [event, listener] of Object.entries(on)) made.addEventListener(event, listener);
  made.append(...nodesOf(children));
  return made;
}

const PROPERTIES = new Set(["value", "checked", "disabled", "selected", "hidden", "max"]);

const nodesOf = (children) =>
  children.flat(Infinity).filter((child) => child !== null && child !== false && child !== undefined)
    .map((child) => (child instanceof Node ? child : String(child)));

/** Put these in place of what is in an element. */
export function show(place, ...children) {
  place.replaceChildren(...nodesOf(children));
}

const SVG = "http://www.w3.org/2000/svg";

/** A line drawing of 24 by 24, for the eye alone. */
export function icon(name) {
  const drawing = document.createElementNS(SVG, "svg");
  drawing.setAttribute("viewBox", "0 0 24 24");
  drawing.setAttribute("class", "icon");
  drawing.setAttribute("aria-hidden", "true");
  const path = document.createElementNS(SVG, "path");
  path.setAttribute("d", ICONS[name]);
  drawing.append(path);
  return drawing;
}

const ICONS = {
  upload: "M12 16V4m0 0L7 9m5-5 5 5M4 16v3a1 1 0 0 0 1 1h14a1 1 0 0 0 1-1v-3",
  download: "M12 4v12m0 0 5-5m-5 5-5-5M4 16v3a1 1 0 0 0 1 1h14a1 1 0 0 0 1-1v-3",
  good: "M5 12.5 10 17.5 19.5 7",
  warning: "M12 4 2.5 20h19L12 4Zm0 6v5m0 2.5v.2",
  bad: "M12 3a9 9 0 1 0 0 18 9 9 0 0 0 0-18Zm0 4.5v6m0 3v.2",
  note: "M12 3a9 9 0 1 0 0 18 9 9 0 0 0 0-18Zm0 8v6m0-9.2v-.2",
  undo: "M8 8H4V4m.5 4A8.5 8.5 0 1 1 3.6 14",
  file: "M14 3H7a1 1 0 0 0-1 1v16a1 1 0 0 0 1 1h10a1 1 0 0 0 1-1V7l-4-4Zm0 0v4h4",
};
