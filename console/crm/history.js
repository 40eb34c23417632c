// What was done: jobs that somebody has begun, and what they did to one item. docs/HISTORY.md
import { rowsOf } from "./client.js";

const COLUMNS =
  "job_id,kind,data_type,file_name,creator_name,started_at,seconds,status,dry_run,rows," +
  "rows_created,rows_changed,rows_unchanged,rows_refused,undone_by";

/** What a list of jobs may be narrowed down to; "" is for all. */
export const KINDS = ["import", "export", "undo", "rehearsal"];
export const STATUSES = ["processing", "completed", "failed", "cancelled"];

/**
 * A page of jobs, the newest first.
 * @param {{kind, status, dataType, file, who, from, to}} filters of texts: kind of KINDS, or "" for all
 *   but rehearsals; file and who are parts of a name; from and to are moments, from on and before
 * @param {{started_at, job_id}|undefined} after the last job of the page before
 */
export async function readHistory(supabase, filters, after, limit) {
  let query = supabase.from("import_history").select(COLUMNS);
  const { kind, status, dataType, file, who, from, to } = filters;
  query = query.is("dry_run", kind === "rehearsal");
  // One that an operator lets begin anew has no start, and waits.
  query = query.not("started_at", "is", null);
  if (kind && kind !== "rehearsal") query = query.eq("kind", kind);
  if (status) query = query.eq("status", status);
  if (dataType) query = query.eq("data_type", dataType);
  if (file) query = query.ilike("file_name", anywhere(file));
  if (who) query = query.ilike("creator_name", anywhere(who));
  if (from) query = query.gte("started_at", from);
  if (to) query = query.lt("started_at", to);
  if (after) {
    const { started_at: at, job_id: id } = after;
    query = query.or(`started_at.lt."${at}",and(started_at.eq."${at}",job_id.lt.${id})`);
  }
  const newest = { ascending: false };
  return rowsOf(await query.order("started_at", newest).order("job_id", newest).limit(limit));
}

/** A pattern for a text anywhere, whatever signs are in it. PostgREST takes "*" for "%". */
const anywhere = (text) => `%${text.replace(/[\\%_]/g, "\\$&").replaceAll("*", "_")}%`;

/**
 * What imports did to the item with a SKU, the newest first, at most so many lines: [{changed_at, job_id,
 * kind, file_name, creator_name, row_number, happened, field, before, after}].
 */
export async function readItem(supabase, sku, limit) {
  return rowsOf(await supabase.rpc("item_history", { sku }).limit(limit));
}

/** Every attempt at a job, the first first. */
export async function readAttempts(supabase, jobId) {
  return rowsOf(
    await supabase
      .from("import_runs")
      .select("attempt,started_at,finished_at,outcome,mapping")
      .eq("job_id", jobId)
      .order("started_at"),
  );
}
