// The period in a few figures.
import { number, t } from "../../i18n/index.js";
import { nothing } from "../../parts/nothing.js";
import { stat, stats } from "../../parts/stat.js";

export function sumsPart(line) {
  if (!line) return nothing(t("analytics.none"), t("analytics.none.long"));
  return stats(
    stat(t("analytics.jobs"), line.jobs), stat(t("analytics.failed_jobs"), line.failed_jobs, "bad"),
    stat(t("analytics.rows"), line.rows), stat(t("analytics.refused"), line.refused, "bad"),
    ...["rows_a_second", "waiting_p95", "running_p95"].map((name) => stat(t(`analytics.${name}`), known(line[name]))));
}

const known = (value) => (value === null ? "–" : number(value, { maximumFractionDigits: value < 10 ? 1 : 0 }));
