// Import: a file, its columns, a rehearsal; then it is a job (views/job.js).
import { element, show } from "../parts/element.js";
import { t } from "../i18n/index.js";
import { addressOf } from "../router.js";
import { notice } from "../parts/notice.js";
import { chooseStep } from "./import/choose.js";
import { columnsStep } from "./import/columns.js";
import { readDraft } from "./import/draft.js";
import { rehearseStep } from "./import/rehearse.js";

export default {
  path: "import",
  title: "import.title",
  inNavigation: true,
  async show(place, context) {
    const draft = readDraft(context.who);
    const [step] = context.rest;
    if (step === "rehearsal" && draft?.rehearsalId) {
      await rehearseStep(place, context, draft);
    } else if (["columns", "rehearsal"].includes(step) && draft) {
      // Something was changed after the rehearsal: the address is that of what is shown.
      history.replaceState(null, "", addressOf("import", "columns"));
      await columnsStep(place, context, draft);
    } else if (step) {
      show(place, element("h1", {}, t("import.title")), noDraft());
    } else {
      await chooseStep(place, context);
    }
  },
};

const noDraft = () => notice("note", t("import.noDraft"),
  element("p", {}, element("a", { href: addressOf("import") }, t("import.otherFile"))));
