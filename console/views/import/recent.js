// The newest imports, below the place for a new one.
import { readRecent } from "../../crm/runs.js";
import { t, time } from "../../i18n/index.js";
import { element } from "../../parts/element.js";
import { nothing } from "../../parts/nothing.js";
import { statePill } from "../../parts/pill.js";
import { table } from "../../parts/table.js";
import { addressOf } from "../../router.js";

const SHOWN = 8;

export async function recent(supabase) {
  const runs = await readRecent(supabase, SHOWN);
  const headings = ["file", "by", "when", "in", "refused", "state"].map((name) => t(`import.recent.${name}`));
  return element("section", {}, element("h2", {}, t("import.recent")),
    runs.length === 0
      ? nothing(t("import.recent.none"), t("import.recent.none.long"))
      : table(t("import.recent"), headings, runs.map((run) => [
        element("a", { href: addressOf("job", run.job_id) }, run.job.file_name ?? t(`type.${run.job.data_type}`)),
        run.job.creator_name ?? "", time(run.started_at), run.created + run.updated, run.failed,
        statePill(run.job.status),
      ])));
}
