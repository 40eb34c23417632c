// Fields of forms: a label above each, and what was chosen in all of them.
import { t } from "../i18n/index.js";
import { element } from "./element.js";

let made = 0;

/** A control with its label; `hint` stands below it. */
export function fieldOf(key, control, hint) {
  control.id ||= `control-${++made}`;
  if (hint) control.setAttribute("aria-describedby", `${control.id}-hint`);
  return element("div.field", {}, element("label", { for: control.id }, t(key)), control,
    hint && element("small", { id: `${control.id}-hint` }, hint));
}

/** Options of a select: [[value, text], …]. */
export const options = (choices, current = "") => choices.map(([value, text]) =>
  element("option", { value, selected: value === current }, text));

/** A form's values by the names of its controls, as trimmed texts. */
export const chosen = (form) =>
  Object.fromEntries([...new FormData(form)].map(([name, value]) => [name, String(value).trim()]));
