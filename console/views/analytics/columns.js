// The columns of figures, in tables and in CSV files.
import { t } from "../../i18n/index.js";
import { saveCsv } from "../../parts/csv.js";
import { element, icon } from "../../parts/element.js";
import { table } from "../../parts/table.js";

export const COUNTS = ["jobs", "failed_jobs", "rows", "created", "updated", "unchanged", "refused"];
export const TIMES = ["waiting_p50", "waiting_p95", "running_p50", "running_p95"];
export const FIGURES = [...COUNTS, "rows_a_second", ...TIMES];

/** Numbers stay numbers, with as many decimals as somebody reads. */
const shown = (value, name) =>
  (value === null ? "" : Number(value.toFixed(TIMES.includes(name) ? 1 : 0)));

/**
 * A table of figures, and a button that saves them as CSV.
 * @param {string} name of the table, and of the file
 * @param {Array<[string, (line: object) => Node|string]>} first columns that say what a line is of: the
 *   figure's name, and how it is shown
 */
export function figuresTable(name, first, figures, lines) {
  const headings = [...first.map(([column]) => column), ...figures].map((column) => t(`analytics.${column}`));
  const save = () => saveCsv(`${name}.csv`, [...first.map(([column]) => column), ...figures],
    lines.map((line) => [...first.map(([column]) => line[column]), ...figures.map((column) => line[column])]));
  return [
    table(name, headings, lines.map((line) => [...first.map(([, show]) => show(line)), ...figures.map((column) => shown(line[column], column))])),
    element("div.actions", {}, element("button", { on: { click: save } }, icon("download"), t("analytics.csv"))),
  ];
}
