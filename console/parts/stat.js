// A figure with what it counts.
import { number } from "../i18n/index.js";
import { element } from "./element.js";

/** @param {"bad"|""} kind "bad" where the figure is more than 0 and should not be */
export const stat = (label, value, kind = "") =>
  element(kind && value ? `div.tile.${kind}` : "div.tile", {},
    element("strong", {}, typeof value === "number" ? number(value) : value),
    element("span", {}, label));

export const stats = (...tiles) => element("div.tiles", {}, tiles);
