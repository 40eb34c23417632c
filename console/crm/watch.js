// The organization's jobs as they change, by Realtime; by asking where Realtime is away.
import { COLUMNS, isOver, readJob } from "./jobs.js";

// While it is live, a look now and then: a server can go deaf without a word.
const LIVE_SECONDS = 10;
const AWAY_SECONDS = 2;

/**
 * One subscription for the whole page.
 * `state` is "connecting", "live" or "away"; `onState` and `onJob` take a listener and an AbortSignal.
 */
export class Watch {
  state = "connecting";
  #listeners = { state: new Set(), job: new Set() };

  constructor(supabase, organizationId) {
    this.supabase = supabase;
    this.channel = supabase
      .channel(`imports-${organizationId}`)
      .on(
        "postgres_changes",
        {
          event: "*",
          schema: "public",
          table: "scheduled_jobs",
          filter: `organization_id=eq.${organizationId}`,
          // A whole row holds file_data.
          select: COLUMNS.split(","),
        },
        ({ new: job }) => job?.id && this.#tell("job", job),
      )
      .on("system", {}, ({ status }) => this.#become(status === "ok" ? "live" : "away"))
      .subscribe((status) => {
        // Joined is not yet live: the system's message says that changes are listened to.
        if (status !== "SUBSCRIBED") this.#become("away");
      });
  }

  onState(listener, signal) {
    this.#add("state", listener, signal);
    listener(this.state);
  }

  /** Hear of each job that changes. Called with undefined when anything may have been missed. */
  onJob(listener, signal) {
    this.#add("job", listener, signal);
  }

  /**
   * Tell how a job stands, now and at each change, until it is over: resolves with its last state;
   * with null where the job is gone. Rejects if the signal is aborted.
   */
  async follow(jobId, tell, signal) {
    for (;;) {
      const changed = this.#nextWord(jobId, signal);
      let job;
      try {
        job = await readJob(this.supabase, jobId);
        signal.throwIfAborted();
        if (job === null) return null;
        tell(job);
      } catch (problem) {
        if (signal.aborted || !problem.isAway) throw problem;
      }
      if (job && isOver(job)) return job;
      const told = await changed;
      if (told && (tell(told), isOver(told))) return told;
    }
  }

  close() {
    this.supabase.removeChannel(this.channel);
    for (const listeners of Object.values(this.#listeners)) listeners.clear();
  }

  /** The job at its next event; undefined when it is time to ask again. */
  #nextWord(jobId, signal) {
    const { promise, resolve, reject } = Promise.withResolvers();
    const over = new AbortController();
    const seconds = () => (this.state === "live" ? LIVE_SECONDS : AWAY_SECONDS);
    const timer = setTimeout(resolve, seconds() * 1000);
    this.onJob((job) => (!job || job.id === jobId) && resolve(job), over.signal);
    this.#add("state", () => resolve(), over.signal);
    signal.addEventListener("abort", () => reject(signal.reason), { signal: over.signal });
    promise.catch(() => {});
    return promise.finally(() => (clearTimeout(timer), over.abort()));
  }

  #add(kind, listener, signal) {
    this.#listeners[kind].add(listener);
    signal?.addEventListener("abort", () => this.#listeners[kind].delete(listener));
  }

  #become(state) {
    if (state === this.state) return;
    this.state = state;
    this.#tell("state", state);
    if (state === "live") this.#tell("job", undefined); // what was missed meanwhile
  }

  #tell(kind, word) {
    for (const listener of [...this.#listeners[kind]]) listener(word);
  }
}
