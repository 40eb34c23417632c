// How imports went, for admins: docs/ANALYTICS.md.
import { rowsOf } from "./client.js";

export const ALL_KINDS = ["import", "export", "undo", "rehearsal", "preview"];

const period = (days) => ({
  days,
  time_zone: Intl.DateTimeFormat().resolvedOptions().timeZone,
});

const PAGE_LINES = 1000; // more than a project lets one answer have come in several

/** Every line of a function's answer. */
async function linesOf(supabase, name, days) {
  const lines = [];
  for (;;) {
    const found = supabase.rpc(name, period(days)).range(lines.length, lines.length + PAGE_LINES - 1);
    const page = rowsOf(await found);
    lines.push(...page);
    if (page.length < PAGE_LINES) return lines;
  }
}

/** By day, by type, and in sum: {days, types, sums}, each a list of lines of every kind. */
export async function readFigures(supabase, days) {
  const lines = await linesOf(supabase, "import_figures", days);
  return {
    days: lines.filter((line) => line.day),
    types: lines.filter((line) => line.organization_id),
    sums: lines.filter((line) => !line.day && !line.organization_id),
  };
}

/** Why rows were refused: [{data_type, reason, rows, jobs, last_at}]. */
export const readReasons = (supabase, days) => linesOf(supabase, "import_reasons", days);

/** Files that failed twice or more: [{file, data_type, uploads, failures, last_failed_at, last_message}]. */
export const readFailingFiles = (supabase, days) => linesOf(supabase, "import_failing_files", days);

/** Whether this user sees figures at all: the database decides. */
export async function isAnalyst(supabase) {
  return rowsOf(await supabase.from("import_analysts").select("organization_id").limit(1)).length > 0;
}
