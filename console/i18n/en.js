// English. A file a view; the same names in fr/.
import fields from "./en/fields.js";
import importing from "./en/import.js";
import job from "./en/job.js";
import shell from "./en/shell.js";
import status from "./en/status.js";

export default { ...shell, ...fields, ...importing, ...job, ...status };
