// An empty list: what would be here.
import { element } from "./element.js";

export const nothing = (title, text, ...more) =>
  element("div.nothing", {}, element("p.title", {}, title), element("p", {}, text), more);
