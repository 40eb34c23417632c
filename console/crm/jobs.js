// Jobs: rows of scheduled_jobs. Named columns only, for file_data may hold a whole file.
import { rowsOf } from "./client.js";

/** What a list or a page of a job needs of its row. */
export const COLUMNS =
  "id,organization_id,created_by,creator_name,job_type,data_type,file_name,status,progress," +
  "record_count,error_message,scheduled_time,created_at,started_at,completed_at";

export const isOver = (job) => ["completed", "failed", "cancelled"].includes(job.status);

/** The job, or null where there is none (any more) that this user may see. */
export async function readJob(supabase, id) {
  const answer = supabase.from("scheduled_jobs").select(COLUMNS).eq("id", id).limit(1);
  return rowsOf(await answer)[0] ?? null;
}

/** What waits or is under way, as due as it is: at most `limit` jobs. */
export async function readUnfinished(supabase, limit = 50) {
  return rowsOf(
    await supabase
      .from("scheduled_jobs")
      .select(COLUMNS)
      .in("status", ["pending", "processing"])
      .order("scheduled_time")
      .order("id")
      .limit(limit),
  );
}

/**
 * Insert a job that is due now, in the user's own name; its id.
 * @param {{dataType: string, fileName: string, fileData: object}} job fileData: docs/IMPORTING.md
 */
export async function insertJob(supabase, who, { dataType, fileName, fileData }) {
  const row = {
    organization_id: who.organizationId,
    created_by: who.userId,
    creator_name: who.name,
    job_type: "import",
    data_type: dataType,
    scheduled_time: new Date().toISOString(),
    status: "pending",
    file_name: fileName,
    file_data: fileData,
  };
  return rowsOf(await supabase.from("scheduled_jobs").insert(row).select("id").single()).id;
}

/** Cancel a job of one's own that has not ended. What is written stays. */
export async function cancelJob(supabase, id) {
  const cancelled = { status: "cancelled", completed_at: new Date().toISOString() };
  rowsOf(await supabase.from("scheduled_jobs").update(cancelled).eq("id", id).select("id"));
}
