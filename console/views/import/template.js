// Keep a mapping under a name, for the next file of its kind.
import { keepTemplate } from "../../crm/templates.js";
import { t } from "../../i18n/index.js";
import { element, show } from "../../parts/element.js";

// Of a job's options, those that a template has too.
const KEPT = ["sheet", "header_row", "delimiter", "encoding", "decimal_mark", "date_order"];

export function templateForm(preview, draft, { supabase, who }) {
  const said = element("p", { role: "status" });
  const name = element("input", { id: "template-name", maxlength: "100", autocomplete: "off" });
  const keep = async () => {
    const wanted = name.value.trim();
    if (!wanted) {
      show(said, t("import.template.unnamed"));
      name.focus();
      return;
    }
    const options = Object.fromEntries(Object.entries(draft.options).filter(([key]) => KEPT.includes(key)));
    // Of a file with more columns than are told, nobody knows all.
    const columns = preview.columns_left_out ? null : preview.columns.map((column) => column.header);
    const template = { name: wanted, mapping: draft.mapping ?? preview.mapping, options, columns };
    try {
      await keepTemplate(supabase, who.organizationId, draft.dataType, template);
      show(said, t("import.template.kept", { name: wanted }));
    } catch (problem) {
      show(said, problem.message);
    }
  };
  return element("details", {}, element("summary", {}, t("import.template.keep")),
    element("div.actions", {}, element("label", { for: "template-name" }, t("import.template.name")), name,
      element("button", { on: { click: keep } }, t("import.template.button"))), said);
}
