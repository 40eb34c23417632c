// Every view, in the order of the navigation. How one is added: docs/CONSOLE.md.
import analytics from "./analytics.js";
import exporting from "./exports.js";
import history from "./history.js";
import importing from "./import.js";
import job from "./job.js";
import notifications from "./notifications.js";
import status from "./status.js";

export const VIEWS = [importing, job, history, exporting, analytics, status, notifications];
