// The shell: sign-in, navigation, and the view that the address names.
import { Inbox } from "./crm/inbox.js";
import { whoIsIt, signOut } from "./crm/session.js";
import { Watch } from "./crm/watch.js";
import { chooseLanguage, currentLanguage, LANGUAGES, number, t } from "./i18n/index.js";
import { element, show } from "./parts/element.js";
import { notice } from "./parts/notice.js";
import { addressOf, whereWeAre } from "./router.js";
import { titleOf } from "./views/notifications/lines.js";
import { VIEWS } from "./views/index.js";
import { signInView } from "./views/sign_in.js";

/** Show the page below `app`, and all that follows from signing in and out. */
export async function openShell(app, supabase) {
  let page = null;
  let shown; // the user's id; null: the sign-in; undefined: nothing yet
  let last = Promise.resolve(); // one at a time: events come in twos and threes

  const begin = async (anew) => {
    const { data } = await supabase.auth.getSession();
    const user = data.session?.user.id ?? null;
    if (user === shown && !anew) return;
    page?.close();
    page = null;
    shown = user;
    try {
      const who = await whoIsIt(supabase);
      if (who) page = new Page(app, supabase, who, restart);
      else signInView(app, supabase, languageChoice(restart));
    } catch (problem) {
      shown = undefined;
      show(app, element("main.alone", {}, notice("bad", t("shell.noAnswer"), problem.message),
        element("button", { on: { click: restart } }, t("shell.again"))));
    }
  };
  const start = (anew) => (last = last.then(() => begin(anew)));
  const restart = () => start(true);
  // Not within the event: the client waits for its listeners.
  supabase.auth.onAuthStateChange(() => setTimeout(() => start(false)));
  await start(false);
}

function languageChoice(changed) {
  const options = Object.entries(LANGUAGES).map(([code, name]) =>
    element("option", { value: code, selected: code === currentLanguage(), lang: code }, name));
  const choose = ({ target }) => (chooseLanguage(target.value), changed());
  return element("select.plain", { "aria-label": t("shell.language"), on: { change: choose } }, options);
}

/** Everything that a signed-in user sees. */
class Page {
  #closed = new AbortController();
  #left = new AbortController(); // the view that is shown

  constructor(app, supabase, who, start) {
    this.supabase = supabase;
    this.who = who;
    this.watch = who.organizationId && new Watch(supabase, who.organizationId, who.userId);
    this.inbox = this.watch && new Inbox(supabase, this.watch, this.#closed.signal);
    this.unread = element("span.unread-count", { hidden: true });
    this.navigation = element("nav", { "aria-label": t("shell.navigation") });
    this.place = element("main", { id: "view", tabindex: "-1" });
    show(app, element("a.skip", { href: "#view", on: { click: (event) => this.#skip(event) } }, t("shell.skip")),
      element("header.top", {},
        element("a.brand", { href: addressOf("import") }, element("img", { src: "icon.svg", alt: "" }), t("shell.brand")),
        this.navigation,
        element("div.aside", {}, this.#connection(), languageChoice(start), this.#account())),
      this.place, this.#announcements());
    addEventListener("hashchange", () => this.#show(true), { signal: this.#closed.signal });
    this.#show(false);
  }

  close() {
    this.#closed.abort();
    this.#left.abort();
    this.watch?.close();
  }

  #skip(event) {
    event.preventDefault();
    this.place.focus();
  }

  /** Whether changes come by themselves; said aloud when that changes. */
  #connection() {
    const told = element("span.live", { role: "status" });
    this.watch?.onState((state) => {
      told.dataset.state = state;
      told.title = t(`shell.${state}.long`);
      show(told, element("span.dot", { "aria-hidden": "true" }), t(`shell.${state}`));
    }, this.#closed.signal);
    return told;
  }

  /** New lines of the inbox, said aloud wherever the reader is; and how many are unread. */
  #announcements() {
    const told = element("div.unseen", { role: "status" });
    this.inbox?.onLine((line) => line && show(told, t("inbox.news", { what: titleOf(line) })), this.#closed.signal);
    this.inbox?.onUnread((count) => {
      this.unread.hidden = count === 0;
      show(this.unread, number(count), element("span.unseen", {}, " ", t("inbox.unread.count", { count })));
    }, this.#closed.signal);
    return told;
  }

  #account() {
    return element("div.account", {},
      element("span", { title: this.who.email }, this.who.name,
        this.who.organizationName && element("small", {}, this.who.organizationName)),
      element("button.quiet", { on: { click: () => signOut(this.supabase) } }, t("shell.signOut")));
  }

  /** Show the view that the address names; `moved`: the reader came from another one. */
  async #show(moved) {
    this.#left.abort();
    this.#left = new AbortController();
    const { signal } = this.#left;
    const { path, rest } = whereWeAre();
    const view = VIEWS.find((view) => view.path === path) ?? VIEWS[0];
    this.#navigate(view);
    const place = element("div.view", {});
    show(this.place, place);
    const title = t(view.title);
    document.title = `${title} · ${t("shell.brand")}`;
    if (moved) this.place.focus();
    if (!this.who.organizationId) {
      show(place, notice("warning", t("shell.noOrganization")));
      return;
    }
    const { supabase, who, watch, inbox } = this;
    try {
      await view.show(place, { supabase, who, watch, inbox, rest, signal });
    } catch (problem) {
      if (!signal.aborted) place.append(notice("bad", t("shell.wentWrong"), problem.message));
    }
  }

  #navigate(current) {
    const links = VIEWS.filter((view) => view.inNavigation).map((view) =>
      element("a", { href: addressOf(view.path), "aria-current": view === current && "page" }, t(view.title),
        view.countsUnread && [" ", this.unread]));
    show(this.navigation, links);
  }
}
