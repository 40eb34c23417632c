// Import: from a file to a job.
import { element, show } from "../parts/element.js";
import { t } from "../i18n/index.js";

export default {
  path: "import",
  title: "import.title",
  inNavigation: true,
  async show(place) {
    show(place, element("h1", {}, t("import.title")));
  },
};
