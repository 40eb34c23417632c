// Every view, in the order of the navigation. How one is added: docs/CONSOLE.md.
import importing from "./import.js";
import job from "./job.js";
import status from "./status.js";

export const VIEWS = [importing, job, status];
