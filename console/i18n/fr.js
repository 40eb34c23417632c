// French. A file a view; the same names in en/.
import analytics from "./fr/analytics.js";
import exporting from "./fr/exports.js";
import fields from "./fr/fields.js";
import history from "./fr/history.js";
import importing from "./fr/import.js";
import job from "./fr/job.js";
import notifications from "./fr/notifications.js";
import shell from "./fr/shell.js";
import status from "./fr/status.js";

export default { ...shell, ...fields, ...importing, ...job, ...status, ...history, ...exporting, ...analytics, ...notifications };
