// Mappings that people keep under a name: import_templates.
import { rowsOf } from "./client.js";

/** [{name, mapping, options, columns}], by name. */
export async function readTemplates(supabase, dataType) {
  return rowsOf(
    await supabase
      .from("import_templates")
      .select("name,mapping,options,columns")
      .eq("data_type", dataType)
      .order("name"),
  );
}

/** Keep a template, in place of one with the same name. */
export async function keepTemplate(supabase, organizationId, dataType, template) {
  const row = { organization_id: organizationId, data_type: dataType, ...template };
  const conflict = { onConflict: "organization_id,data_type,name" };
  rowsOf(await supabase.from("import_templates").upsert(row, conflict).select("name"));
}
