// A job that somebody waits for: where it stands, in a bar and in words, until it is over.
import { readService } from "../crm/service.js";
import { t } from "../i18n/index.js";
import { element, show } from "./element.js";
import { notice } from "./notice.js";

const LOOK_SECONDS = 10;

/**
 * Show a job's progress below `place` until it is over; its last state, null where it is gone.
 * @param {{waits: string, runs: string}} words what is said while it waits, and while it runs
 * @param {(job) => void} [tell] hears of each change besides
 */
export async function awaitJob(place, jobId, words, { supabase, watch, signal }, tell = () => {}) {
  const title = element("p.title", {}, words.waits);
  const bar = element("progress", { "aria-label": words.runs });
  const told = element("p.quiet", {});
  const paused = element("div", {});
  // Said aloud when it begins and ends; not at each step.
  show(place, element("div.card.waiting", {}, element("div", { role: "status" }, title), bar, told), paused);

  let waits = true;
  const look = async () => {
    const alive = !waits || (await readService(supabase)).is_alive;
    if (!signal.aborted) show(paused, !alive && notice("warning", t("status.paused"), t("progress.paused")));
  };
  const ask = () => look().catch(() => {}); // it is asked again
  const timer = setInterval(ask, LOOK_SECONDS * 1000);
  ask();
  try {
    return await watch.follow(jobId, (job) => {
      if (waits !== (job.status === "pending")) {
        waits = !waits;
        ask(); // it began; or a worker that goes has given it back
      }
      const { current = 0, total = 0 } = job.progress ?? {};
      show(title, waits ? words.waits : words.runs);
      if (total && !waits) {
        bar.max = total;
        bar.value = current;
      } else bar.removeAttribute("value");
      tell(job);
      show(told, total && !waits ? t("progress.rows", { current, total }) : "");
    }, signal);
  } finally {
    clearInterval(timer);
  }
}
