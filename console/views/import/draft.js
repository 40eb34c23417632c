// What somebody is about to import: kept in the tab, so that a reload loses nothing.

const KEY = "prospaces-imports-draft";
// Options after which the columns are other ones, so that a mapping means nothing any more.
const REREAD = ["sheet", "header_row", "encoding", "delimiter", "template"];

/**
 * {organizationId, dataType, fileName, source: {bucket, path}, options, mapping: null or {column: field}
 *  as the user corrected it, previewId, rehearsalId}; null where there is none of this organization.
 */
export function readDraft(who) {
  const draft = JSON.parse(sessionStorage.getItem(KEY));
  return draft?.organizationId === who.organizationId ? draft : null;
}

export function keepDraft(draft) {
  sessionStorage.setItem(KEY, JSON.stringify(draft));
}

export function dropDraft() {
  sessionStorage.removeItem(KEY);
}

/** The job of a draft, with one more option: preview, dry_run, or none. */
export function jobOf(draft, more = {}) {
  const { dataType, fileName, source, mapping } = draft;
  const options = { ...draft.options, ...more };
  return { dataType, fileName, fileData: { source, options, ...(mapping && { mapping }) } };
}

/**
 * Say an option, or take it back (undefined). What was chosen of other columns is forgotten, and what
 * was rehearsed before holds no more.
 */
export function setOption(draft, name, value) {
  if (value === undefined || value === "") delete draft.options[name];
  else draft.options[name] = value;
  if (REREAD.includes(name)) draft.mapping = null;
  draft.rehearsalId = null;
}

/** Say which column is which field. What was rehearsed before holds no more. */
export function setMapping(draft, mapping) {
  draft.mapping = mapping;
  draft.rehearsalId = null;
}
