// French. A file a view; the same names in en/.
import fields from "./fr/fields.js";
import importing from "./fr/import.js";
import job from "./fr/job.js";
import shell from "./fr/shell.js";
import status from "./fr/status.js";

export default { ...shell, ...fields, ...importing, ...job, ...status };
