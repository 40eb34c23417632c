// The first rows as they would land.
import { t } from "../../i18n/index.js";
import { table } from "../../parts/table.js";
import { fieldName, sentence, valueText } from "../../parts/value.js";

export function firstRows(rows, dataType) {
  const fields = [...new Set(rows.flatMap((row) => Object.keys(row.values ?? {})))];
  const lines = rows.map((row) => {
    const cells = fields.map((field) => valueText(row.values?.[field], field, dataType));
    const line = [row.row, ...cells, wordOf(row)];
    if (row.problem) line.kind = "refused";
    return line;
  });
  return table(t("import.firstRows"), [t("refused.row"), ...fields.map(fieldName), t("import.firstRows.becomes")], lines);
}

function wordOf(row) {
  if (row.problem) return sentence(row.problem);
  return row.replaced_by ? t("import.firstRows.replaced", { row: row.replaced_by }) : t("import.firstRows.lands");
}
