/** The session of this browser, and the areas that show something of it. */
import { ask, auth } from "./client.js";
import { clean, notify, show } from "./page.js";

/** {user, session} of the person who is signed in, or null. */
export let current = null;

const watchers = [];

/** Calls f after each change of the session: with the session, or with null. */
export function watch(f) {
  watchers.push(f);
}

/** Asks the server who is signed in, and shows that. */
export async function refresh() {
  current = await ask(auth.getSession({ query: { disableCookieCache: true } }));
  show(current ? "account" : "sign-in");
  await Promise.all(watchers.map((f) => f(current)));
}

export async function signedIn(text = "") {
  clean();
  notify(text);
  await refresh();
}
