// Status: whether anybody works, and what waits.
import { isOver, readUnfinished } from "../crm/jobs.js";
import { readService, readWorkers } from "../crm/service.js";
import { span, t, time } from "../i18n/index.js";
import { element, show } from "../parts/element.js";
import { nothing } from "../parts/nothing.js";
import { notice } from "../parts/notice.js";
import { statePill } from "../parts/pill.js";
import { stat, stats } from "../parts/stat.js";
import { table } from "../parts/table.js";
import { addressOf } from "../router.js";

const EVERY_SECONDS = 15;

export default {
  path: "status",
  title: "status.title",
  inNavigation: true,
  async show(place, { supabase, watch, signal }) {
    const service = element("div.stack", {});
    const waiting = element("div", {});
    show(place, element("h1", {}, t("status.title")), service,
      element("section", {}, element("h2", {}, t("status.waiting")), waiting), unsaid());

    const refresh = async () => {
      const [told, workers, jobs] = await Promise.all(
        [readService(supabase), readWorkers(supabase), readUnfinished(supabase)]);
      if (signal.aborted) return;
      show(service, serviceOf(told, workers));
      show(waiting, jobsOf(jobs));
    };
    const again = () => refresh().catch(() => {}); // the next one will do
    const timer = setInterval(again, EVERY_SECONDS * 1000);
    signal.addEventListener("abort", () => clearInterval(timer));
    let known = new Map();
    watch.onJob((job) => {
      // Progress alone changes nothing here.
      if (job && known.get(job.id) === job.status) return;
      if (job) isOver(job) ? known.delete(job.id) : known.set(job.id, job.status);
      again();
    }, signal);
    await refresh();
  },
};

function serviceOf(told, workers) {
  const onDuty = workers.filter((worker) => new Date(worker.alive_until) > new Date());
  const said = told.is_alive
    ? notice("good", t("status.alive"), t("status.alive.since", { time: time(told.since) }))
    : notice("warning", t("status.paused"),
      told.since ? t("status.paused.since", { time: time(told.since) }) : t("status.never"));
  const waited = told.oldest_due_seconds;
  return [said, stats(
    stat(t("status.workers"), onDuty.length
      ? t("status.workers.count", { count: onDuty.length }) : t("status.workers.none")),
    waited === null
      ? stat(t("status.idle.long"), t("status.idle"))
      : stat(t("status.waited.long"), span(waited)))];
}

function jobsOf(jobs) {
  if (!jobs.length) return nothing(t("status.waiting.none"), t("status.waiting.none.long"));
  return table(t("status.waiting"), [t("status.file"), t("status.by"), t("status.due"), t("status.state")],
    jobs.map((job) => [
      element("a", { href: addressOf("job", job.id) }, job.file_name ?? t(`type.${job.data_type}`)),
      job.creator_name ?? "",
      time(job.scheduled_time),
      statePill(job.status),
    ]));
}

const unsaid = () => element("section", {}, element("h2", {}, t("status.findings")),
  element("p.quiet", {}, t("status.findings.text")), element("pre", {}, "python -m worker doctor"));
