// First step: what it is, and the file.
import { upload } from "../../crm/files.js";
import { insertJob } from "../../crm/jobs.js";
import { readTemplates } from "../../crm/templates.js";
import { FIELDS } from "../../crm/fields.js";
import { t } from "../../i18n/index.js";
import { element, icon, show } from "../../parts/element.js";
import { notice } from "../../parts/notice.js";
import { go } from "../../router.js";
import { jobOf, keepDraft } from "./draft.js";
import { recent } from "./recent.js";
import { steps } from "./steps.js";

const LARGEST_BYTES = 200 * 2 ** 20;

export async function chooseStep(place, context) {
  const { supabase, who, signal } = context;
  let dataType = "inventory";
  const problem = element("div", {});
  const templates = element("div", {});
  const busy = element("p.title", { role: "status" });

  const offer = async () => {
    const asked = dataType;
    const found = await readTemplates(supabase, asked);
    if (!signal.aborted && asked === dataType) show(templates, found.length > 0 && templateField(found));
  };

  const take = async (file) => {
    const wrong = whyNot(file);
    show(problem, wrong && notice("bad", wrong));
    if (wrong) return;
    input.disabled = true;
    show(busy, t("import.uploading", { name: file.name }));
    const template = templates.querySelector("select")?.value;
    try {
      const draft = {
        organizationId: who.organizationId, dataType, fileName: file.name, mapping: null,
        source: await upload(supabase, who.organizationId, file),
        options: template ? { template } : {},
      };
      draft.previewId = await insertJob(supabase, who, jobOf(draft, { preview: true }));
      keepDraft(draft);
      if (!signal.aborted) go("import", "columns");
    } catch (error) {
      show(problem, notice("bad", t("import.notUploaded"),
        error.isAway ? t("import.notUploaded.away") : error.message));
      show(busy);
      input.disabled = false;
    }
  };

  const input = element("input.unseen", {
    type: "file", id: "file", "aria-describedby": "file-kinds",
    on: { change: () => input.files[0] && take(input.files[0]) },
  });
  const types = Object.keys(FIELDS).map((type) => element("label.choice", {},
    element("input", {
      type: "radio", name: "data-type", value: type, checked: type === dataType,
      on: { change: () => ((dataType = type), offer()) },
    }), t(`type.${type}`)));

  // A file that misses its place would otherwise be opened instead of the page.
  for (const event of ["dragover", "drop"]) {
    addEventListener(event, (dragged) => dragged.preventDefault(), { signal });
  }
  show(place, element("h1", {}, t("import.title")), steps("choose"), problem,
    element("section.card", {},
      element("fieldset", {}, element("legend", {}, t("import.type")), element("div.choices", {}, types)),
      templates,
      dropZone(input, take), busy),
    await recent(supabase));
  await offer();
}

function whyNot(file) {
  if (file.size === 0) return t("import.empty", { name: file.name });
  if (file.size > LARGEST_BYTES) return t("import.tooLarge", { name: file.name });
  return null;
}

function templateField(templates) {
  const options = templates.map(({ name }) => element("option", { value: name }, name));
  return element("div.field.narrow", {}, element("label", { for: "template" }, t("import.template")),
    element("select", { id: "template" }, element("option", { value: "" }, t("import.template.none")), options));
}

/** Where a file is dropped, or chosen by a click or a key. */
function dropZone(input, take) {
  const zone = element("label.drop", { for: "file" },
    icon("upload"), element("span.title", {}, t("import.drop")),
    element("span.quiet", {}, t("import.drop.or")),
    element("small", { id: "file-kinds" }, t("import.kinds")));
  const over = (event, isOver) => {
    event.preventDefault();
    zone.classList.toggle("over", isOver);
  };
  zone.addEventListener("dragover", (event) => over(event, true));
  zone.addEventListener("dragleave", (event) => over(event, false));
  zone.addEventListener("drop", (event) => {
    over(event, false);
    const [file] = event.dataTransfer.files;
    if (file && !input.disabled) take(file);
  });
  return element("div.drop-place", {}, input, zone);
}
