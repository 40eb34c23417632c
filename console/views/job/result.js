// What became of a job: counts, refused rows, notes, files.
import { linkTo } from "../../crm/files.js";
import { number, t } from "../../i18n/index.js";
import { element, icon, show } from "../../parts/element.js";
import { notice } from "../../parts/notice.js";
import { refusedRows } from "../../parts/refused.js";
import { stat, stats } from "../../parts/stat.js";
import { notesCard, paragraphs } from "../../parts/value.js";
import { changesTable } from "../import/rehearsal.js";

export async function result(place, job, run, context) {
  const refused = element("div", {});
  const hasRefused = run?.failed > 0;
  show(place,
    verdict(job, run),
    run && counts(run),
    hasRefused && element("section", {},
      element("div.actions", {}, element("h2", {}, t(run.kind === "undo" ? "job.kept.title" : "refused.title")),
        run.failed_rows_path && download(context.supabase, "imports", run.failed_rows_path, failedName(job), t("job.failedRows"))),
      run.failed_rows_path && element("p.quiet", {}, t("job.failedRows.long")),
      refused),
    run?.export_path && element("div.actions", {},
      download(context.supabase, "exports", run.export_path, run.export_path.split("/").pop(), t("job.exported"))),
    run?.rehearsal?.changes && run.dry_run && element("section", {}, element("h2", {}, t("import.changes")),
      changesTable(run.rehearsal.changes, job.data_type)),
    notesCard(run?.notes));
  if (hasRefused) await refusedRows(refused, context.supabase, job.id);
}

function verdict(job, run) {
  const said = paragraphs(job.error_message);
  if (job.status === "failed") {
    return notice("bad", t(run?.dry_run ? "import.rehearsal.failed" : "job.failed"), ...said);
  }
  if (job.status === "cancelled") return notice("warning", t("job.cancelled"), t("job.cancelled.long"));
  if (run?.kind === "undo" || run?.dry_run) return notice("good", t(run.dry_run ? "job.rehearsed" : "job.undone"), said[0]);
  if (run?.kind === "export") return notice("good", t("job.exportDone"));
  const count = run ? run.created + run.updated : job.record_count ?? 0;
  if (run?.failed > 0) {
    return notice("warning", t("job.partly", { count, refused: number(run.failed) }), t("job.partly.long"));
  }
  return notice("good", t("job.done", { count }));
}

function counts(run) {
  if (run.kind === "undo") {
    return stats(stat(t("job.count.restored"), run.updated - run.removed), stat(t("job.count.removed"), run.removed),
      run.created > 0 && stat(t("job.count.again"), run.created), stat(t("job.count.kept"), run.failed, "bad"));
  }
  if (run.kind === "export") return stats(stat(t("job.count.rows"), run.row_count ?? 0));
  return stats(
    stat(t("job.count.created"), run.created),
    stat(t("job.count.changed"), run.updated - run.unchanged),
    stat(t("job.count.unchanged"), run.unchanged),
    stat(t("job.count.refused"), run.failed, "bad"),
    run.unprocessed > 0 && stat(t("job.count.unprocessed"), run.unprocessed, "bad"),
    run.zeroed > 0 && stat(t("job.count.zeroed"), run.zeroed));
}

const failedName = (job) => `${(job.file_name ?? job.id).replace(/\.\w+$/, "")} - ${t("job.failedRows.name")}.csv`;

/** A button that fetches a link, good for a minute, and follows it. */
function download(supabase, bucket, path, name, text) {
  const follow = async () => {
    try {
      const link = element("a", { href: await linkTo(supabase, bucket, path, name), download: name });
      link.click();
    } catch (error) {
      button.after(element("span", { role: "alert" }, t("job.noFile"), " ", error.message));
    }
  };
  const button = element("button.end", { on: { click: follow } }, icon("download"), text);
  return button;
}
