// History: what was done, what became of one item, and what is to come.
import { t } from "../i18n/index.js";
import { element, show } from "../parts/element.js";
import { addressOf } from "../router.js";
import { itemPart } from "./history/item.js";
import { jobsPart } from "./history/jobs.js";
import { schedulesPart } from "./history/schedules.js";

const PARTS = { jobs: jobsPart, item: itemPart, schedules: schedulesPart };

export default {
  path: "history",
  title: "history.title",
  inNavigation: true,
  async show(place, context) {
    const [name = "jobs", ...rest] = context.rest;
    const current = name in PARTS ? name : "jobs";
    const part = element("div.stack", {});
    const links = Object.keys(PARTS).map((name) => element("a", {
      href: addressOf("history", name), "aria-current": name === current && "page",
    }, t(`history.${name}`)));
    show(place, element("h1", {}, t("history.title")),
      element("nav.tabs", { "aria-label": t("history.title") }, links), part);
    await PARTS[current](part, { ...context, rest });
  },
};
