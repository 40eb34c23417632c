// Runs the code of docs/NOTIFICATIONS.md, which PAGE_CODE holds, as users of two organizations; what
// came of it goes to standard output as one JSON object, for test_notifications_page.py.
import { createRequire } from "node:module";

const { PACKAGE, SUPABASE_URL, PUBLISHABLE_KEY, PAGE_CODE, PASSWORD } = process.env;
const require = createRequire(PACKAGE);
const { createClient } = require("@supabase/supabase-js");
const transport = require("ws"); // Node 20 has no WebSocket of its own

const auth = { persistSession: false, autoRefreshToken: false };
const signedIn = async (email) => {
  const client = createClient(SUPABASE_URL, PUBLISHABLE_KEY, { auth, realtime: { transport } });
  const { data, error } = await client.auth.signInWithPassword({ email, password: PASSWORD });
  if (error) throw error;
  return { client, user: data.user };
};
const [creator, colleague, stranger] = await Promise.all(
  ["olivia@cedar.test", "liam@cedar.test", "noah@granite.test"].map(signedIn),
);
const { askForInbox, readUnread, watchInbox, markAsRead } = new Function(
  `${PAGE_CODE}; return { askForInbox, readUnread, watchInbox, markAsRead };`,
)();

const said = {};
for (const scope of ["own", "organization"]) {
  await askForInbox(creator.client, creator.user, "org_cedar", scope);
}
await askForInbox(stranger.client, stranger.user, "org_granite", "organization");
said.inAnothersName = await askForInbox(stranger.client, creator.user, "org_cedar").catch(
  (error) => error.message,
);

let shown;
const line = new Promise((resolve) => (shown = resolve));
const channel = watchInbox(creator.client, creator.user, shown);
await new Promise((flows) => channel.on("system", {}, flows)); // from now on changes flow

const { error } = await creator.client.from("scheduled_jobs").insert({
  organization_id: "org_cedar", created_by: creator.user.id, job_type: "import",
  data_type: "inventory", scheduled_time: new Date().toISOString(), status: "pending",
  file_name: "told.csv", file_data: { records: [{ sku: "TOLD-1", name: "Saw" }], mapping: {} },
});
if (error) throw error;
said.line = await line;
said.unread = await readUnread(creator.client);
said.colleague = await readUnread(colleague.client);
said.stranger = await readUnread(stranger.client);
await markAsRead(creator.client, said.line);
said.left = await readUnread(creator.client);
console.log(JSON.stringify(said));
process.exit();
