// What a user is told in the app: their lines of notification_inbox. docs/NOTIFICATIONS.md
import { rowsOf } from "./client.js";

const COLUMNS = "id,event,data,job_id,created_at,read_at";
// Lines that other windows read, and those that make way for one of more parts, come as no event.
const LOOK_SECONDS = 30;

/** A page of lines, the newest first; `after` is the last of the page before. */
export async function readInbox(supabase, after, limit) {
  let query = supabase.from("notification_inbox").select(COLUMNS);
  if (after) {
    const { created_at: at, id } = after;
    query = query.or(`created_at.lt."${at}",and(created_at.eq."${at}",id.lt.${id})`);
  }
  const newest = { ascending: false };
  return rowsOf(await query.order("created_at", newest).order("id", newest).limit(limit));
}

/** How many lines are unread, for the whole page, and each line that comes. */
export class Inbox {
  unread = 0;
  #listeners = { unread: new Set(), line: new Set() };
  #latest = 0;

  constructor(supabase, watch, signal) {
    this.supabase = supabase;
    watch.onLine((line) => {
      this.look();
      this.#tell("line", line);
    }, signal);
    const lookAround = async () => (await this.look()) && this.#tell("line", undefined);
    const timer = setInterval(lookAround, LOOK_SECONDS * 1000);
    signal.addEventListener("abort", () => clearInterval(timer));
    this.look();
  }

  /** Hear of the number of unread lines, now and when it is another one. */
  onUnread(listener, signal) {
    this.#add("unread", listener, signal);
    listener(this.unread);
  }

  /** Hear of each line that comes. Called with undefined when any may have been missed. */
  onLine(listener, signal) {
    this.#add("line", listener, signal);
  }

  /** Ask how many are unread; whether that is another number now. Where nobody answers, it is none. */
  async look() {
    const asked = ++this.#latest;
    const { count, error } = await this.supabase
      .from("notification_inbox")
      .select("id", { count: "exact", head: true })
      .is("read_at", null);
    if (error || asked !== this.#latest || count === this.unread) return false;
    this.unread = count;
    this.#tell("unread", count);
    return true;
  }

  /** Mark a line as read. */
  async read({ id }) {
    await this.#mark((lines) => lines.eq("id", id));
  }

  /** Mark all lines as read that are not newer than this one, which is the newest that was shown. */
  async readAll({ created_at: at }) {
    await this.#mark((lines) => lines.lte("created_at", at));
  }

  async #mark(which) {
    const lines = this.supabase.from("notification_inbox").update({ read_at: new Date().toISOString() });
    rowsOf(await which(lines.is("read_at", null)));
    await this.look();
  }

  #add(kind, listener, signal) {
    this.#listeners[kind].add(listener);
    signal.addEventListener("abort", () => this.#listeners[kind].delete(listener));
  }

  #tell(kind, word) {
    for (const listener of [...this.#listeners[kind]]) listener(word);
  }
}
