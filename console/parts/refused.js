// Rows that were refused, or would be: their number, the problem, the row as it came.
import { readRefused } from "../crm/runs.js";
import { t } from "../i18n/index.js";
import { element } from "./element.js";
import { pages, table } from "./table.js";
import { fieldName, sentence } from "./value.js";

const PAGE_ROWS = 20;

/** Show the refused rows of a job, page by page. */
export async function refusedRows(place, supabase, jobId) {
  await pages(place, {
    read: (after = 0, limit) => readRefused(supabase, jobId, after, limit),
    keyOf: (row) => row.row_number,
    size: PAGE_ROWS,
    draw: (rows) => table(t("refused.title"),
      [t("refused.row"), t("refused.field"), t("refused.problem"), t("refused.came")],
      rows.map((row) => [
        row.row_number, row.field ? fieldName(row.field) : "", sentence(problemOf(row)), asItCame(row.row),
      ])),
  });
}

/** The problem without the field's name, which stands beside it. */
const problemOf = ({ field, message }) =>
  field && message.startsWith(`${field} `) ? message.slice(field.length + 1) : message;

/** The cells of a row that have something in them. */
function asItCame(row) {
  const cells = Array.isArray(row) ? row.map((cell) => ["", cell]) : Object.entries(row ?? {});
  const filled = cells.filter(([, cell]) => cell !== null && cell !== "");
  return element("span.cells", {}, filled.map(([name, cell]) =>
    element("span", {}, name && element("small", {}, `${name} `), String(cell))));
}
