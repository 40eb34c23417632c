// A line of the inbox: what happened, in a sentence, and where to look.
import { has, number, t, time } from "../../i18n/index.js";
import { element, icon } from "../../parts/element.js";
import { sentence } from "../../parts/value.js";
import { addressOf } from "../../router.js";

const COUNTS = ["created", "changed", "unchanged", "zeroed", "removed", "refused", "unprocessed"];

/** What happened, in a sentence; the event's name where this page does not know it. */
export function titleOf({ event, data }) {
  if (event === "worker.absent") return t(data.until ? "told.absent" : "told.absent.still");
  const file = data.file_name || t("told.noName");
  if (event === "import.completed" && data.refused) return t("told.refused", { file, refused: data.refused });
  const key = event === "import.failed" ? `told.failed.${data.kind}` : `told.${event}`;
  return has(key) ? t(key, { file }) : event;
}

/**
 * A line as an item of the list.
 * @param {(line) => void} opened it was followed
 * @param {(line) => void} read it is to be marked as read
 */
export function lineItem(line, { opened, read }) {
  const isUnread = line.read_at === null;
  const { data } = line;
  const said = [time(line.created_at), ...(line.event === "worker.absent" ? absenceOf(data) : countsOf(data)),
    data.creator_name && t("told.by", { name: data.creator_name })].filter(Boolean);
  return element(isUnread ? "li.unread" : "li", { "data-line": line.id }, icon(kindOf(line)),
    element("div", {},
      element("a.title", { href: addressFor(line), on: { click: () => opened(line) } },
        isUnread && element("span.unseen", {}, t("inbox.unread"), " "), titleOf(line)),
      element("p.quiet", {}, said.join(" · ")),
      data.reasons?.length > 0 && element("details", {}, element("summary", {}, t(`told.reasons.${isGood(line) ? "kept" : "why"}`)),
        element("ul.notes", {}, data.reasons.map((reason) => element("li", {}, sentence(reason)))))),
    isUnread && element("button.quiet", { on: { click: () => read(line) } }, t("inbox.read"),
      element("span.unseen", {}, " ", titleOf(line))));
}

/** The job to look at; nobody's job: whether somebody works. */
function addressFor({ data, job_id }) {
  const job = data.job_id ?? job_id;
  return job ? addressOf("job", job) : addressOf("status");
}

const isGood = ({ event }) => ["import.completed", "import.undone"].includes(event);

function kindOf(line) {
  if (line.event === "import.failed") return "bad";
  if (["import.held", "worker.absent"].includes(line.event) || line.data.refused) return "warning";
  return { "import.undone": "undo", "export.ready": "file" }[line.event] ?? "good";
}

function countsOf(data) {
  if (data.kind === "export") return data.rows ? [t("history.rows", { count: data.rows })] : [];
  const { parts } = data;
  const ofUndo = data.kind === "undo" ? "undo." : "";
  return [
    parts && t("told.parts", { completed: parts.completed, total: parts.total }),
    ...COUNTS.filter((name) => data[name] > 0).map((name) => t(`told.rows.${ofUndo}${name}`, { rows: number(data[name]) })),
  ];
}

const absenceOf = ({ since, until, jobs }) => [
  t("told.absent.since", { time: time(since) }), until && t("told.absent.until", { time: time(until) }),
  t("told.absent.jobs", { count: jobs }), t("told.absent.lost"),
];
