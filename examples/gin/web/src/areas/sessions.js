/** The user's sessions. */
import { ask, auth } from "../client.js";
import { $, dateFormat, listItem, notify, smallButton } from "../page.js";
import { current, watch } from "../session.js";

export const sessions = {
  html: `
    <section class="card" aria-labelledby="sessions-title">
      <h2 id="sessions-title">Sessions</h2>
      <ul id="sessions" class="list"></ul>
      <p class="error" role="alert"></p>
      <button type="button" class="quiet" data-click="revokeOthers">End all others</button>
    </section>`,
  click: {
    async revokeOthers() {
      await ask(auth.revokeOtherSessions());
      notify("All other sessions have ended.");
      await list();
    },
  },
  start() {
    watch((signedIn) => signedIn && list());
  },
};

async function list() {
  const all = await ask(auth.listSessions());
  all.sort((a, b) => new Date(b.createdAt) - new Date(a.createdAt));
  $("#sessions").replaceChildren(
    ...all.map((session) => {
      const since = dateFormat.format(new Date(session.createdAt));
      if (session.token === current.session.token) return listItem(`This browser, since ${since}`);
      const end = smallButton("End", `End the session since ${since}`, async () => {
        await ask(auth.revokeSession({ token: session.token }));
        notify("The session has ended.");
        await list();
      });
      return listItem(`${session.userAgent || "Unknown browser"}, since ${since}`, "", end);
    }),
  );
}
