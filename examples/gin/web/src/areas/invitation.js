/** An invitation whose link was followed: it waits until its recipient has signed in. */
import { ask, auth } from "../client.js";
import { $, notify, query } from "../page.js";
import { refresh, watch } from "../session.js";

let id = query.get("invitation") ?? "";

/** The path with the invitation that waits, for links that leave the page and come back. */
export function invitationLink(path) {
  if (!id) return path;
  return `${path}${path.includes("?") ? "&" : "?"}invitation=${encodeURIComponent(id)}`;
}

export const invitation = {
  html: `
    <section class="card" id="invitation" aria-labelledby="invitation-title" hidden>
      <h2 id="invitation-title">Invitation</h2>
      <p id="invitation-text"></p>
      <p class="error" role="alert"></p>
      <div class="row" id="invitation-answer">
        <button type="button" data-click="accept">Accept</button>
        <button type="button" class="quiet" data-click="decline">Decline</button>
      </div>
    </section>`,
  click: {
    async accept() {
      await ask(auth.organization.acceptInvitation({ invitationId: id }));
      id = "";
      notify("Welcome to the organization.");
      await refresh();
    },
    async decline() {
      await ask(auth.organization.rejectInvitation({ invitationId: id }));
      id = "";
      notify("The invitation is declined.");
      await refresh();
    },
  },
  start(area) {
    const render = async (signedIn) => {
      // The links between sign-in and sign-up keep it.
      for (const link of document.querySelectorAll("[data-keep]")) link.href = invitationLink(link.dataset.keep);
      area.hidden = !id;
      if (!id) return;
      const say = (text, answerable = false) => {
        $("#invitation-text", area).textContent = text;
        $("#invitation-answer", area).hidden = !answerable;
      };
      if (!signedIn) return say("You are invited to an organization. Sign in, or create an account with the invited address.");
      if (!signedIn.user.emailVerified) return say("Verify your address first: follow the link in the mail. In this quickstart, the mail is in the server's log.");
      const { data, error } = await auth.organization.getInvitation({ query: { id } });
      if (error) return say(error.message);
      say(`${data.inviterEmail} invites you to ${data.organizationName}, as ${data.role}.`, true);
    };
    render(null);
    watch(render);
  },
};
