// Notifications: what the reader was told, and what they want to be told.
import { t } from "../i18n/index.js";
import { element, show } from "../parts/element.js";
import { addressOf } from "../router.js";
import { inboxPart } from "./notifications/inbox.js";
import { settingsPart } from "./notifications/settings.js";

const PARTS = { inbox: inboxPart, settings: settingsPart };

export default {
  path: "notifications",
  title: "notifications.title",
  inNavigation: true,
  countsUnread: true,
  async show(place, context) {
    const [name] = context.rest;
    const current = name in PARTS ? name : "inbox";
    const part = element("div.stack", {});
    const links = Object.keys(PARTS).map((name) => element("a", {
      href: addressOf("notifications", name), "aria-current": name === current && "page",
    }, t(`notifications.${name}`)));
    show(place, element("h1", {}, t("notifications.title")),
      element("nav.tabs", { "aria-label": t("notifications.title") }, links), part);
    await PARTS[current](part, context);
  },
};
