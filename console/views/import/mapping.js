// A file's columns, each with samples and the field that it would become.
import { FIELDS, SHARED } from "../../crm/fields.js";
import { percent, t } from "../../i18n/index.js";
import { element, show } from "../../parts/element.js";
import { fieldName, workerWord } from "../../parts/value.js";
import { setMapping } from "./draft.js";

const SURE = 0.6; // docs/PREVIEW.md: below it is worth a look

/**
 * @param {object} preview import_runs.preview
 * @param {object} draft its mapping is set when somebody corrects one
 * @param {{changed: (isSound: boolean) => void}} on isSound: no field is chosen twice
 */
export function mappingList(preview, draft, { changed }) {
  const chosen = { ...(draft.mapping ?? preview.mapping) };
  const rows = preview.columns.map((column, index) => {
    const select = fieldSelect(column, index, draft.dataType, chosen[column.header]);
    const problem = element("p.problem", { id: `problem-${index}` });
    const why = element("span.why", {});
    tell(why, column, chosen[column.header]);
    select.addEventListener("change", () => {
      if (select.value) chosen[column.header] = select.value;
      else delete chosen[column.header];
      setMapping(draft, chosen);
      tell(why, column, select.value);
      changed(check(rows, chosen, draft.dataType));
    });
    return { column, select, problem, why, item: item(column, index, select, why, problem) };
  });
  return element("ul.columns", {}, rows.map((row) => row.item));
}

/** Say where a field was chosen twice; whether it was nowhere. */
function check(rows, chosen, dataType) {
  let isSound = Object.keys(chosen).length > 0;
  for (const { column, select, problem } of rows) {
    const field = chosen[column.header];
    const other = field && !SHARED[dataType].includes(field) &&
      Object.keys(chosen).find((header) => header !== column.header && chosen[header] === field);
    show(problem, other && t("import.twice", { field: fieldName(field), column: other }));
    select.setAttribute("aria-invalid", String(Boolean(other)));
    isSound &&= !other;
  }
  return isSound;
}

function item(column, index, select, why, problem) {
  return element("li", {},
    element("div.of-file", {},
      element("label", { for: `column-${index}` }, column.header),
      element("span.samples", {}, column.samples.length
        ? column.samples.map((sample) => element("span.sample", {}, sample))
        : element("span.quiet", {}, t("import.column.empty"))),
      column.fill_rate < 1 && column.fill_rate > 0 &&
        element("small", {}, t("import.column.filled", { share: percent(column.fill_rate) }))),
    element("div.becomes", {}, select, why, problem));
}

function fieldSelect(column, index, dataType, chosen) {
  const likely = [column.field, ...column.alternatives].filter(Boolean);
  const others = FIELDS[dataType].filter((field) => !likely.includes(field));
  const option = (field) =>
    element("option", { value: field, selected: field === chosen }, fieldName(field));
  return element("select", { id: `column-${index}`, "aria-describedby": `problem-${index}` },
    element("option", { value: "", selected: !chosen }, t("import.column.leaveOut")),
    likely.length > 0 && element("optgroup", { label: t("import.column.likely") }, likely.map(option)),
    element("optgroup", { label: t("import.column.others") }, others.map(option)));
}

/** How sure it is, and why. */
function tell(place, column, field) {
  if (!field) {
    const [likely] = column.alternatives;
    place.className = likely ? "why unsure" : "why";
    show(place, likely ? t("import.column.maybe", { field: fieldName(likely) }) : t("import.column.left"));
  } else if (field !== column.field) {
    place.className = "why sure";
    show(place, t("import.column.yours"));
  } else {
    const isSure = column.confidence >= SURE;
    place.className = isSure ? "why sure" : "why unsure";
    show(place, t(isSure ? "import.column.sure" : "import.column.look", {
      share: percent(column.confidence), reason: workerWord("reason", column.reason),
    }));
  }
}
