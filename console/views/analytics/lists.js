// By type, by reason, by file.
import { t, time } from "../../i18n/index.js";
import { element } from "../../parts/element.js";
import { nothing } from "../../parts/nothing.js";
import { sentence } from "../../parts/value.js";
import { FIGURES, figuresTable } from "./columns.js";

const typeOf = ({ data_type }) => t(`type.${data_type}`);
const part = (key, ...more) =>
  element("section", {}, element("h2", {}, t(key)), element("p.quiet", {}, t(`${key}.long`)), more);

export function typesPart(lines) {
  return lines.length > 0 && element("section", {}, element("h2", {}, t("analytics.byType")),
    figuresTable(t("analytics.byType"), [["data_type", typeOf]], FIGURES, lines));
}

export function reasonsPart(lines) {
  if (!lines.length) return part("analytics.reasons", nothing(t("analytics.reasons.none"), t("analytics.reasons.none.long")));
  const most = lines[0].rows;
  const reasonOf = (line) => element("span.reason", {}, sentence(line.reason),
    element("progress", { max: most, value: line.rows, "aria-hidden": "true" }));
  return part("analytics.reasons", figuresTable(t("analytics.reasons"),
    [["reason", reasonOf], ["data_type", typeOf]], ["rows", "jobs"], lines));
}

export function filesPart(lines) {
  if (!lines.length) return part("analytics.files", nothing(t("analytics.files.none"), t("analytics.files.none.long")));
  return part("analytics.files", figuresTable(t("analytics.files"),
    [["file", ({ file }) => file], ["data_type", typeOf], ["last_failed_at", (line) => time(line.last_failed_at)],
      ["last_message", (line) => sentence(line.last_message ?? "")]], ["failures", "uploads"], lines));
}
