// What the reader wants to be told, and how; for admins, the organization's webhooks.
import { keepWish, readChannels, readDefaults, SCOPES } from "../../crm/channels.js";
import { LANGUAGES, t } from "../../i18n/index.js";
import { element, show } from "../../parts/element.js";
import { fieldOf, options } from "../../parts/fields.js";
import { notice } from "../../parts/notice.js";
import { adviceOf, eventBoxes, eventsOf, failureOf } from "./channel_parts.js";
import { webhooksPart } from "./webhooks.js";

export async function settingsPart(place, context) {
  const { supabase, who, signal } = context;
  const [channels, defaults] = await Promise.all([readChannels(supabase), readDefaults(supabase)]);
  if (signal.aborted) return;
  const webhooks = element("div", {});
  show(place,
    wishForm("in_app", channels, defaults, context),
    wishForm("email", channels, defaults, context, mailAddress(who)),
    who.isAdmin && webhooks);
  if (who.isAdmin) await webhooksPart(webhooks, context, defaults);
}

/** Where mail goes: nobody types an address. */
const mailAddress = ({ email, isConfirmed }) => isConfirmed
  ? element("p", {}, t("channels.mailTo", { email }))
  : notice("warning", t("channels.unconfirmed", { email }), t("channels.unconfirmed.long"));

/** One's own wish of a kind: whether, what, of whose jobs; of mail, in which language. */
function wishForm(kind, channels, defaults, { supabase, who }, ...more) {
  let known = channels.find((channel) => channel.kind === kind);
  const told = element("div", {});
  const on = element("input", { type: "checkbox", name: "is_enabled", checked: known?.is_enabled ?? false });
  const scope = element("select", { name: "scope" },
    options(SCOPES.map((name) => [name, t(`channels.scope.${name}`)]), known?.scope ?? "own"));
  const language = element("select", { name: "language" }, options([
    ["", t("channels.language.any", { language: LANGUAGES[defaults.language] ?? defaults.language })],
    ...Object.entries(LANGUAGES),
  ], known?.language ?? ""));
  const events = eventBoxes(known?.events ?? defaults.events);
  const button = element("button.primary", {}, t("channels.save"));
  const save = async (event) => {
    event.preventDefault();
    button.disabled = true;
    try {
      const wish = { is_enabled: on.checked, scope: scope.value };
      if (on.checked) wish.events = eventsOf(events, defaults);
      if (kind === "email") wish.language = language.value || null;
      await keepWish(supabase, who, kind, known?.id, wish);
      known = (await readChannels(supabase)).find((channel) => channel.kind === kind);
      show(told, notice("good", t(wish.is_enabled ? `channels.${kind}.on` : `channels.${kind}.off`)));
    } catch (problem) {
      show(told, notice("bad", t("channels.notKept"), adviceOf(problem)));
    } finally {
      button.disabled = false;
      button.focus();
    }
  };
  return element("form.card", { "aria-label": t(`channels.${kind}`), on: { submit: save } },
    element("h2", {}, t(`channels.${kind}`)), told, more,
    element("label.check", {}, on, t(`channels.${kind}.wish`)),
    element("div.fields", {}, fieldOf("channels.scope", scope),
      kind === "email" && fieldOf("channels.language", language)),
    events, known && failureOf(known), element("div.actions", {}, button));
}
