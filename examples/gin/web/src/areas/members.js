/** The organization that is open: its members, and the invitations that it has sent. */
import { ask, auth } from "../client.js";
import { $, dateFormat, listItem, notify, smallButton } from "../page.js";
import { current, refresh, watch } from "../session.js";

let open = null; // the organization with its members and invitations

export const members = {
  html: `
    <section class="card" id="members-card" aria-labelledby="members-title" hidden>
      <h2 id="members-title">Members</h2>
      <p class="hint" id="members-of"></p>
      <ul id="members" class="list"></ul>
      <ul id="invitations" class="list" aria-label="Invitations"></ul>
      <form data-submit="invite" id="invite">
        <div class="pair">
          <label>E-mail <input name="email" type="email" autocomplete="off" required /></label>
          <label>Role
            <select name="role">
              <option>member</option>
              <option>admin</option>
            </select>
          </label>
        </div>
        <p class="error" role="alert"></p>
        <button>Invite</button>
      </form>
      <p class="error" role="alert"></p>
      <button type="button" class="quiet" data-click="leave">Leave the organization</button>
    </section>`,
  submit: {
    async invite({ email, role }, form) {
      await ask(auth.organization.inviteMember({ email, role, organizationId: open.id }));
      form.reset();
      notify("A mail with the link is on its way. In this quickstart, the mail is in the server's log.");
      await list();
    },
  },
  click: {
    async leave() {
      await ask(auth.organization.leave({ organizationId: open.id }));
      notify("You have left the organization.");
      await refresh();
    },
  },
  start() {
    watch((signedIn) => signedIn && list());
  },
};

async function list() {
  open = current.session.activeOrganizationId ? await ask(auth.organization.getFullOrganization()) : null;
  $("#members-card").hidden = !open;
  if (!open) return;
  $("#members-of").textContent = open.name;
  const mine = open.members.find((member) => member.userId === current.user.id);
  const mayManage = mine.role.split(",").some((role) => role === "owner" || role === "admin");
  $("#invite").hidden = !mayManage;
  $("#members").replaceChildren(...open.members.map((member) => memberItem(member, mayManage)));
  const waiting = open.invitations.filter((invitation) => invitation.status === "pending" && mayManage);
  $("#invitations").replaceChildren(...waiting.map(invitationItem));
}

function memberItem(member, mayManage) {
  const { name, email } = member.user;
  if (member.userId === current.user.id) return listItem(`${name} (you)`, `${email}, ${member.role}`);
  if (!mayManage || member.role.split(",").includes("owner")) return listItem(name, `${email}, ${member.role}`);
  const other = member.role === "admin" ? "member" : "admin";
  const change = smallButton(`Make ${other}`, `Make ${name} ${other}`, async () => {
    await ask(auth.organization.updateMemberRole({ memberId: member.id, role: other }));
    notify(`${name} is ${other} now.`);
    await list();
  });
  const remove = smallButton("Remove", `Remove ${name}`, async () => {
    await ask(auth.organization.removeMember({ memberIdOrEmail: member.id }));
    notify(`${name} is no member any more.`);
    await list();
  });
  return listItem(name, `${email}, ${member.role}`, change, remove);
}

function invitationItem(invitation) {
  const cancel = smallButton("Cancel", `Cancel the invitation of ${invitation.email}`, async () => {
    await ask(auth.organization.cancelInvitation({ invitationId: invitation.id }));
    notify("The link of the invitation no longer works.");
    await list();
  });
  return listItem(invitation.email, `Invited as ${invitation.role}, until ${dateFormat.format(new Date(invitation.expiresAt))}`, cancel);
}
