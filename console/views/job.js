// One job: how far it is, what became of it, and how it is undone.
import { element, show } from "../parts/element.js";
import { t } from "../i18n/index.js";

export default {
  path: "job",
  title: "job.title",
  inNavigation: false,
  async show(place) {
    show(place, element("h1", {}, t("job.title")));
  },
};
