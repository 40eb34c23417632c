// One job: how far it is, what became of it, and how it is undone. An import, a rehearsal, an undo or
// an export.
import { cancelJob, isOver, readJob } from "../crm/jobs.js";
import { readRun } from "../crm/runs.js";
import { t, time } from "../i18n/index.js";
import { element, show } from "../parts/element.js";
import { nothing } from "../parts/nothing.js";
import { notice } from "../parts/notice.js";
import { statePill } from "../parts/pill.js";
import { awaitJob } from "../parts/progress.js";
import { addressOf } from "../router.js";
import { attemptsSection } from "./job/attempts.js";
import { steps } from "./import/steps.js";
import { result } from "./job/result.js";
import { undoSection } from "./job/undo.js";

export default {
  path: "job",
  title: "job.title",
  inNavigation: false,
  async show(place, context) {
    const { supabase, who, rest: [id = ""] } = context;
    const job = /^[0-9a-f-]{36}$/i.test(id) ? await readJob(supabase, id) : null;
    if (!job) {
      show(place, nothing(t("job.none"), t("job.none.long"), another()));
      return;
    }
    const head = element("div.stack", {});
    const body = element("div.stack", {});
    show(place, head, body);
    show(head, heading(job));
    let over = job;
    if (!isOver(job)) {
      const bar = element("div.stack", {});
      show(body, bar, element("p.quiet", {}, t("job.goesOn")), job.created_by === who.userId && cancelButton(job, context));
      const words = job.job_type === "export"
        ? { waits: t("exports.waits"), runs: t("exports.runs") }
        : { waits: t("job.waits"), runs: t("job.runs") };
      over = await awaitJob(bar, id, words, context, (now) => show(head, heading({ ...job, ...now })));
      if (!over) {
        show(place, nothing(t("job.none"), t("job.none.long"), another()));
        return;
      }
    }
    const run = await readRun(supabase, id, ["rehearsal"]);
    show(head, heading({ ...job, ...over }, run));
    const parts = element("div.stack", {});
    const undo = element("div.stack", {});
    const attempts = element("div", {});
    show(body, parts, undo, attempts, element("div.actions.last", {}, another()));
    await result(parts, { ...job, ...over }, run, context);
    if (run) await undoSection(undo, { ...job, ...over }, run, context);
    await attemptsSection(attempts, job, context);
  },
};

function heading(job, run) {
  const name = job.file_name ?? t(`type.${job.data_type}`);
  const isImport = job.job_type === "import" && (!run || (run.kind === "import" && !run.dry_run));
  return [
    element("div.actions", {}, element("h1", {}, name), statePill(job.status)),
    element("p.quiet", {}, [
      t(`type.${job.data_type}`),
      job.creator_name,
      isOver(job) && job.completed_at
        ? t("job.ended", { time: time(job.completed_at) }) : t("job.due", { time: time(job.scheduled_time) }),
    ].filter(Boolean).join(" · ")),
    isImport && steps("result"),
  ];
}

function cancelButton(job, { supabase }) {
  const problem = element("div", {});
  const cancel = async () => {
    button.disabled = true;
    try {
      await cancelJob(supabase, job.id);
    } catch (error) {
      button.disabled = false;
      show(problem, notice("bad", t("job.notCancelled"), error.message));
    }
  };
  const button = element("button.danger", { on: { click: cancel } }, t("job.cancel"));
  return element("div.stack", {}, problem, element("div.actions", {}, button,
    element("span.quiet", {}, t("job.cancel.long"))));
}

const another = () => element("a.button", { href: addressOf("import") }, t("job.another"));
