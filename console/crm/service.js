// Whether there is a worker, and how long the oldest due job has waited.
import { rowsOf } from "./client.js";

/** {is_alive, since, oldest_due_seconds} */
export async function readService(supabase) {
  const found = supabase.from("import_service_status").select("is_alive,since,oldest_due_seconds");
  return rowsOf(await found.single());
}

/** When workers were last seen, the newest first: [{started_at, last_seen_at, alive_until}]. */
export async function readWorkers(supabase) {
  return rowsOf(
    await supabase
      .from("import_workers")
      .select("started_at,last_seen_at,alive_until")
      .order("last_seen_at", { ascending: false })
      .limit(20),
  );
}
