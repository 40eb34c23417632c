// Jobs that wait for their time, and what a user may change of their own.
import { rowsOf } from "./client.js";

const COLUMNS =
  "id,created_by,creator_name,job_type,data_type,file_name,scheduled_time,repeat_type," +
  "repeat_interval,repeat_custom_unit,repeat_end_date,repeat_days_of_week,repeat_days_of_month";

export const REPEATS = ["none", "daily", "weekly", "monthly", "custom"];
export const UNITS = ["days", "weeks", "months"];
export const WEEKDAYS = ["sunday", "monday", "tuesday", "wednesday", "thursday", "friday", "saturday"];

/** A page of them, the next first; `after` is the last of the page before. */
export async function readSchedules(supabase, after, limit) {
  let query = supabase.from("scheduled_jobs").select(COLUMNS).eq("status", "pending");
  if (after) {
    const { scheduled_time: at, id } = after;
    query = query.or(`scheduled_time.gt."${at}",and(scheduled_time.eq."${at}",id.gt.${id})`);
  }
  return rowsOf(await query.order("scheduled_time").order("id").limit(limit));
}

/** Change a schedule; false where the job is not pending any more, or is not this user's. */
export async function changeSchedule(supabase, id, changes) {
  const changed = supabase.from("scheduled_jobs").update(changes).eq("id", id).eq("status", "pending");
  return rowsOf(await changed.select("id")).length > 0;
}
