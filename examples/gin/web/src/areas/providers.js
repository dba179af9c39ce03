/** Sign-in with providers, and the accounts that are linked to the user. */
import { ask, auth } from "../client.js";
import { $, attempt, dateFormat, listItem, notify, smallButton } from "../page.js";
import { current, watch } from "../session.js";
import { invitationLink } from "./invitation.js";

/** [{id, name}] of the providers that the server is configured with. */
const offered = fetch("/providers").then((answer) => (answer.ok ? answer.json() : []));

/** Where a flow that fails ends: with ?error= in the query. */
const failed = () => invitationLink("/?view=provider");

const reasons = {
  access_denied: "You have cancelled at the provider.",
  account_not_linked: "There is an account with this address already. Sign in to it as before, then link the provider there.",
  account_already_linked_to_different_user: "That account is linked to somebody else here.",
  "email_doesn't_match": "That account has another address than yours.",
  unable_to_link_account: "That account cannot be linked. The provider has to have verified its address.",
  email_not_found: "The provider has not said an address.",
  please_restart_the_process: "That took too long, or the page was opened twice. Please try again.",
  state_mismatch: "This browser did not begin the sign-in. Please try again.",
};

/** What is said of a flow that came back with an error. Anybody can write a link with words of theirs, so those are not shown. */
export function providerError(code) {
  return reasons[code] ?? "The provider could not be used. Please try again.";
}

/** Fills in a place for the buttons of the sign-in, in a card with an .error. */
export async function continueWith(place) {
  const providers = await offered;
  place.hidden = providers.length === 0;
  place.replaceChildren(
    ...providers.map(({ id, name }) => {
      const button = document.createElement("button");
      button.type = "button";
      button.className = "quiet";
      button.textContent = `Continue with ${name}`;
      button.addEventListener("click", () =>
        attempt(button, () => ask(auth.signIn.social({ provider: id, callbackURL: invitationLink("/"), errorCallbackURL: failed() }))),
      );
      return button;
    }),
  );
}

export const accounts = {
  html: `
    <section class="card" aria-labelledby="accounts-title">
      <h2 id="accounts-title">Ways to sign in</h2>
      <ul id="accounts" class="list"></ul>
      <p class="error" role="alert"></p>
      <div id="linkable" class="row"></div>
    </section>`,
  start() {
    watch((signedIn) => signedIn && list());
  },
};

async function list() {
  const [providers, linked] = [await offered, await ask(auth.listAccounts())];
  const nameOf = (id) => (id === "credential" ? "Password" : (providers.find((provider) => provider.id === id)?.name ?? id));
  const capital = (text) => text[0].toUpperCase() + text.slice(1);
  $("#accounts").replaceChildren(
    ...linked.map(({ providerId, accountId, createdAt }) => {
      const name = nameOf(providerId);
      const since = `Since ${dateFormat.format(new Date(createdAt))}`;
      if (providerId === "credential") return listItem(name, since);
      return listItem(
        capital(name),
        since,
        smallButton("Unlink", `Unlink ${name}`, async () => {
          await ask(auth.unlinkAccount({ providerId, accountId }));
          notify(`You can no longer sign in with ${name}.`);
          await list();
        }),
      );
    }),
  );
  needsPassword(linked.some(({ providerId }) => providerId === "credential"));
  const more = providers.filter(({ id }) => !linked.some((account) => account.providerId === id));
  $("#linkable").hidden = more.length === 0;
  $("#linkable").replaceChildren(
    ...more.map(({ id, name }) =>
      smallButton(`Link ${name}`, `Link ${name} to ${current.user.email}`, () =>
        ask(auth.linkSocial({ provider: id, callbackURL: "/?view=linked", errorCallbackURL: failed() })),
      ),
    ),
  );
}

/** Shows what asks for the password to users who have one only. */
function needsPassword(has) {
  for (const part of document.querySelectorAll("[data-needs-password]")) {
    part.hidden = !has;
    for (const input of part.querySelectorAll("input")) input.disabled = !has; // or an empty one keeps the form from being sent
  }
}
