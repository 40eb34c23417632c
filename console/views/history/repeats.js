// How often a job repeats, in words.
import { WEEKDAYS } from "../../crm/schedules.js";
import { day, t, time } from "../../i18n/index.js";

export function repeatText(job) {
  const type = job.repeat_type ?? "none";
  if (type === "none") return t("repeat.none");
  const unit = unitOf(job);
  const days = unit === "weeks" ? weekdaysOf(job) : unit === "months" ? job.repeat_days_of_month ?? [] : [];
  const on = unit === "weeks" ? days.map(weekdayName) : days;
  return [
    t(`repeat.every.${unit}`, { count: Math.max(1, job.repeat_interval ?? 1) }),
    on.length > 0 && t("repeat.on", { days: on.join(", ") }),
    job.repeat_end_date && t("repeat.until", { day: endDay(job.repeat_end_date) }),
  ].filter(Boolean).join(" ");
}

/** The unit that a job repeats in, by its type. */
export const unitOf = ({ repeat_type: type, repeat_custom_unit: unit }) =>
  ({ daily: "days", weekly: "weeks", monthly: "months" })[type] ?? unit ?? "days";

/** The days of the week that are named, as WEEKDAYS names them. */
export function weekdaysOf({ repeat_days_of_week: names }) {
  const wished = (names ?? []).map((name) => String(name).trim().toLowerCase());
  return WEEKDAYS.filter((name, number) => wished.some((wish) => [name, name.slice(0, 3), String(number)].includes(wish)));
}

/** A weekday in the reader's language: 4 January 1970 was a Sunday. */
export const weekdayName = (name) =>
  time(Date.UTC(1970, 0, 4 + WEEKDAYS.indexOf(name)), { weekday: "long", timeZone: "UTC" });

/** The last day, which stands as midnight UTC. */
const endDay = (moment) => (/T00:00:00(\+00:00|Z)$/.test(moment)
  ? time(moment, { dateStyle: "long", timeZone: "UTC" }) : day(moment));
