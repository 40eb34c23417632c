// What a reader should know: what happened, and what to do.
import { element, icon } from "./element.js";

/**
 * @param {"good"|"note"|"warning"|"bad"} kind
 * @param {string} title one sentence
 * @param {...(Node|string|null)} more below it: strings are paragraphs
 */
export function notice(kind, title, ...more) {
  const paragraphs = more.filter(Boolean).map((part) =>
    typeof part === "string" ? element("p", {}, part) : part);
  return element(`section.notice.${kind}`, { role: kind === "bad" ? "alert" : "status" },
    icon(kind), element("div", {}, element("p.title", {}, title), paragraphs));
}
