// What the settings of all channels have: which events, what went wrong, and what to do about it.
import { EVENTS } from "../../crm/channels.js";
import { t, time } from "../../i18n/index.js";
import { element } from "../../parts/element.js";
import { notice } from "../../parts/notice.js";
import { sentence } from "../../parts/value.js";

/** A box for each event, those that are told checked. */
export const eventBoxes = (told) => element("fieldset", {}, element("legend", {}, t("channels.events")),
  element("div.choices", {}, EVENTS.map((event) => element("label.check", {},
    element("input", { type: "checkbox", name: "event", value: event, checked: told.includes(event) }),
    t(`event.${event}`)))));

/**
 * What is checked; null where it is what holds for everybody who does not say. Throws where nothing is,
 * with advice.
 */
export function eventsOf(boxes, defaults) {
  const chosen = [...boxes.querySelectorAll(":checked")].map(({ value }) => value);
  if (!chosen.length) throw new Error(t("channels.advice.none"));
  return String(chosen) === String(defaults.events) ? null : chosen;
}

/** Why the worker switched a channel off, and what failed last; nothing where nothing did. */
export function failureOf({ is_enabled, disabled_reason, last_failed_at, last_failure, last_delivered_at }) {
  const said = (text) => element("p", {}, sentence(text));
  if (!is_enabled && disabled_reason) return notice("warning", t("channels.switchedOff"), said(disabled_reason));
  if (!last_failure) return null;
  const isPast = new Date(last_delivered_at ?? 0) > new Date(last_failed_at);
  return notice(isPast ? "note" : "warning", t("channels.failed", { time: time(last_failed_at) }), said(last_failure),
    isPast && t("channels.failed.past"));
}

// What the database says no with, and what to do.
const ADVICE = [
  [/plain_url/, "channels.advice.url"],
  [/can have 5 webhooks/, "channels.advice.five"],
  [/row-level security|permission denied/, "channels.advice.notYours"],
  [/one_of_a_kind|multiple \(or no\) rows|JSON object requested/, "channels.advice.elsewhere"],
];

/** A problem as advice; as it was said where there is none. */
export function adviceOf({ message }) {
  const known = ADVICE.find(([pattern]) => pattern.test(message));
  return known ? t(known[1]) : message;
}
