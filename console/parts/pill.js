// A job's state in a word.
import { t } from "../i18n/index.js";
import { element } from "./element.js";

export const statePill = (status) => element(`span.pill.${status}`, {}, t(`state.${status}`));
