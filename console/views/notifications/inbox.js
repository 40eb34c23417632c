// The inbox: what the reader was told in the app, the newest first; new lines come by themselves.
import { readChannels } from "../../crm/channels.js";
import { readInbox } from "../../crm/inbox.js";
import { t } from "../../i18n/index.js";
import { element, show } from "../../parts/element.js";
import { nothing } from "../../parts/nothing.js";
import { notice } from "../../parts/notice.js";
import { pages } from "../../parts/table.js";
import { addressOf } from "../../router.js";
import { lineItem } from "./lines.js";

export async function inboxPart(place, { supabase, inbox, signal }) {
  const told = element("div", {});
  const asked = element("div", {});
  const list = element("div.stack", { tabindex: "-1" });
  let newest = null; // that was shown
  const all = element("button", { on: { click: () => attempt(readAll) } }, t("inbox.readAll"));
  show(place, told, asked, element("div.actions", {}, all,
    element("a", { href: addressOf("notifications", "settings") }, t("inbox.choose"))), list);

  const attempt = async (act) => {
    try {
      show(told);
      await act();
    } catch (problem) {
      if (!signal.aborted) show(told, notice("bad", t("inbox.notRead"), problem.message));
    }
  };
  const draw = (lines) => {
    if (!lines.length) return nothing(t("inbox.none"), t("inbox.none.long"));
    if (!newest || newest.created_at < lines[0].created_at) newest = lines[0];
    const acts = {
      opened: (line) => line.read_at === null && inbox.read(line).catch(() => {}), // it stays unread
      read: (line) => attempt(async () => {
        await inbox.read(line);
        await redraw();
      }),
    };
    return element("ul.inbox", { "aria-label": t("notifications.inbox") }, lines.map((line) => lineItem(line, acts)));
  };
  const readAll = async () => {
    if (newest) await inbox.readAll(newest);
    await redraw();
    if (!all.disabled) return; // one came meanwhile
    list.focus();
    show(told, notice("good", t("inbox.allRead")));
  };
  let drawAgain = null;
  let last = Promise.resolve(); // one at a time
  /** Read the page that is shown anew. The focus stays with its line, and what was open is open. */
  const redraw = () => (last = last.catch(() => {}).then(async () => {
    if (signal.aborted) return;
    const focused = list.contains(document.activeElement) && (lineOf(document.activeElement) ?? "");
    const open = [...list.querySelectorAll("details[open]")].map(lineOf);
    await drawAgain?.();
    for (const details of list.querySelectorAll("details")) details.open = open.includes(lineOf(details));
    if (focused !== false) (list.querySelector(`[data-line="${focused}"] a`) ?? list).focus({ preventScroll: true });
  }));

  inbox.onUnread((unread) => {
    all.disabled = unread === 0;
  }, signal);
  inbox.onLine(() => redraw().catch(() => {}), signal); // the next one will do
  const read = (after, limit) => readInbox(supabase, after, limit);
  last = pages(list, { read, keyOf: (line) => line, draw }).then((again) => (drawAgain = again));
  const [channels] = await Promise.all([readChannels(supabase), last]);
  if (channels.some(({ kind, is_enabled }) => kind === "in_app" && is_enabled)) return;
  show(asked, notice("note", t("inbox.off"), element("p", {},
    element("a", { href: addressOf("notifications", "settings") }, t("inbox.off.choose")))));
}

/** The id of the line that an element is of; undefined: it is of none. */
const lineOf = (inside) => inside.closest("[data-line]")?.dataset.line;
