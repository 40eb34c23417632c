// The web frontend's requests (FRONTEND.md) by its own client, supabase-js. Settings come from the
// environment; what came back goes to standard output as one JSON object, for test_frontend.py.
import { createRequire } from "node:module";

const { PACKAGE, SUPABASE_URL, PUBLISHABLE_KEY, SECRET_KEY } = process.env;
const { ORGANIZATION, CREATOR, COLLEAGUE, STRANGER, PASSWORD } = process.env;

const require = createRequire(PACKAGE);
const { createClient } = require("@supabase/supabase-js");
const transport = require("ws"); // Node 20 has no WebSocket of its own

const auth = { persistSession: false, autoRefreshToken: false };
const client = (key) => createClient(SUPABASE_URL, key, { auth, realtime: { transport } });
const signedIn = async (email) => {
  const user = client(PUBLISHABLE_KEY);
  const { error } = await user.auth.signInWithPassword({ email, password: PASSWORD });
  if (error) throw error;
  return user;
};

const service = client(SECRET_KEY);
const [creator, colleague, stranger] = await Promise.all(
  [CREATOR, COLLEAGUE, STRANGER].map(signedIn),
);
const { data: me } = await creator.auth.getUser();

const said = {};
const inMinutes = (minutes) => new Date(Date.now() + minutes * 60_000).toISOString();
const outcome = ({ data, error, status }) => ({ data, error: error?.code ?? null, status });
const until = async (condition) => {
  const deadline = Date.now() + 15_000;
  while (!condition()) {
    if (Date.now() > deadline) throw new Error(`never: ${condition}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
};

// The Background Import Manager's subscription, and how it counts.
const subscribe = async (user) => {
  const events = { INSERT: 0, UPDATE: 0, DELETE: 0, rows: [] };
  await new Promise((resolve, reject) => {
    user
      .channel("background-imports")
      .on(
        "postgres_changes",
        {
          event: "*",
          schema: "public",
          table: "scheduled_jobs",
          filter: `organization_id=eq.${ORGANIZATION}`,
        },
        (event) => {
          events[event.eventType] += 1;
          events.rows.push(event.new);
        },
      )
      .on("system", {}, ({ extension, status, message }) => {
        if (extension !== "postgres_changes") return;
        if (status === "ok") resolve();
        else reject(new Error(message));
      })
      .subscribe((status, error) => {
        if (status === "CHANNEL_ERROR" || status === "TIMED_OUT") reject(error ?? status);
      });
  });
  return events;
};
const [seenByCreator, seenByColleague, seenByStranger] = await Promise.all(
  [creator, colleague, stranger].map(subscribe),
);

// What both paths send.
const job = (fields) => ({
  organization_id: ORGANIZATION,
  created_by: me.user.id,
  job_type: "import",
  data_type: "inventory",
  status: "pending",
  creator_name: "Olivia Marsh",
  ...fields,
});
const insert = (user, fields) => user.from("scheduled_jobs").insert(job(fields)).select().single();
const records = [{ sku: "A-1", name: "Saw", unit_price: "99.99", quantity: "" }];
const mapping = { "Item Number": "sku", Description: "name", Price: "unit_price", Qty: "quantity" };

// Path 1, Run in Background: the Edge Function, with the secret key; one part after the other.
said.background = [];
for (const part of [1, 2]) {
  const inserted = await insert(service, {
    scheduled_time: inMinutes(10 / 60),
    file_name: `stock_part${part}.csv`,
    file_data: { records, mapping },
  });
  said.background.push(outcome(inserted));
}

// Path 2, Schedule for Later: the browser itself, raw rows or an export, with the repeat columns.
const never = {
  repeat_type: "none",
  repeat_interval: null,
  repeat_end_date: null,
  repeat_days_of_week: null,
  repeat_days_of_month: null,
};
said.scheduled_import = outcome(
  await insert(creator, {
    scheduled_time: inMinutes(60),
    file_name: "contacts.xlsx",
    data_type: "contacts",
    file_data: { records: [{ "Account Name": "Ann", "Customer #": 17 }] },
    ...never,
    repeat_type: "weekly",
    repeat_interval: 1,
    repeat_end_date: inMinutes(60 * 24 * 90),
    repeat_days_of_week: ["monday", "thursday"],
  }),
);
said.scheduled_export = outcome(
  await insert(creator, {
    scheduled_time: inMinutes(60 * 24 * 30),
    job_type: "export",
    data_type: "bids",
    file_name: "bids.csv",
    file_data: { export_options: { entity: "bids", format: "csv" } },
    ...never,
    repeat_type: "monthly",
    repeat_interval: 1,
    repeat_days_of_month: [1, 15],
  }),
);
said.scheduled_without_data = outcome(
  await insert(creator, {
    scheduled_time: inMinutes(5),
    file_name: "later.csv",
    file_data: null,
    ...never,
  }),
);

// The list that every event reloads.
const list = (user) =>
  user
    .from("scheduled_jobs")
    .select("*")
    .eq("organization_id", ORGANIZATION)
    .in("data_type", ["inventory", "contacts", "bids"])
    .order("created_at", { ascending: false });
said.list = {
  creator: outcome(await list(creator)),
  colleague: outcome(await list(colleague)),
  stranger: outcome(await list(stranger)),
};

const change = (user, id, fields) =>
  user.from("scheduled_jobs").update(fields).eq("id", id).select();
const importId = said.scheduled_import.data.id;
const exportId = said.scheduled_export.data.id;
const dataless = said.scheduled_without_data.data.id;

// Editing a pending schedule.
said.edit = outcome(
  await change(creator, importId, {
    scheduled_time: inMinutes(120),
    file_name: "contacts-2.xlsx",
    ...never,
    repeat_type: "custom",
    repeat_interval: 2,
    repeat_custom_unit: "weeks",
  }),
);
said.edit_by_colleague = outcome(await change(colleague, importId, { file_name: "stolen.csv" }));

// Cancelling.
const cancelled = () => ({ status: "cancelled", completed_at: new Date().toISOString() });
said.cancel_by_stranger = outcome(await change(stranger, exportId, cancelled()));
said.cancel_by_colleague = outcome(await change(colleague, exportId, cancelled()));
said.cancel = outcome(await change(creator, exportId, cancelled()));

// The incumbent, mounted in every open tab: it polls for due jobs and takes one without a guard.
// Its poll still answers. Its update is refused since users can't set a job to processing, which
// harms nobody: it does not look at the answer, and cutting over means no longer mounting it.
said.incumbent_poll = outcome(
  await creator
    .from("scheduled_jobs")
    .select("*")
    .eq("organization_id", ORGANIZATION)
    .eq("status", "pending")
    .lte("scheduled_time", inMinutes(30))
    .order("scheduled_time", { ascending: true }),
);
said.incumbent_take = outcome(
  await creator.from("scheduled_jobs").update({ status: "processing" }).eq("id", dataless),
);
said.incumbent_progress = outcome(
  await creator
    .from("scheduled_jobs")
    .update({ progress: { current: 100, total: 100, percent: 100 } })
    .eq("id", dataless),
);
said.incumbent_complete = outcome(
  await creator
    .from("scheduled_jobs")
    .update({ status: "completed", completed_at: inMinutes(0), record_count: 100 })
    .eq("id", dataless),
);

// What the worker writes reaches whoever looks: a toast and the progress bar.
const [part1] = said.background.map(({ data }) => data.id);
for (const fields of [
  { status: "processing", progress: { current: 0, total: 1, percent: 0 } },
  {
    status: "completed",
    progress: { current: 1, total: 1, percent: 100 },
    record_count: 1,
    completed_at: new Date().toISOString(),
  },
]) {
  await change(service, part1, fields).throwOnError();
}

// Five inserts, an edit, a cancel, two of the worker's. Waited for before the delete: a change is
// shown to whoever may see the row when Realtime gets to it, so none of a row that is gone.
for (const events of [seenByCreator, seenByColleague]) {
  await until(() => events.INSERT === 5 && events.UPDATE === 4);
}

// Deleting a finished job: one's own. Path 1 inserts in the name of the caller, so it is.
const remove = (user, id) => user.from("scheduled_jobs").delete().eq("id", id).select("id");
said.delete_by_stranger = outcome(await remove(stranger, part1));
said.delete_by_colleague = outcome(await remove(colleague, part1));
said.delete = outcome(await remove(creator, part1));

// What should not come has its time to come.
await new Promise((resolve) => setTimeout(resolve, 1_000));
said.events = { creator: seenByCreator, colleague: seenByColleague, stranger: seenByStranger };
console.log(JSON.stringify(said));
await Promise.all([creator, colleague, stranger].map((user) => user.removeAllChannels()));
process.exit();
