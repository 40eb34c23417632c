// Exports: asking for a file, and those that were made.
import { ENTITIES, FORMATS, insertExport, readExportTemplates } from "../crm/exports.js";
import { readHistory } from "../crm/history.js";
import { t, time } from "../i18n/index.js";
import { element, show } from "../parts/element.js";
import { chosen, fieldOf, options } from "../parts/fields.js";
import { nothing } from "../parts/nothing.js";
import { notice } from "../parts/notice.js";
import { statePill } from "../parts/pill.js";
import { pages, table } from "../parts/table.js";
import { addressOf, go } from "../router.js";

export default {
  path: "exports",
  title: "exports.title",
  inNavigation: true,
  async show(place, { supabase, who, signal }) {
    const form = element("div", {});
    const made = element("div.whole-words", {});
    show(place, element("h1", {}, t("exports.title")), form,
      element("section", {}, element("h2", {}, t("exports.made")), made));
    const templates = await readExportTemplates(supabase).catch(() => []); // a CRM may have none
    if (signal.aborted) return;
    show(form, exportForm(templates, async (asked) => go("job", await insertExport(supabase, who, asked))));
    await pages(made, {
      read: (after, limit) => readHistory(supabase, { kind: "export" }, after, limit),
      keyOf: (job) => job,
      size: 10,
      draw: exportsTable,
    });
  },
};

function exportForm(templates, ask) {
  const problem = element("div", {});
  const entity = element("select", { name: "entity" },
    options(Object.keys(ENTITIES).map((name) => [name, t(`exports.of.${name}`)]), "inventory"));
  const format = element("select", { name: "format" }, options([
    ...FORMATS.map((name) => [name, t(`exports.format.${name}`)]),
    ...templates.map(({ id, name }) => [`custom:${id}`, t("exports.format.custom", { name })]),
  ]));
  const category = fieldOf("exports.category", element("input", { name: "category" }), t("exports.category.hint"));
  const inStock = element("label.check", {}, element("input", { type: "checkbox", name: "inStock" }), t("exports.inStock"));
  const fit = () => {
    category.hidden = inStock.hidden = entity.value !== "inventory";
  };
  const submit = async (event) => {
    event.preventDefault();
    button.disabled = true;
    try {
      await ask(askedBy(event.target));
    } catch (error) {
      show(problem, notice("bad", t("exports.notAsked"), error.message));
    } finally {
      button.disabled = false;
    }
  };
  const button = element("button.primary", {}, t("exports.ask"));
  fit();
  return element("form.card", { "aria-label": t("exports.ask"), on: { submit, change: fit } }, problem,
    element("div.fields", {},
      fieldOf("exports.of", entity), fieldOf("exports.format", format), category,
      fieldOf("exports.since", element("input", { name: "since", type: "date" }), t("exports.since.hint"))),
    inStock, element("div.actions", {}, button));
}

/** What was chosen, as file_data.export_options says it: a filter that was not given is not there. */
function askedBy(form) {
  const { entity, format, category, inStock, since } = chosen(form);
  const isInventory = entity === "inventory";
  const [name, templateId] = format.split(/:(.*)/);
  const filter = {
    ...(isInventory && category && { category: category.split(/\s*;\s*/).filter(Boolean) }),
    ...(isInventory && inStock && { in_stock: true }),
    // Midnight of the reader's zone.
    ...(since && { changed_since: new Date(`${since}T00:00`).toISOString() }),
  };
  const today = time(new Date(), { year: "numeric", month: "2-digit", day: "2-digit" }).replaceAll("/", "-");
  return { entity, format: name, templateId, filter, fileName: `${t(`exports.of.${entity}`)} ${today}` };
}

function exportsTable(jobs) {
  if (!jobs.length) return nothing(t("exports.none"), t("exports.none.long"));
  return table(t("exports.made"), ["file", "who", "when", "rows", "state"].map((name) => t(`exports.${name}`)),
    jobs.map((job) => [
      element("a", { href: addressOf("job", job.job_id) }, job.file_name || t(`type.${job.data_type}`)),
      job.creator_name ?? "", time(job.started_at), job.rows ?? 0, statePill(job.status),
    ]));
}
