// Exports: asking for one. docs/EXPORTING.md
import { rowsOf } from "./client.js";

/** What can be exported, and the type of the job that asks for it. */
export const ENTITIES = { inventory: "inventory", contacts: "contacts", bids: "bids", quotes: "bids" };
export const FORMATS = ["csv", "xlsx", "tsv", "xml"];

// A page of the CRM that is open may take a user's export for as long; this page waits for none.
const PAGES_TIME_SECONDS = 120;

/** Templates of the organization: [{id, name}]. */
export async function readExportTemplates(supabase) {
  const found = rowsOf(await supabase.from("organization_settings").select("export_templates"));
  const templates = found[0]?.export_templates;
  return (Array.isArray(templates) ? templates : [])
    .filter((template) => template?.id && template.enabled !== false)
    .map(({ id, name }) => ({ id: String(id), name: String(name ?? id) }));
}

/**
 * Insert an export that a worker takes at once; its id.
 * @param {{entity, format, templateId, filter, fileName}} asked
 */
export async function insertExport(supabase, who, { entity, format, templateId, filter, fileName }) {
  const row = {
    organization_id: who.organizationId,
    created_by: who.userId,
    creator_name: who.name,
    job_type: "export",
    data_type: ENTITIES[entity],
    scheduled_time: new Date(Date.now() - PAGES_TIME_SECONDS * 1000).toISOString(),
    status: "pending",
    file_name: fileName,
    file_data: { export_options: { entity, format, ...(templateId && { templateId }), filter } },
  };
  return rowsOf(await supabase.from("scheduled_jobs").insert(row).select("id").single()).id;
}
