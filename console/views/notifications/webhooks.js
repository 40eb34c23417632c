// The organization's webhooks, for its admins: what each is told, and how it does.
import { addWebhook, changeChannel, readChannels, removeChannel, renewSecret } from "../../crm/channels.js";
import { t, time } from "../../i18n/index.js";
import { element, show } from "../../parts/element.js";
import { chosen, fieldOf } from "../../parts/fields.js";
import { nothing } from "../../parts/nothing.js";
import { notice } from "../../parts/notice.js";
import { adviceOf, eventBoxes, eventsOf, failureOf } from "./channel_parts.js";

const MOST = 5;

export async function webhooksPart(place, { supabase, who, signal }, defaults) {
  const told = element("div", { tabindex: "-1" });
  const list = element("div.stack", { tabindex: "-1" });
  const adding = element("div", {});
  show(place, element("section.stack", {}, element("h2", {}, t("webhooks.title")), element("p.quiet", {}, t("webhooks.long")),
    told, list, adding));

  const look = async () => {
    const hooks = (await readChannels(supabase)).filter(({ kind }) => kind === "webhook");
    if (signal.aborted) return;
    show(list, hooks.length ? hooks.map((hook) => hookCard(hook, defaults, acts))
      : nothing(t("webhooks.none"), t("webhooks.none.long")));
    adding.hidden = hooks.length >= MOST;
  };
  /** Do something, say what came of it, and show how all are now. */
  const attempt = async (act, focused = list) => {
    try {
      show(told, await act());
      await look();
      focused.focus();
    } catch (problem) {
      show(told, notice("bad", t("channels.notKept"), adviceOf(problem)));
      told.scrollIntoView({ block: "nearest" });
    }
  };
  const acts = {
    change: (hook, changesOf) => attempt(async () => {
      await changeChannel(supabase, hook.id, changesOf());
      return notice("good", t("webhooks.changed", hook));
    }),
    renew: (hook) => attempt(async () => secretNotice("webhooks.renewed", hook.url, await renewSecret(supabase, hook.id)), told),
    remove: (hook) => attempt(async () => {
      await removeChannel(supabase, hook.id);
      return notice("good", t("webhooks.removed", hook));
    }),
  };
  const offer = () => show(adding, addForm(defaults, (wishOf) => attempt(async () => {
    const wish = wishOf();
    const secret = await addWebhook(supabase, who, wish);
    offer();
    return secretNotice("webhooks.added", wish.url, secret);
  }, told)));
  offer();
  await look();
}

/** A secret, this once. */
const secretNotice = (key, url, secret) => notice("good", t(key, { url }),
  t("webhooks.secret.once"), element("pre", { role: "group", tabindex: "0", "aria-label": t("webhooks.secret") }, secret),
  key === "webhooks.renewed" && t("webhooks.secret.before"));

function addForm(defaults, add) {
  const events = eventBoxes(defaults.events);
  const submit = (event) => {
    event.preventDefault();
    add(() => ({ url: chosen(event.target).url, events: eventsOf(events, defaults) }));
  };
  return element("form.card", { "aria-label": t("webhooks.add"), on: { submit } },
    element("h3", {}, t("webhooks.add")),
    fieldOf("webhooks.url", element("input", {
      name: "url", type: "url", required: true, maxlength: "2000", placeholder: "https://", autocomplete: "off",
    }), t("webhooks.url.hint")),
    events, element("div.actions", {}, element("button.primary", {}, t("webhooks.add"))));
}

function hookCard(hook, defaults, acts) {
  const editor = element("div", {});
  const begin = () => {
    const edit = element("button", { on: { click: () => editEvents() } }, t("webhooks.edit"));
    const button = (key, act) => element("button", { on: { click: act } }, t(key));
    show(buttons, edit,
      button(hook.is_enabled ? "webhooks.off" : "webhooks.on", () => acts.change(hook, () => ({ is_enabled: !hook.is_enabled }))),
      button("webhooks.renew", () => ask("webhooks.renew.really", () => acts.renew(hook))),
      element("button.danger", { on: { click: () => ask("webhooks.remove.really", () => acts.remove(hook)) } }, t("webhooks.remove")));
    return edit;
  };
  const buttons = element("div.actions", {});
  /** Asked for twice: whoever holds the old secret, or the address, notices. */
  const ask = (key, act) => {
    const really = element("button.danger", { on: { click: act } }, t(key));
    show(buttons, really, element("button", { on: { click: () => begin().focus() } }, t("webhooks.keep")));
    really.focus();
  };
  const editEvents = () => {
    const events = eventBoxes(hook.events ?? defaults.events);
    const save = (event) => {
      event.preventDefault();
      acts.change(hook, () => ({ events: eventsOf(events, defaults) }));
    };
    const leave = () => (show(editor), begin().focus());
    show(buttons);
    show(editor, element("form.stack", { "aria-label": t("webhooks.edit"), on: { submit: save } }, events,
      element("div.actions", {}, element("button.primary", {}, t("channels.save")),
        element("button", { type: "button", on: { click: leave } }, t("schedule.leave")))));
    editor.querySelector("input").focus();
  };
  begin();
  const told = (hook.events ?? defaults.events).map((event) => t(`event.${event}`)).join(", ");
  return element("article.card", { "aria-label": hook.url },
    element("div.actions", {}, element("h3", {}, hook.url),
      element(hook.is_enabled ? "span.pill.completed.end" : "span.pill.end", {}, t(hook.is_enabled ? "webhooks.isOn" : "webhooks.isOff"))),
    element("p.quiet", {}, told || t("webhooks.noEvents"), " · ",
      hook.last_delivered_at ? t("webhooks.delivered", { time: time(hook.last_delivered_at) }) : t("webhooks.notYet")),
    failureOf(hook), editor, buttons);
}
