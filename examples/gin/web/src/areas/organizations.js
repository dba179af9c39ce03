/** The user's organizations, the invitations that wait for the user, and new ones. */
import { ask, auth } from "../client.js";
import { $, listItem, notify, smallButton } from "../page.js";
import { current, refresh, watch } from "../session.js";

export const organizations = {
  html: `
    <section class="card" aria-labelledby="organizations-title">
      <h2 id="organizations-title">Organizations</h2>
      <ul id="organizations" class="list"></ul>
      <ul id="invited" class="list" aria-label="Invitations for you"></ul>
      <form data-submit="create">
        <label>Name <input name="name" autocomplete="off" placeholder="Analytical Engines" maxlength="100" required /></label>
        <p class="error" role="alert"></p>
        <button>Create an organization</button>
      </form>
    </section>`,
  submit: {
    async create({ name }, form) {
      await ask(auth.organization.create({ name, slug: slugOf(name) }));
      form.reset();
      notify("The organization is there, and you are its owner.");
      await refresh();
    },
  },
  start() {
    watch((signedIn) => signedIn && Promise.all([list(), listInvited()]));
  },
};

/** A slug is unique, so what the name gives gets an end of its own. */
function slugOf(name) {
  const words = name.normalize("NFKD").toLowerCase().replaceAll(/[^a-z0-9]+/g, "-").replaceAll(/^-+|-+$/g, "").slice(0, 40);
  return `${words || "organization"}-${crypto.randomUUID().slice(0, 8)}`;
}

async function list() {
  const all = await ask(auth.organization.list());
  $("#organizations").replaceChildren(
    ...all.map((organization) => {
      if (organization.id === current.session.activeOrganizationId) return listItem(organization.name, "Open");
      const open = smallButton("Open", `Open ${organization.name}`, async () => {
        await ask(auth.organization.setActive({ organizationId: organization.id }));
        await refresh();
      });
      return listItem(organization.name, "", open);
    }),
  );
}

async function listInvited() {
  const all = current.user.emailVerified ? await ask(auth.organization.listUserInvitations()) : [];
  const answer = (call, invitation, text) => async () => {
    await ask(call({ invitationId: invitation.id }));
    notify(text);
    await refresh();
  };
  $("#invited").replaceChildren(
    ...all.map((invitation) => {
      const { organizationName: name } = invitation;
      const accept = smallButton("Accept", `Accept the invitation to ${name}`, answer(auth.organization.acceptInvitation, invitation, "Welcome to the organization."));
      const decline = smallButton("Decline", `Decline the invitation to ${name}`, answer(auth.organization.rejectInvitation, invitation, "The invitation is declined."));
      return listItem(name, `You are invited, as ${invitation.role}`, accept, decline);
    }),
  );
}
