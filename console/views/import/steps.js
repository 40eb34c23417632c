// Where one is on the way from a file to a job.
import { t } from "../../i18n/index.js";
import { element } from "../../parts/element.js";

const STEPS = ["choose", "columns", "rehearsal", "result"];

/** @param {"choose"|"columns"|"rehearsal"|"result"} current */
export function steps(current) {
  const place = STEPS.indexOf(current);
  const items = STEPS.map((step, index) => {
    const kind = index < place ? "li.done" : "li";
    return element(kind, { "aria-current": index === place && "step" },
      element("span.number", { "aria-hidden": "true" }, index + 1), t(`import.step.${step}`));
  });
  return element("ol.steps", { "aria-label": t("import.steps") }, items);
}
