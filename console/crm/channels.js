// Who asked to be told of what, and by which way: notification_channels. docs/NOTIFICATIONS.md
import { rowsOf } from "./client.js";

const COLUMNS =
  "id,kind,url,events,scope,language,is_enabled,disabled_reason,last_delivered_at,last_failed_at,last_failure";

/** What is told. */
export const EVENTS = [
  "import.completed", "import.failed", "import.held", "import.undone", "export.ready", "worker.absent",
];
export const SCOPES = ["own", "organization"];

/** The channels that this user may see, the oldest first; never their secrets. */
export async function readChannels(supabase) {
  return rowsOf(await supabase.from("notification_channels").select(COLUMNS).order("created_at").order("id"));
}

/** What holds for channels that do not say: {events, language}. */
export async function readDefaults(supabase) {
  const named = rowsOf(
    await supabase
      .from("import_settings")
      .select("name,value")
      .in("name", ["notification_events", "notification_language"]),
  );
  const { notification_events: events, notification_language: language } =
    Object.fromEntries(named.map(({ name, value }) => [name, value]));
  // Operators write them; what is no list tells nothing.
  const told = Array.isArray(events) ? EVENTS.filter((event) => events.includes(event)) : [];
  return { events: told, language: language ?? "en" };
}

/** Keep what a user wishes of a kind, "in_app" or "email": `id` is the row's, null where there is none. */
export async function keepWish(supabase, who, kind, id, wish) {
  if (id) return changeChannel(supabase, id, wish);
  const row = { organization_id: who.organizationId, profile_id: who.userId, kind, ...wish };
  rowsOf(await supabase.from("notification_channels").insert(row));
}

/** Change a channel: events, scope, language or is_enabled. Throws where it is gone. */
export async function changeChannel(supabase, id, changes) {
  rowsOf(await supabase.from("notification_channels").update(changes).eq("id", id).select("id").single());
}

/** Add a webhook of the organization; its secret, which is told this once. */
export async function addWebhook(supabase, who, { url, events }) {
  const row = { organization_id: who.organizationId, kind: "webhook", url, events };
  return rowsOf(await supabase.from("notification_channels").insert(row).select("secret").single()).secret;
}

/** Have a new secret made; it is told this once. For a day messages are signed with the one before, too. */
export async function renewSecret(supabase, id) {
  const asked = supabase.from("notification_channels").update({ secret: "" }).eq("id", id);
  return rowsOf(await asked.select("secret").single()).secret;
}

export async function removeChannel(supabase, id) {
  rowsOf(await supabase.from("notification_channels").delete().eq("id", id));
}
