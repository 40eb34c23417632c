// Taking an import back: first what would go back and what would stay, then in earnest.
import { insertJob } from "../../crm/jobs.js";
import { readRun, readUndo } from "../../crm/runs.js";
import { day, t } from "../../i18n/index.js";
import { element, icon, show } from "../../parts/element.js";
import { notice } from "../../parts/notice.js";
import { awaitJob } from "../../parts/progress.js";
import { refusedRows } from "../../parts/refused.js";
import { stat, stats } from "../../parts/stat.js";
import { paragraphs } from "../../parts/value.js";
import { addressOf, go } from "../../router.js";

export async function undoSection(place, job, run, context) {
  const told = await readUndo(context.supabase, job.id);
  if (told?.undone_by) {
    show(place, notice("note", t("undo.done", { day: day(told.undone_at) }),
      element("p", {}, element("a", { href: addressOf("job", told.undone_by) }, t("undo.done.by")))));
    return;
  }
  if (!told?.undo_until || run.dry_run) return;
  const mayUndo = job.created_by === context.who.userId || context.who.isAdmin;
  const body = element("div.stack", {});
  show(place, element("section.card", {}, element("h2", {}, t(run.kind === "undo" ? "undo.again" : "undo.title")), body));
  if (!mayUndo) {
    show(body, element("p.quiet", {}, t("undo.notYours")));
    return;
  }
  const button = element("button", { on: { click: () => rehearse() } }, icon("undo"), t("undo.look"));
  const begin = () => show(body, element("p.quiet", {}, until(told)), element("div.actions", {}, button));
  const rehearse = async () => {
    try {
      await look(body, job, context, begin);
    } catch (error) {
      if (!context.signal.aborted) show(body, notice("bad", t("shell.wentWrong"), error.message));
    }
  };
  begin();
}

const until = ({ undo_until }) => undo_until === "infinity"
  ? t("undo.always") : t("undo.until", { day: day(undo_until) });

/** Rehearse the undo, show what it would do, and offer to do it. */
async function look(body, job, context, begin) {
  const { supabase, who } = context;
  const undo = (options) => insertJob(supabase, who, {
    dataType: job.data_type,
    fileName: t("undo.name", { name: job.file_name ?? "" }),
    fileData: { undo: { job_ids: [job.id] }, ...(options && { options }) },
  });
  const waiting = element("div.stack", {});
  show(body, waiting);
  const words = { waits: t("undo.waits"), runs: t("undo.runs") };
  const looked = await awaitJob(waiting, await undo({ dry_run: true }), words, context);
  const run = looked && await readRun(supabase, looked.id);
  const back = element("button", { on: { click: begin } }, t("undo.leave"));
  if (looked?.status !== "completed") {
    show(body, notice("bad", t("undo.refused"), ...paragraphs(looked?.error_message ?? t("import.gone"))),
      element("div.actions", {}, back));
    return;
  }
  const kept = element("div", {});
  const confirm = element("button.danger", {
    on: {
      click: async () => {
        confirm.disabled = true;
        go("job", await undo());
      },
    },
  }, icon("undo"), t("undo.confirm"));
  show(body,
    stats(stat(t("undo.restored"), run.updated - run.removed), stat(t("undo.removed"), run.removed),
      run.created > 0 && stat(t("undo.put"), run.created), stat(t("undo.kept"), run.failed, "bad")),
    run.failed > 0 && element("section", {}, element("h3", {}, t("undo.kept.title")), kept),
    element("div.actions", {}, back, confirm));
  confirm.focus();
  if (run.failed > 0) await refusedRows(kept, supabase, looked.id);
}
