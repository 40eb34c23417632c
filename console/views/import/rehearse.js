// Third step: what the import would do, to the row, before anything is written.
import { insertJob } from "../../crm/jobs.js";
import { readRun } from "../../crm/runs.js";
import { t } from "../../i18n/index.js";
import { element, show } from "../../parts/element.js";
import { notice } from "../../parts/notice.js";
import { awaitJob } from "../../parts/progress.js";
import { refusedRows } from "../../parts/refused.js";
import { stat, stats } from "../../parts/stat.js";
import { notesCard, paragraphs } from "../../parts/value.js";
import { go } from "../../router.js";
import { dropDraft, jobOf } from "./draft.js";
import { changesTable, missingTable, movesTables } from "./rehearsal.js";
import { steps } from "./steps.js";

export async function rehearseStep(place, context, draft) {
  const body = element("div.stack", {});
  show(place, element("h1", {}, t("import.rehearsal.of", { name: draft.fileName })), steps("rehearsal"), body);
  const words = { waits: t("import.rehearsal.waits"), runs: t("import.rehearsal.runs") };
  const job = await awaitJob(body, draft.rehearsalId, words, context);
  const run = job && await readRun(context.supabase, job.id, ["rehearsal"]);
  const refused = element("div", {});
  show(body, verdict(job, run), run && findings(run, draft, refused), actions(job, run, context, draft));
  if (run?.failed > 0) await refusedRows(refused, context.supabase, job.id);
}

function verdict(job, run) {
  if (job?.status !== "completed") {
    return notice("bad", t("import.rehearsal.failed"), ...paragraphs(job?.error_message ?? t("import.gone")));
  }
  const held = run.rehearsal?.held;
  if (held) return notice("warning", t("import.rehearsal.held"), ...paragraphs(held));
  if (run.failed > 0) {
    return notice("warning", t("import.rehearsal.refuses", { count: run.failed }), t("import.rehearsal.refuses.advice"));
  }
  return notice("good", t("import.rehearsal.sound"), t("import.rehearsal.nothing"));
}

function findings(run, draft, refused) {
  const { rows, changes = [], moves = [], missing } = run.rehearsal ?? {};
  return [
    rows && stats(
      stat(t("import.rehearsal.new"), rows.new), stat(t("import.rehearsal.changed"), rows.changed),
      stat(t("import.rehearsal.unchanged"), rows.unchanged), stat(t("import.rehearsal.refused"), rows.refused, "bad"),
      missing && stat(t("import.rehearsal.missing"), missing.items, "bad")),
    run.failed > 0 && element("section", {}, element("h2", {}, t("refused.title")), refused),
    changes.length > 0 && element("section", {}, element("h2", {}, t("import.changes")),
      changesTable(changes, draft.dataType)),
    moves.length > 0 && element("section", {}, element("h2", {}, t("import.moves")),
      movesTables(moves, draft.dataType)),
    missing && element("section", {}, element("h2", {}, t("import.missing")), missingTable(missing)),
    notesCard(run.notes),
  ];
}

function actions(job, run, { supabase, who }, draft) {
  const isHeld = Boolean(run?.rehearsal?.held);
  // The database says so too: a job of anybody else with the guards off is refused.
  const mayWrite = job?.status === "completed" && (!isHeld || who.isAdmin);
  const problem = element("div", {});
  const count = run ? run.created + run.updated : 0;
  const button = element(isHeld ? "button.danger" : "button.primary", { on: { click: () => begin() } },
    t(isHeld ? "import.run.guarded" : "import.run", { count }));
  const begin = async () => {
    button.disabled = true;
    try {
      const id = await insertJob(supabase, who, jobOf(draft, isHeld ? { guards: "off" } : {}));
      dropDraft();
      go("job", id);
    } catch (error) {
      button.disabled = false;
      show(problem, notice("bad", t("shell.wentWrong"), error.message));
    }
  };
  return [problem, element("div.actions.last", {},
    element("button", { on: { click: () => go("import", "columns") } }, t("import.back")),
    mayWrite && button)];
}
