// Exports as the CRM asks for them, by its own client, supabase-js. What came back goes to standard
// output as one JSON object, for test_exports_frontend.py. First the jobs are made; then, given
// their ids in JOBS, what members and others get of their files.
import { createRequire } from "node:module";

const { PACKAGE, SUPABASE_URL, PUBLISHABLE_KEY, ORGANIZATION, PASSWORD, JOBS } = process.env;
const require = createRequire(PACKAGE);
const { createClient } = require("@supabase/supabase-js");
const transport = require("ws"); // Node 20 has no WebSocket of its own

const signedIn = async (email) => {
  const auth = { persistSession: false, autoRefreshToken: false };
  const user = createClient(SUPABASE_URL, PUBLISHABLE_KEY, { auth, realtime: { transport } });
  const { error } = await user.auth.signInWithPassword({ email, password: PASSWORD });
  if (error) throw error;
  return user;
};
const [creator, colleague, stranger] = await Promise.all(
  ["olivia@cedar.test", "liam@cedar.test", "noah@granite.test"].map(signedIn),
);
const { data: me } = await creator.auth.getUser();

const inMinutes = (minutes) => new Date(Date.now() + minutes * 60_000).toISOString();
const make = async (data_type, file_name, file_data, fields = {}) => {
  const { data } = await creator
    .from("scheduled_jobs")
    .insert({
      organization_id: ORGANIZATION,
      created_by: me.user.id,
      job_type: "export",
      data_type,
      scheduled_time: inMinutes(-2),
      status: "pending",
      creator_name: "Olivia Marsh",
      file_name,
      file_data,
      repeat_type: "none",
      repeat_interval: null,
      repeat_end_date: null,
      repeat_days_of_week: null,
      repeat_days_of_month: null,
      ...fields,
    })
    .select()
    .single()
    .throwOnError();
  return data;
};

const said = {};
if (JOBS) {
  for (const id of JSON.parse(JOBS)) {
    const { data: job } = await creator.from("scheduled_jobs").select("*").eq("id", id).single();
    const look = async (user) => {
      const { data: runs } = await user.from("import_runs").select("export_path").eq("job_id", id);
      return runs;
    };
    const [run] = await look(creator);
    const path = run?.export_path ?? "";
    const files = (user) => user.storage.from("exports");
    const link = await files(colleague).createSignedUrl(path, 60);
    const text = link.data ? await (await fetch(link.data.signedUrl)).text() : null;
    const theirs = {
      runs: await look(stranger),
      signed: (await files(stranger).createSignedUrl(path, 60)).data,
      downloaded: (await files(stranger).download(path)).data,
      listed: (await files(stranger).list(ORGANIZATION)).data,
      below: (await files(stranger).list(`${ORGANIZATION}/${id}`)).data,
    };
    const listed = (await files(colleague).list(`${ORGANIZATION}/${id}`)).data;
    said[id] = { job, path, text, listed: listed?.map(({ name }) => name), theirs };
  }
} else {
  const custom = { entity: "quotes", format: "custom", templateId: "erp" };
  said.contacts = await make("contacts", "contacts_export_2026-05-14.csv", null);
  said.inventory = await make("inventory", "inventory_export_2026-05-14.csv", null);
  said.quotes = await make("bids", "quotes_export_2026-05-14.csv", {
    export_options: { entity: "quotes", format: "csv", templateId: undefined },
  });
  said.xml = await make("bids", "quotes_export_2026-05-14.xml", {
    export_options: { entity: "quotes", format: "xml", templateId: undefined },
  });
  said.custom = await make("bids", "quotes_export_ERP.dat", { export_options: custom });

  // The Scheduled Jobs page takes one that is due just now, as it does, and says how it went; its
  // insert of the next occurrence names what is not its to write.
  const mine = await make("contacts", "mine.csv", null, {
    scheduled_time: inMinutes(-0.1),
    repeat_type: "daily",
    repeat_interval: 1,
  });
  const update = (fields) => creator.from("scheduled_jobs").update(fields).eq("id", mine.id);
  const updates = [
    await update({ status: "processing" }),
    await update({ status: "completed", completed_at: inMinutes(0), record_count: 3 }),
  ];
  const { id, status, completed_at, error_message, record_count, ...rest } = mine;
  const again = await creator.from("scheduled_jobs").insert({
    ...rest,
    scheduled_time: inMinutes(60 * 24),
    status: "pending",
    completed_at: null,
    error_message: null,
    record_count: null,
  });
  const { data: after } = await creator.from("scheduled_jobs").select("*").eq("id", id).single();
  const { data: waiting } = await creator
    .from("scheduled_jobs")
    .select("*")
    .eq("organization_id", ORGANIZATION)
    .eq("file_name", "mine.csv")
    .eq("status", "pending");
  said.page = { errors: updates.map(({ error }) => error?.code ?? null), after, waiting };
  said.page.again = again.error?.code ?? null;
}
console.log(JSON.stringify(said));
process.exit();
