// Changing a schedule of one's own: its time, its name, how it repeats.
import { changeSchedule, REPEATS, UNITS, WEEKDAYS } from "../../crm/schedules.js";
import { t } from "../../i18n/index.js";
import { element, show } from "../../parts/element.js";
import { chosen, fieldOf, options } from "../../parts/fields.js";
import { notice } from "../../parts/notice.js";
import { unitOf, weekdayName, weekdaysOf } from "./repeats.js";

/** @param {(outcome: "good"|"warning"|undefined) => void} left it was changed; it had begun; nothing was */
export function scheduleForm(job, supabase, left) {
  const problem = element("div", {});
  const repeats = element("select", { name: "repeat_type" },
    options(REPEATS.map((type) => [type, t(`repeat.type.${type}`)]), job.repeat_type ?? "none"));
  const unit = element("select", { name: "repeat_custom_unit" },
    options(UNITS.map((unit) => [unit, t(`repeat.unit.${unit}`)]), job.repeat_custom_unit ?? "days"));
  const interval = element("input", {
    name: "repeat_interval", type: "number", min: "1", max: "1000", value: job.repeat_interval ?? 1,
  });
  const end = element("input", { name: "repeat_end_date", type: "date", value: (job.repeat_end_date ?? "").slice(0, 10) });
  const weekdays = weekdayBoxes(job);
  const monthDays = element("input", {
    name: "repeat_days_of_month", inputmode: "numeric", pattern: "[0-9 ,]*",
    value: (job.repeat_days_of_month ?? []).join(", "),
  });
  const custom = fieldOf("repeat.unit", unit);
  const often = fieldOf("repeat.interval", interval);
  const last = fieldOf("repeat.end", end);
  const ofMonth = fieldOf("repeat.monthDays", monthDays, t("repeat.monthDays.hint"));
  const fit = () => {
    const asked = unitOf({ repeat_type: repeats.value, repeat_custom_unit: unit.value });
    const isRepeating = repeats.value !== "none";
    custom.hidden = repeats.value !== "custom";
    often.hidden = last.hidden = !isRepeating;
    weekdays.hidden = !isRepeating || asked !== "weeks";
    ofMonth.hidden = !isRepeating || asked !== "months";
  };
  const save = async (event) => {
    event.preventDefault();
    try {
      left((await changeSchedule(supabase, job.id, changesOf(event.target, unit.value, job))) ? "good" : "warning");
    } catch (error) {
      show(problem, notice("bad", t("schedule.notChanged"), error.message));
    }
  };
  const form = element("form.card", { "aria-label": t("schedule.edit"), on: { submit: save, change: fit } }, problem,
    element("div.fields", {},
      fieldOf("schedule.name", element("input", { name: "file_name", value: job.file_name ?? "" })),
      fieldOf("schedule.next", element("input", {
        name: "scheduled_time", type: "datetime-local", required: true, value: localOf(job.scheduled_time),
      }), t("schedule.zone", { zone: Intl.DateTimeFormat().resolvedOptions().timeZone })),
      fieldOf("repeat.type", repeats), custom, often, last, ofMonth),
    weekdays,
    element("div.actions", {}, element("button.primary", {}, t("schedule.save")),
      element("button", { type: "button", on: { click: () => left() } }, t("schedule.leave"))));
  fit();
  return form;
}

function weekdayBoxes(job) {
  const named = weekdaysOf(job);
  return element("fieldset", {}, element("legend", {}, t("repeat.weekdays")), element("div.choices", {},
    WEEKDAYS.map((name) => element("label.check", {},
      element("input", { type: "checkbox", name: "weekday", value: name, checked: named.includes(name) }), weekdayName(name)))));
}

/** The columns to write: what does not belong to the way it repeats is taken away. */
function changesOf(form, unitChosen, job) {
  const given = chosen(form);
  const type = given.repeat_type;
  const unit = unitOf({ repeat_type: type, repeat_custom_unit: unitChosen });
  const isRepeating = type !== "none";
  const weekdays = new FormData(form).getAll("weekday");
  const monthDays = given.repeat_days_of_month.split(/[ ,]+/).map(Number).filter((day) => day >= 1 && day <= 31);
  return {
    file_name: given.file_name || null,
    // A field has no seconds: who leaves the time alone changes nothing of it.
    scheduled_time: given.scheduled_time === localOf(job.scheduled_time)
      ? job.scheduled_time : new Date(given.scheduled_time).toISOString(),
    repeat_type: type,
    repeat_interval: isRepeating ? Number(given.repeat_interval || 1) : null,
    repeat_custom_unit: type === "custom" ? unit : null,
    repeat_end_date: isRepeating && given.repeat_end_date ? `${given.repeat_end_date}T00:00:00Z` : null,
    repeat_days_of_week: isRepeating && unit === "weeks" && weekdays.length ? weekdays : null,
    repeat_days_of_month: isRepeating && unit === "months" && monthDays.length ? monthDays : null,
  };
}

/** A moment as a field for local times holds it. */
function localOf(moment) {
  const date = new Date(moment);
  const two = (number) => String(number).padStart(2, "0");
  return `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())}` +
    `T${two(date.getHours())}:${two(date.getMinutes())}`;
}
