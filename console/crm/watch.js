// The organization's jobs as they change, by Realtime; by asking where Realtime is away.
import { COLUMNS, isOver, readJob } from "./jobs.js";

// While it is live, a look now and then: a server can go deaf without a word.
const LIVE_SECONDS = 10;
const AWAY_SECONDS = 2;

/**
 * One subscription for the whole page.
 * `state` is "connecting", "live" or "away"; `onState`, `onJob` and `onLine` take a listener and an
 * AbortSignal.
 */
export class Watch {
  state = "connecting";
  #listeners = { state: new Set(), job: new Set(), line: new Set() };

  /** @param {string} [userId] whose inbox it listens to besides; without one, to none */
  constructor(supabase, organizationId, userId) {
    this.supabase = supabase;
    const channel = supabase.channel(`imports-${organizationId}`);
    if (userId) this.#listenToInbox(channel, userId);
    this.channel = channel
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

  /** Hear of each line that comes into the inbox. Called with undefined when any may have been missed. */
  onLine(listener, signal) {
    this.#add("line", listener, signal);
  }

  /**
   * Tell how a job stands, now and at each change, until it is over: resolves with its last state;
   * with null where the job is gone. Rejects if the signal is aborted.
   */
  async follow(jobId, tell, signal) {
    const word = this.#listen(jobId, signal);
    try {
      for (let job = await this.#ask(jobId); job !== null; job = (await word()) ?? (await this.#ask(jobId))) {
        signal.throwIfAborted();
        if (job) tell(job);
        if (job && isOver(job)) return job;
      }
      return null;
    } finally {
      word.end();
    }
  }

  close() {
    this.supabase.removeChannel(this.channel);
    for (const listeners of Object.values(this.#listeners)) listeners.clear();
  }

  /** The job; null where it is gone; undefined where nobody answers now. */
  async #ask(jobId) {
    try {
      return await readJob(this.supabase, jobId);
    } catch (problem) {
      if (problem.isAway) return undefined;
      throw problem;
    }
  }

  /**
   * A function that waits for the next word on a job: the job as an event has it, the newest where
   * several came since; undefined when it is time to ask.
   */
  #listen(jobId, signal) {
    const over = new AbortController();
    let said = null; // {job} that nobody took yet
    let wake = () => {};
    const say = (job) => {
      said = { job };
      wake();
    };
    this.onJob((job) => (!job || job.id === jobId) && say(job), over.signal);
    this.#add("state", () => say(undefined), over.signal);
    signal.addEventListener("abort", () => wake(), { signal: over.signal });
    const word = async () => {
      if (!said && !signal.aborted) {
        const seconds = this.state === "live" ? LIVE_SECONDS : AWAY_SECONDS;
        await new Promise((resolve) => {
          const timer = setTimeout(resolve, seconds * 1000);
          wake = () => (clearTimeout(timer), resolve());
        });
      }
      signal.throwIfAborted();
      const { job } = said ?? {};
      said = null;
      return job;
    };
    word.end = () => over.abort();
    return word;
  }

  #listenToInbox(channel, userId) {
    const filter = `profile_id=eq.${userId}`;
    channel.on(
      "postgres_changes",
      { event: "INSERT", schema: "public", table: "notification_inbox", filter },
      ({ new: line }) => line?.id && this.#tell("line", line),
    );
  }

  #add(kind, listener, signal) {
    this.#listeners[kind].add(listener);
    signal?.addEventListener("abort", () => this.#listeners[kind].delete(listener));
  }

  #become(state) {
    if (state === this.state) return;
    this.state = state;
    this.#tell("state", state);
    if (state !== "live") return;
    for (const kind of ["job", "line"]) this.#tell(kind, undefined); // what was missed meanwhile
  }

  #tell(kind, word) {
    for (const listener of [...this.#listeners[kind]]) listener(word);
  }
}
