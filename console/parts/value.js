// Fields by their names, and values as people write them.
import { isCents } from "../crm/fields.js";
import { has, money, number, t } from "../i18n/index.js";

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

/** What the worker says in one of a few words it has; as it says it where the catalogue has none. */
export const workerWord = (kind, said) => (has(`${kind}.${said}`) ? t(`${kind}.${said}`) : said);
