// How a file is read, where it cannot be found out, and what may become of its rows.
import { t } from "../../i18n/index.js";
import { element } from "../../parts/element.js";
import { keepDraft, setOption } from "./draft.js";

const ENCODINGS = ["utf-8", "windows-1252", "iso-8859-15", "cp850", "cp437", "cp863", "mac_roman"];
const DELIMITERS = { ",": "comma", ";": "semicolon", "\t": "tab", "|": "pipe" };

/**
 * @param {object|null} preview null where the file could not be read
 * @param {() => void} lookAgain asks for a preview with what is chosen now
 */
export function optionFields(draft, preview, lookAgain) {
  const set = (name, value) => {
    setOption(draft, name, value);
    keepDraft(draft);
  };
  const select = (name, choices, unsaid = t("import.option.auto")) => {
    const current = draft.options[name] ?? "";
    const options = choices.map(([value, text]) =>
      element("option", { value, selected: value === current }, text));
    return field(name, element("select", { id: `option-${name}`, on: { change: ({ target }) => set(name, target.value) } },
      element("option", { value: "", selected: current === "" }, unsaid), options));
  };
  const sheets = preview?.sheets ?? [];
  const isItems = draft.dataType === "inventory";
  return element("div.stack", {},
    element("div.fields", {},
      sheets.length > 1 && select("sheet", sheets.map((sheet) => [sheet, sheet])),
      field("header_row", element("input", {
        id: "option-header_row", type: "number", min: "0", max: null, inputmode: "numeric",
        placeholder: t("import.option.auto"), value: draft.options.header_row ?? "",
        on: { change: ({ target }) => set("header_row", target.value === "" ? undefined : Number(target.value)) },
      })),
      select("decimal_mark", [[".", t("import.option.decimal_mark.point")], [",", t("import.option.decimal_mark.comma")]]),
      select("date_order", [["m/d", t("import.option.date_order.month")], ["d/m", t("import.option.date_order.day")]]),
      select("encoding", ENCODINGS.map((name) => [name, name])),
      select("delimiter", Object.entries(DELIMITERS).map(([mark, name]) => [mark, t(`import.option.delimiter.${name}`)])),
      draft.dataType !== "bids" &&
        select("mode", [["update", t("import.option.mode.update")], ["create", t("import.option.mode.create")]],
          t("import.option.mode.upsert"))),
    isItems && element("label.check", {},
      element("input", {
        type: "checkbox", checked: draft.options.missing === "zero",
        on: { change: ({ target }) => set("missing", target.checked ? "zero" : undefined) },
      }), t("import.option.missing")),
    element("div.actions", {}, element("button", { on: { click: lookAgain } }, t("import.lookAgain"))));
}

const field = (name, control) => element("div.field", {},
  element("label", { for: control.id }, t(`import.option.${name}`)), control);
