// By day: rows, jobs, how long they took, rows a second. Plots, and the figures as a table.
import { t, time } from "../../i18n/index.js";
import { element } from "../../parts/element.js";
import { plot } from "../../parts/plot.js";
import { FIGURES, figuresTable } from "./columns.js";

export function daysPart(lines, signal) {
  if (!lines.length) return null;
  const days = lines.map((line) => line.day);
  const of = (name) => lines.map((line) => line[name]);
  const series = (name, colour, values = of(name), dash) => ({ label: t(`analytics.${name}`), colour, values, dash });
  const figure = (key, parts, how) => element("figure.card", {}, element("figcaption", {}, t(key)),
    plot(t(key), days, parts, how, signal));
  // On a logarithmic scale there is no 0.
  const times = (name) => of(name).map((value) => (value === null ? null : Math.max(value, 0.01)));
  return element("section", {},
    element("div.plots", {},
      figure("analytics.plot.rows", [
        series("created", "plot-1"),
        series("changed", "plot-2", lines.map((line) => line.updated - line.unchanged)),
        series("unchanged", "plot-3"), series("refused", "plot-4"),
      ], { stacked: true }),
      figure("analytics.plot.jobs", [
        series("good_jobs", "plot-2", lines.map((line) => line.jobs - line.failed_jobs)), series("failed_jobs", "plot-4"),
      ], { stacked: true }),
      figure("analytics.plot.times", [
        series("waiting_p50", "plot-5", times("waiting_p50")), series("waiting_p95", "plot-5", times("waiting_p95"), [4, 4]),
        series("running_p50", "plot-2", times("running_p50")), series("running_p95", "plot-2", times("running_p95"), [4, 4]),
      ], { logarithmic: true }),
      figure("analytics.plot.speed", [series("rows_a_second", "plot-1")], {})),
    element("details.card", {}, element("summary", {}, t("analytics.table")),
      figuresTable(t("analytics.byDay"), [["day", dayOf]], FIGURES, lines)));
}

const dayOf = ({ day }) => time(day, { dateStyle: "medium", timeZone: "UTC" });
