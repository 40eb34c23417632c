// How a job was read and begun: its columns, and every attempt at it.
import { readAttempts } from "../../crm/history.js";
import { has, t, time } from "../../i18n/index.js";
import { element, show } from "../../parts/element.js";
import { table } from "../../parts/table.js";
import { fieldName } from "../../parts/value.js";

export async function attemptsSection(place, job, { supabase, signal }) {
  const runs = await readAttempts(supabase, job.id);
  if (signal.aborted || !runs.length) return;
  const mapping = Object.entries(runs.at(-1).mapping ?? {});
  show(place, element("details.card", {}, element("summary", {}, t("attempts.title")),
    mapping.length > 0 && table(t("attempts.mapping"), [t("attempts.column"), t("attempts.field")],
      mapping.map(([column, field]) => [column, fieldName(field)])),
    table(t("attempts.runs"), ["number", "began", "ended", "outcome"].map((name) => t(`attempts.${name}`)),
      runs.map((run) => [
        run.attempt, time(run.started_at, MOMENT), run.finished_at ? time(run.finished_at, MOMENT) : "",
        outcomeOf(run),
      ]))));
}

const MOMENT = { dateStyle: "medium", timeStyle: "medium" };

function outcomeOf({ outcome }) {
  if (!outcome) return t("state.processing");
  return has(`attempts.${outcome}`) ? t(`attempts.${outcome}`) : t(`state.${outcome}`);
}
