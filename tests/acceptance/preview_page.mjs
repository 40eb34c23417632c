// Runs the code of docs/PREVIEW.md, which PAGE_CODE holds, as users of two organizations; what came
// of it goes to standard output as one JSON object, for test_preview_page.py.
import { createRequire } from "node:module";

const { PACKAGE, SUPABASE_URL, PUBLISHABLE_KEY, PAGE_CODE, CONTENT, PASSWORD } = process.env;
const require = createRequire(PACKAGE);
const { createClient } = require("@supabase/supabase-js");
const transport = require("ws"); // Node 20 has no WebSocket of its own

const auth = { persistSession: false, autoRefreshToken: false };
const client = () => createClient(SUPABASE_URL, PUBLISHABLE_KEY, { auth, realtime: { transport } });
const signedIn = async (email) => {
  const user = client();
  const { error } = await user.auth.signInWithPassword({ email, password: PASSWORD });
  if (error) throw error;
  return user;
};
const [creator, colleague, stranger] = await Promise.all(
  ["olivia@cedar.test", "liam@cedar.test", "noah@granite.test"].map(signedIn),
);

const { previewThenImport } = new Function(`${PAGE_CODE}; return { previewThenImport };`)();
const said = {};
const upload = { file: new Blob([CONTENT]), fileName: "stock.csv", dataType: "inventory" };
said.imported = await previewThenImport(creator, "org_cedar", upload, async (found) => {
  said.found = found;
  return { ...found.preview.mapping, MSRP: "price_tier_1" };
});
said.refused = await previewThenImport(
  creator, "org_cedar", { ...upload, file: new Blob(["%PDF-1.7"]) }, () => ({}),
).catch((error) => error.message);
said.inAnothersFolder = await previewThenImport(stranger, "org_cedar", upload, () => ({})).catch(
  (error) => error.message,
);

// Who else sees what the preview found.
const everybody = { creator, colleague, stranger, anon: client() };
said.seen = {};
for (const [who, user] of Object.entries(everybody)) {
  const { data } = await user.from("import_runs").select("kind").not("preview", "is", null);
  said.seen[who] = data?.map((run) => run.kind) ?? null;
}
console.log(JSON.stringify(said));
process.exit();
