// Analytics: how imports went, by day, by type, by reason, by file. For admins of the organization.
import { ALL_KINDS, isAnalyst, readFailingFiles, readFigures, readReasons } from "../crm/figures.js";
import { t } from "../i18n/index.js";
import { element, show } from "../parts/element.js";
import { fieldOf, options } from "../parts/fields.js";
import { notice } from "../parts/notice.js";
import { daysPart } from "./analytics/days.js";
import { filesPart, reasonsPart, typesPart } from "./analytics/lists.js";
import { sumsPart } from "./analytics/sums.js";

const PERIODS = ["7", "30", "90", "365"];

export default {
  path: "analytics",
  title: "analytics.title",
  inNavigation: true,
  async show(place, { supabase, signal }) {
    if (!(await isAnalyst(supabase))) {
      show(place, element("h1", {}, t("analytics.title")), notice("note", t("analytics.adminsOnly")));
      return;
    }
    const period = element("select", { name: "days" }, options(PERIODS.map((days) => [days, t("analytics.days", { count: Number(days) })]), "30"));
    const kind = element("select", { name: "kind" }, options(ALL_KINDS.map((kind) => [kind, t(`analytics.kind.${kind}`)]), "import"));
    const sums = element("div.figures", {});
    const [days, types, reasons, files] = Array.from({ length: 4 }, () => element("div.whole-words", {}));
    show(place, element("h1", {}, t("analytics.title")),
      element("form.fields", {}, fieldOf("analytics.period", period), fieldOf("analytics.kind", kind)),
      sums, days, types, reasons, files);

    let drawn = new AbortController(); // what stands there now
    signal.addEventListener("abort", () => drawn.abort());
    let figures;
    const draw = () => {
      drawn.abort();
      drawn = new AbortController();
      const ofKind = (lines) => lines.filter((line) => line.kind === kind.value);
      show(sums, sumsPart(ofKind(figures.sums)[0]));
      show(days, daysPart(ofKind(figures.days), drawn.signal));
      show(types, typesPart(ofKind(figures.types)));
    };
    let latest = 0;
    /** Put what was asked for into its place, or why it is not there; late answers are nobody's. */
    const fill = async (asked, reading, where, put) => {
      try {
        const told = await reading;
        if (asked === latest && !signal.aborted) put(told);
      } catch (problem) {
        if (asked === latest && !signal.aborted) show(where, notice("bad", t("shell.wentWrong"), problem.message));
      }
    };
    const look = () => {
      const asked = ++latest;
      const count = Number(period.value);
      return Promise.all([
        fill(asked, readFigures(supabase, count), sums, (told) => ((figures = told), draw())),
        fill(asked, readReasons(supabase, count), reasons, (told) => show(reasons, reasonsPart(told))),
        fill(asked, readFailingFiles(supabase, count), files, (told) => show(files, filesPart(told))),
      ]);
    };
    period.addEventListener("change", look);
    kind.addEventListener("change", () => figures && draw());
    await look();
  },
};
