// The one client: supabase-js, vendored, under the sign-in of whoever looks at the page.

/**
 * @param {{supabaseUrl: string, publishableKey: string}} config as config.json has it
 */
export function connect({ supabaseUrl, publishableKey }) {
  return globalThis.supabase.createClient(supabaseUrl, publishableKey, {
    auth: { storageKey: "prospaces-imports", detectSessionInUrl: false },
    // A page that was hidden has slept; what it missed is asked for when it is live again.
    realtime: {
      heartbeatIntervalMs: 15_000,
      reconnectAfterMs: (tries) => [1000, 2000, 3000][tries - 1] ?? 5000,
    },
  });
}

/** The rows of an answer, or its error thrown, with a message for people. */
export function rowsOf({ data, error }) {
  if (error) throw problemOf(error);
  return data;
}

/** An Error of what supabase-js gives: `isAway` where the server could not be reached at all. */
export function problemOf(error) {
  const problem = new Error(error.message || String(error), { cause: error });
  problem.isAway = /fetch|network|load failed/i.test(problem.message) || error.status >= 500;
  return problem;
}
