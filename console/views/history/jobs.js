// Jobs that somebody has begun, the newest first, narrowed down by filters.
import { KINDS, readHistory, STATUSES } from "../../crm/history.js";
import { isOver } from "../../crm/jobs.js";
import { FIELDS } from "../../crm/fields.js";
import { span, t, time } from "../../i18n/index.js";
import { chosen, fieldOf, options } from "../../parts/fields.js";
import { element, show } from "../../parts/element.js";
import { nothing } from "../../parts/nothing.js";
import { notice } from "../../parts/notice.js";
import { statePill } from "../../parts/pill.js";
import { pages, table } from "../../parts/table.js";
import { addressOf } from "../../router.js";

const TYPING_MS = 300; // after the last letter

export async function jobsPart(place, { supabase, watch, signal }) {
  const list = element("div.whole-words", {});
  const news = element("div", { role: "status" });
  let latest = 0;
  const look = async () => {
    const asked = ++latest;
    show(news);
    const filters = momentsOf(chosen(form));
    const shown = element("div", {});
    try {
      await pages(shown, {
        read: (after, limit) => readHistory(supabase, filters, after, limit),
        keyOf: (job) => job,
        draw: jobsTable,
      });
    } catch (problem) {
      show(shown, notice("bad", t("shell.wentWrong"), problem.message));
    }
    // An answer that was overtaken by a later question is nobody's.
    if (asked === latest && !signal.aborted) show(list, shown);
  };
  let typing;
  const form = filterForm(() => {
    clearTimeout(typing);
    typing = setTimeout(look, TYPING_MS);
  });
  form.addEventListener("reset", () => setTimeout(look)); // when it is empty
  show(place, element("details.card", { open: true }, element("summary", {}, t("history.filters")), form), news, list);

  const known = new Map();
  watch.onJob((job) => {
    if (job && (known.get(job.id) === job.status || job.status === "pending")) return;
    if (job) isOver(job) ? known.delete(job.id) : known.set(job.id, job.status);
    if (job) show(news, element("button", { on: { click: look } }, t("history.news")));
  }, signal);
  await look();
}

function filterForm(changed) {
  const kinds = [["", t("history.kind.any")], ...KINDS.map((kind) => [kind, t(`history.kind.${kind}`)])];
  const types = [["", t("history.any")], ...Object.keys(FIELDS).map((type) => [type, t(`type.${type}`)])];
  const states = [["", t("history.any")], ...STATUSES.map((state) => [state, t(`state.${state}`)])];
  return element("form.fields", { on: { input: changed, submit: (event) => event.preventDefault() } },
    fieldOf("history.kind", element("select", { name: "kind" }, options(kinds))),
    fieldOf("history.state", element("select", { name: "status" }, options(states))),
    fieldOf("history.type", element("select", { name: "dataType" }, options(types))),
    fieldOf("history.file", element("input", { name: "file", type: "search" })),
    fieldOf("history.who", element("input", { name: "who", type: "search" })),
    fieldOf("history.from", element("input", { name: "from", type: "date" })),
    fieldOf("history.to", element("input", { name: "to", type: "date" })),
    element("button.last", { type: "reset" }, t("history.clear")));
}

/** Filters whose days are moments, in the reader's zone: all of the last day counts. */
function momentsOf(filters) {
  const midnight = (day, more = 0) => {
    const [year, month, date] = day.split("-").map(Number);
    return new Date(year, month - 1, date + more).toISOString();
  };
  const { from, to } = filters;
  return { ...filters, from: from && midnight(from), to: to && midnight(to, 1) };
}

function jobsTable(jobs) {
  if (!jobs.length) return nothing(t("history.none"), t("history.none.long"));
  const headings = ["when", "what", "file", "who", "took", "became", "state"].map((name) => t(`history.${name}`));
  return table(t("history.jobs"), headings, jobs.map((job) => [
    time(job.started_at), t(`history.one.${job.dry_run ? "rehearsal" : job.kind}`),
    element("a", { href: addressOf("job", job.job_id) }, job.file_name || t(`type.${job.data_type}`)),
    job.creator_name ?? "", span(Math.max(0, job.seconds ?? 0)), becameOf(job),
    element("span", {}, statePill(job.status), job.undone_by && element("small", {}, " ", t("history.undone"))),
  ]));
}

/** What became of a job's rows, in few words. */
function becameOf(job) {
  if (job.kind === "export") return t("history.rows", { count: job.rows ?? 0 });
  const parts = ["created", "changed", "unchanged", "refused"]
    .filter((name) => job[`rows_${name}`] > 0)
    .map((name) => t(`history.rows.${job.kind === "undo" ? "undo." : ""}${name}`, { rows: job[`rows_${name}`] }));
  return parts.join(", ") || t("history.rows.none");
}
