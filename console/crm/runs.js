// What became of a job: its newest run, the rows that were refused, what can be undone.
import { rowsOf } from "./client.js";

const COLUMNS =
  "id,kind,dry_run,mode,attempt,outcome,row_count,created,updated,unchanged,removed,failed," +
  "unprocessed,zeroed,notes,failed_rows_path,export_path,started_at,finished_at,retry_at";

/**
 * The newest run of a job; null while nobody has begun it.
 * @param {string[]} more columns besides, such as "preview" or "rehearsal", which can be large
 */
export async function readRun(supabase, jobId, more = []) {
  const found = supabase
    .from("import_runs")
    .select([COLUMNS, ...more].join(","))
    .eq("job_id", jobId)
    .order("started_at", { ascending: false })
    .limit(1);
  return rowsOf(await found)[0] ?? null;
}

/**
 * A page of refused rows, by their number: [{row_number, field, message, row}].
 * @param {number} after the last row number of the page before; 0 for the first
 */
export async function readRefused(supabase, jobId, after, limit) {
  return rowsOf(
    await supabase
      .from("import_errors")
      .select("row_number,field,message,row")
      .eq("job_id", jobId)
      .gt("row_number", after)
      .order("row_number")
      .limit(limit),
  );
}

/** Until when a job can be undone, and by which job it was: {undo_until, undone_by, undone_at}. */
export async function readUndo(supabase, jobId) {
  const found = supabase
    .from("import_history")
    .select("undo_until,undone_by,undone_at")
    .eq("job_id", jobId)
    .limit(1);
  return rowsOf(await found)[0] ?? null;
}

/** The newest imports, undos and exports that somebody has begun, without rehearsals. */
export async function readRecent(supabase, limit) {
  const runs = rowsOf(
    await supabase
      .from("import_runs")
      .select(
        "job_id,kind,started_at,created,updated,unchanged,failed," +
          "job:scheduled_jobs!inner(file_name,status,creator_name,data_type)",
      )
      .in("kind", ["import", "undo"])
      .eq("dry_run", false)
      .order("started_at", { ascending: false })
      .limit(limit * 2), // a job that was taken over has several
  );
  const newest = new Map();
  for (const run of runs) if (!newest.has(run.job_id)) newest.set(run.job_id, run);
  return [...newest.values()].slice(0, limit);
}
