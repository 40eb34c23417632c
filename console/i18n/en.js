// English. A file a view; the same names in fr/.
import analytics from "./en/analytics.js";
import exporting from "./en/exports.js";
import fields from "./en/fields.js";
import history from "./en/history.js";
import importing from "./en/import.js";
import job from "./en/job.js";
import notifications from "./en/notifications.js";
import shell from "./en/shell.js";
import status from "./en/status.js";

export default { ...shell, ...fields, ...importing, ...job, ...status, ...history, ...exporting, ...analytics, ...notifications };
