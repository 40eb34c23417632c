// What the page says, in the reader's language: t("key", {values}). Numbers and times as they write them.
import en from "./en.js";
import fr from "./fr.js";

const CATALOGUES = { en, fr };
const STORED = "prospaces-imports-language";
export const LANGUAGES = { en: "English", fr: "Français" };

let language = "en";
let locale = "en-CA";

/** Choose a language, or the one that was chosen before, or the browser's. */
export function chooseLanguage(chosen) {
  if (chosen) localStorage.setItem(STORED, chosen);
  const wished = [localStorage.getItem(STORED), ...navigator.languages].filter(Boolean);
  const found = wished.find((tag) => tag.split("-")[0] in CATALOGUES) ?? "en";
  language = found.split("-")[0];
  // The region is the reader's where it fits, for numbers and times: fr-CA, en-GB.
  locale = navigator.languages.find((tag) => tag.split("-")[0] === language) ?? language;
  document.documentElement.lang = language;
}

export const currentLanguage = () => language;

/**
 * A sentence. `{name}` in it stands for a value: numbers are written as the reader does. With a `count`,
 * the catalogue may have "key.one" beside "key.other".
 */
export function t(key, values = {}) {
  const said = CATALOGUES[language][pluralOf(key, values.count)];
  if (said === undefined) throw new Error(`no text for ${key}`);
  return said.replace(/\{(\w+)\}/g, (_, name) => written(values[name]));
}

/** Whether the catalogues have a key; for what the database names, such as fields. */
export const has = (key) => key in CATALOGUES[language];

function pluralOf(key, count) {
  if (count === undefined) return key;
  const form = `${key}.${new Intl.PluralRules(locale).select(count)}`;
  return form in CATALOGUES[language] ? form : `${key}.other`;
}

const written = (value) => (typeof value === "number" ? number(value) : String(value));

export const number = (value, options) => new Intl.NumberFormat(locale, options).format(value);

export const percent = (share) => number(share, { style: "percent", maximumFractionDigits: 0 });

/** Cents as dollars, without a sign: 1234 is 12.34. */
export const money = (cents) => number(cents / 100, { minimumFractionDigits: 2 });

/** A moment, in the reader's zone. */
export const time = (moment, options = { dateStyle: "medium", timeStyle: "short" }) =>
  new Intl.DateTimeFormat(locale, options).format(new Date(moment));

export const day = (moment) => time(moment, { dateStyle: "long" });

/** A span in its largest unit: 4 seconds, 3 minutes, 2 hours, 5 days. */
export function span(seconds) {
  const units = [["day", 86_400], ["hour", 3600], ["minute", 60], ["second", 1]];
  const [unit, size] = units.find(([, size]) => seconds >= size) ?? ["second", 1];
  const style = { style: "unit", unit, unitDisplay: "long", maximumFractionDigits: 0 };
  return number(Math.floor(seconds / size), style);
}
