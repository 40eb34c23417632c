// Jobs that wait for their time: when, how often, and what their owner may change.
import { cancelJob } from "../../crm/jobs.js";
import { readSchedules } from "../../crm/schedules.js";
import { t, time } from "../../i18n/index.js";
import { element, show } from "../../parts/element.js";
import { nothing } from "../../parts/nothing.js";
import { notice } from "../../parts/notice.js";
import { pages, table } from "../../parts/table.js";
import { addressOf } from "../../router.js";
import { repeatText } from "./repeats.js";
import { scheduleForm } from "./schedule_form.js";

export async function schedulesPart(place, context) {
  const { supabase, who } = context;
  const told = element("div", {});
  const editor = element("div.stack", {});
  const list = element("div.whole-words", {});
  show(place, told, editor, list);

  const look = () => pages(list, {
    read: (after, limit) => readSchedules(supabase, after, limit),
    keyOf: (job) => job,
    draw: (jobs) => (jobs.length ? tableOf(jobs) : nothing(t("schedule.none"), t("schedule.none.long"))),
  });
  const edit = (job, button) => {
    show(told);
    show(editor, scheduleForm(job, supabase, async (outcome) => {
      show(editor);
      if (outcome) show(told, notice(outcome, t(outcome === "good" ? "schedule.changed" : "schedule.begun")));
      if (outcome) await look();
      else button.focus();
    }));
    editor.querySelector("input").focus();
  };
  const cancel = async (job) => {
    show(editor);
    try {
      await cancelJob(supabase, job.id);
      show(told, notice("good", t("schedule.cancelled", { name: nameOf(job) })));
    } catch (problem) {
      show(told, notice("bad", t("job.notCancelled"), problem.message));
    }
    await look();
  };
  const tableOf = (jobs) => table(t("history.schedules"),
    ["file", "what", "next", "repeats", "who", "actions"].map((name) => t(`schedule.${name}`)),
    jobs.map((job) => [
      element("a", { href: addressOf("job", job.id) }, nameOf(job)),
      t("schedule.of", { what: t(`history.one.${job.job_type}`), type: t(`type.${job.data_type}`) }),
      time(job.scheduled_time), repeatText(job), job.creator_name ?? "",
      job.created_by === who.userId ? actions(job, edit, cancel) : element("span.quiet", {}, t("schedule.notYours")),
    ]));
  await look();
}

const nameOf = (job) => job.file_name || t(`type.${job.data_type}`);

/** Edit and cancel; a cancel is asked for twice, for it ends a repeating job for good. */
function actions(job, edit, cancel) {
  const place = element("span.actions.tight", {});
  const begin = () => {
    const change = element("button", { on: { click: () => edit(job, change) } }, t("schedule.edit"));
    const stop = element("button.danger", { on: { click: ask } }, t("job.cancel"));
    show(place, change, stop);
    return stop;
  };
  const ask = () => {
    const really = element("button.danger", { on: { click: () => cancel(job) } }, t("schedule.really"));
    show(place, really, element("button", { on: { click: () => begin().focus() } }, t("schedule.keep")));
    really.focus();
  };
  begin();
  return place;
}
