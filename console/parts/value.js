// Fields by their names, and values as people write them.
import { isCents } from "../crm/fields.js";
import { has, money, number, t } from "../i18n/index.js";
import { element } from "./element.js";

/** A field's name, whether it is written as in a mapping (priceLevel) or in the database (price_level). */
export function fieldName(field) {
  const key = `field.${field.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`)}`;
  return has(key) ? t(key) : field;
}

/** A value as it is stored: money of items in cents. */
export function valueText(value, field, dataType) {
  if (value === null || value === undefined) return "";
  if (typeof value === "number") return isCents(dataType, field) ? money(value) : number(value);
  return typeof value === "object" ? JSON.stringify(value) : String(value);
}

/**
 * A sentence of the worker's, which is English, with the field that it begins with by its name:
 * unit_price "call" is not a number.
 */
export function sentence(said) {
  const named = said.replace(/^((?:Row [\d,]+: )?)([a-z]\w*)(?=[: ])/, (whole, row, field) =>
    fieldName(field) === field ? whole : row + fieldName(field));
  return element("span", { lang: "en" }, named);
}

/** Such sentences as paragraphs, a line each. */
export const paragraphs = (lines) =>
  (lines ?? "").split("\n").filter(Boolean).map((line) => element("p", {}, sentence(line)));

/** What was found out on the way, as a list in a card; nothing where there was nothing. */
export const notesCard = (notes) => notes?.length > 0 && element("section.card", {},
  element("h2", {}, t("import.notes")),
  element("ul.notes", {}, notes.map((note) => element("li", {}, sentence(note)))));

/** What the worker says in one of a few words it has; as it says it where the catalogue has none. */
export const workerWord = (kind, said) => (has(`${kind}.${said}`) ? t(`${kind}.${said}`) : said);
