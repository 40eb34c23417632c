// What became of one item: which file changed what, and when.
import { readItem } from "../../crm/history.js";
import { t, time } from "../../i18n/index.js";
import { element, show } from "../../parts/element.js";
import { chosen, fieldOf } from "../../parts/fields.js";
import { nothing } from "../../parts/nothing.js";
import { table } from "../../parts/table.js";
import { fieldName, valueText } from "../../parts/value.js";
import { addressOf, go } from "../../router.js";

const SHOWN = 200;

export async function itemPart(place, { supabase, rest: [sku = ""], signal }) {
  const find = (event) => {
    event.preventDefault();
    const asked = chosen(event.target).sku;
    if (asked) go("history", "item", asked);
  };
  const found = element("div.whole-words", {});
  show(place, element("form.card", { on: { submit: find } },
    fieldOf("history.sku", element("input", { name: "sku", type: "search", value: sku, required: true }),
      t("history.sku.hint")),
    element("div.actions", {}, element("button.primary", {}, t("history.find")))), found);
  if (!sku) return;
  const lines = await readItem(supabase, sku, SHOWN + 1);
  if (!signal.aborted) show(found, linesOf(sku, lines));
}

function linesOf(sku, lines) {
  if (!lines.length) return nothing(t("history.item.none", { sku }), t("history.item.none.long"));
  const headings = ["when", "file", "who", "row", "happened", "field", "before", "after"].map((name) => t(`history.${name}`));
  return element("section", {}, element("h2", {}, t("history.item.of", { sku })),
    table(t("history.item.of", { sku }), headings, lines.slice(0, SHOWN).map((line) => [
      time(line.changed_at),
      element("a", { href: addressOf("job", line.job_id) }, line.file_name || t(`history.one.${line.kind}`)),
      line.creator_name ?? "",
      line.row_number ?? "",
      t(`history.happened.${line.happened}`),
      line.field ? fieldName(line.field) : "",
      element("del", {}, valueText(line.before, line.field, "inventory")),
      element("ins", {}, valueText(line.after, line.field, "inventory")),
    ])),
    lines.length > SHOWN && element("p.quiet", {}, t("history.item.more", { count: SHOWN })));
}
