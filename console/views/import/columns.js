// Second step: what the file's columns would become, to be looked at and corrected.
import { insertJob } from "../../crm/jobs.js";
import { readRun } from "../../crm/runs.js";
import { t } from "../../i18n/index.js";
import { element, show } from "../../parts/element.js";
import { notice } from "../../parts/notice.js";
import { awaitJob } from "../../parts/progress.js";
import { notesCard, paragraphs } from "../../parts/value.js";
import { go } from "../../router.js";
import { firstRows } from "./first_rows.js";
import { jobOf, keepDraft } from "./draft.js";
import { mappingList } from "./mapping.js";
import { optionFields } from "./options.js";
import { steps } from "./steps.js";
import { templateForm } from "./template.js";

export async function columnsStep(place, context, draft) {
  const body = element("div.stack", { tabindex: "-1" });
  show(place, element("h1", {}, t("import.columns.of", { name: draft.fileName })), steps("columns"), body);

  const lookAgain = async () => {
    draft.previewId = await insertJob(context.supabase, context.who, jobOf(draft, { preview: true }));
    keepDraft(draft);
    await look();
    body.focus(); // the button that was pressed is another one now
  };
  const look = async () => {
    const words = { waits: t("import.columns.waits"), runs: t("import.columns.runs") };
    const job = await awaitJob(body, draft.previewId, words, context);
    if (job?.status !== "completed") {
      show(body, cannotRead(job, draft, lookAgain));
      return;
    }
    const run = await readRun(context.supabase, draft.previewId, ["preview"]);
    show(body, found(run, context, draft, lookAgain));
  };
  await look();
}

/** A file that cannot be read at all: why, and how to say what could not be found out. */
function cannotRead(job, draft, lookAgain) {
  return [
    notice("bad", t("import.cannotRead"), ...paragraphs(job?.error_message ?? t("import.gone"))),
    element("section.card", {}, element("h2", {}, t("import.options")),
      optionFields(draft, null, lookAgain)),
    actions([otherFile()]),
  ];
}

function found({ preview, notes }, context, draft, lookAgain) {
  const rehearse = element("button.primary", {
    on: { click: () => begin().catch((error) => show(problem, notice("bad", t("shell.wentWrong"), error.message))) },
  }, t("import.rehearse"));
  const problem = element("div", {});
  const begin = async () => {
    rehearse.disabled = true;
    try {
      draft.rehearsalId = await insertJob(context.supabase, context.who, jobOf(draft, { dry_run: true }));
    } finally {
      rehearse.disabled = false;
    }
    keepDraft(draft);
    go("import", "rehearsal");
  };

  const columns = mappingList(preview, draft, {
    changed: (isSound) => {
      keepDraft(draft);
      rehearse.disabled = !isSound;
      show(changes, t("import.columns.changed"));
    },
  });
  // A file that lacks something goes no further until somebody has chosen another column.
  rehearse.disabled = preview.problem !== null && !draft.mapping;
  const changes = element("p.quiet", { role: "status" });

  return [
    verdict(preview),
    notesCard(notes),
    element("section.card", {},
      element("div.actions", {}, element("h2", {}, t("import.columns")), changes,
        element("button.end", { on: { click: lookAgain } }, t("import.lookAgain"))),
      columns,
      preview.columns_left_out > 0 &&
        element("p.quiet", {}, t("import.columns.leftOut", { count: preview.columns_left_out })),
      templateForm(preview, draft, context)),
    element("details.card", { open: preview.problem !== null },
      element("summary", {}, t("import.options")), optionFields(draft, preview, lookAgain)),
    preview.first_rows.length > 0 && element("section", {}, element("h2", {}, t("import.firstRows")),
      firstRows(preview.first_rows, draft.dataType)),
    problem,
    actions([otherFile(), rehearse]),
  ];
}

/** What the rows that were looked at say of the file as a whole. */
function verdict({ problem, refused, rows_looked_at: looked, is_all: isAll, missing }) {
  const rows = t(isAll ? "import.looked.all" : "import.looked.first", { count: looked });
  if (problem !== null) return notice("bad", t("import.problem"), ...paragraphs(problem), rows);
  if (refused > 0) {
    return notice("warning", t("import.refuses", { count: refused }), rows, t("import.refuses.advice"));
  }
  if (missing.length > 0) return notice("note", t("import.onlyUpdates"), rows);
  return notice("good", t("import.sound"), rows);
}

const otherFile = () =>
  element("button", { on: { click: () => go("import") } }, t("import.otherFile"));

const actions = (buttons) => element("div.actions.last", {}, buttons);
