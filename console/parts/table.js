// Tables. Wide ones scroll within themselves, by keyboard too.
import { number, t } from "../i18n/index.js";
import { element, show } from "./element.js";

/**
 * A table.
 * @param {string} name for those who do not see it
 * @param {string[]} headings
 * @param {Array<Array<Node|string|number>>} rows numbers are set to the right; a row may have a
 *   `kind`, its class
 */
export function table(name, headings, rows) {
  const isNumber = headings.map((_, index) => typeof rows[0]?.[index] === "number");
  const cell = (tag, index, attributes, content) =>
    element(isNumber[index] ? `${tag}.number` : tag, attributes, content);
  const body = rows.map((row) => element(row.kind ? `tr.${row.kind}` : "tr", {},
    row.map((content, index) => cell("td", index, {}, shown(content)))));
  return element("div.scroll", { role: "region", "aria-label": name, tabindex: "0" },
    element("table", {},
      element("thead", {}, element("tr", {}, headings.map((heading, index) => cell("th", index, { scope: "col" }, heading)))),
      element("tbody", {}, body)));
}

const shown = (content) => (typeof content === "number" ? number(content) : content);

/**
 * A table that is read page by page, each by the key of the last row before it.
 * @param {(after: any, limit: number) => Promise<Array>} read the rows behind `after`; undefined: the first
 * @param {(row: any) => any} keyOf what the next page is behind
 * @param {(rows: Array) => Node} draw
 * @param {number} size rows a page
 * @returns {Promise<() => Promise<void>>} reads the page that is shown anew
 */
export async function pages(place, { read, keyOf, draw, size = 25 }) {
  const keys = [undefined]; // of the pages so far
  const drawPage = async () => {
    // One more than is shown tells whether there is another page.
    const rows = await read(keys.at(-1), size + 1);
    const shown = rows.slice(0, size);
    const turned = async (key, turn) => {
      turn();
      await drawPage();
      // To where the one was that was pressed, and the other one at the ends.
      const [back, on] = place.querySelectorAll(".pager button");
      (key === "shell.next" && !on.disabled || back.disabled ? on : back).focus();
    };
    const button = (key, disabled, turn) =>
      element("button", { disabled, on: { click: () => turned(key, turn) } }, t(key));
    const first = (keys.length - 1) * size + 1;
    const hasMore = rows.length > size;
    show(place, draw(shown), (keys.length > 1 || hasMore) && element("div.pager", {},
      button("shell.previous", keys.length === 1, () => keys.pop()),
      element("span", { role: "status" }, t("shell.rows", { first, last: first + shown.length - 1 })),
      button("shell.next", !hasMore, () => keys.push(keyOf(shown.at(-1))))));
  };
  await drawPage();
  return drawPage;
}
