// What a rehearsal found, as tables: import_runs.rehearsal, docs/IMPORTING.md.
import { number, t } from "../../i18n/index.js";
import { element } from "../../parts/element.js";
import { pages, table } from "../../parts/table.js";
import { fieldName, valueText, workerWord } from "../../parts/value.js";

const PAGE = 10;

/** Old and new values, a few records at a time. */
export function changesTable(changes, dataType) {
  const place = element("div", {});
  const headings = ["row", "record", "field", "before", "after"].map((name) => t(`import.change.${name}`));
  const numbered = changes.map((change, index) => ({ ...change, index }));
  pages(place, {
    read: async (after = -1, limit) => numbered.slice(after + 1, after + 1 + limit),
    keyOf: (change) => change.index,
    size: PAGE,
    draw: (shown) => table(t("import.changes"), headings, shown.flatMap((change) => lines(change, dataType))),
  });
  return [element("p.quiet", {}, t("import.changes.first", { count: changes.length })), place];
}

/** A line a field that changes; of a new record, what does not tell it already. */
function lines({ row, record, before, after }, dataType) {
  const isNew = before === null || before === undefined;
  const fields = Object.keys(after ?? {}).filter((field) => !isNew || !(field in (record ?? {})));
  const told = [row, toldRecord(record)];
  if (fields.length === 0) {
    return [[...told, "", isNew ? t("import.change.new") : "", isNew ? "" : t("import.change.keywords")]];
  }
  return fields.map((field, index) => {
    const isFirst = index === 0;
    const line = [
      ...(isFirst ? told : ["", ""]),
      fieldName(field),
      isNew ? isFirst && t("import.change.new") : element("del", {}, valueText(before[field], field, dataType)),
      element("ins", {}, valueText(after[field], field, dataType)),
    ];
    if (!isFirst) line.kind = "more";
    return line;
  });
}

/** How far prices, costs and quantities move; the largest moves, old and new. */
export function movesTables(moves, dataType) {
  return moves.map((move) => element("details.card", {},
    element("summary", {}, t("import.move", { field: fieldName(move.field), count: move.items })),
    element("div.stack", {},
      table(t("import.move.sizes"), [t("import.move.size"), t("import.move.rows"), t("import.move.share")],
        move.sizes.map((size) => [workerWord("change", size.change), size.rows,
          number(size.percent / 100, { style: "percent", maximumFractionDigits: 1 })])),
      element("h3", {}, t("import.move.largest")),
      table(t("import.move.largest"),
        ["row", "record", "before", "after"].map((name) => t(`import.change.${name}`)),
        move.largest.map((far) => [far.row, toldRecord(far.record),
          element("del", {}, valueText(far.before, move.field, dataType)),
          element("ins", {}, valueText(far.after, move.field, dataType))])))));
}

export function missingTable({ items, of, first }) {
  return [element("p", {}, t("import.missing.long", { items, of })),
    table(t("import.missing"), [fieldName("sku"), fieldName("name"), fieldName("quantity")],
      first.map((item) => [item.sku, item.name ?? "", item.quantity]))];
}

const toldRecord = (record) => Object.values(record ?? {}).join(" · ");
