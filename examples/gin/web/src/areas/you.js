/** Who is signed in, with which name, address and password; and the end of the account. */
import { ask, auth } from "../client.js";
import { $, dateFormat, notify } from "../page.js";
import { current, refresh, watch } from "../session.js";
import { invitationLink } from "./invitation.js";

export const you = {
  html: `
    <section class="card" aria-labelledby="you-title">
      <h2 id="you-title">You</h2>
      <dl>
        <dt>Name</dt>
        <dd data-field="name"></dd>
        <dt>E-mail</dt>
        <dd data-field="email"></dd>
        <dt>Verified</dt>
        <dd><span data-field="verified"></span> <button id="resend" type="button" class="small" data-click="resend">Send the mail again</button></dd>
        <dt>Session ends</dt>
        <dd data-field="expires"></dd>
      </dl>
      <p class="error" role="alert"></p>
      <button type="button" data-click="signOut">Sign out</button>
    </section>`,
  click: {
    async resend() {
      await ask(auth.sendVerificationEmail({ email: current.user.email, callbackURL: invitationLink("/?view=verified") }));
      notify("A mail is on its way. In this quickstart, the mail is in the server's log.");
    },
    async signOut() {
      await ask(auth.signOut());
      notify("You are signed out.");
      await refresh();
    },
  },
  start(area) {
    const set = (field, text) => ($(`[data-field=${field}]`, area).textContent = text);
    watch((signedIn) => {
      if (!signedIn) return;
      const { user, session } = signedIn;
      set("name", user.name);
      set("email", user.email);
      set("verified", user.emailVerified ? "yes" : "not yet");
      set("expires", dateFormat.format(new Date(session.expiresAt)));
      $("#resend", area).hidden = user.emailVerified;
    });
  },
};

export const name = {
  html: `
    <section class="card" aria-labelledby="name-title">
      <h2 id="name-title">Name</h2>
      <form data-submit="save">
        <label>Name <input name="name" autocomplete="name" required /></label>
        <p class="error" role="alert"></p>
        <button>Save name</button>
      </form>
    </section>`,
  submit: {
    async save(fields) {
      await ask(auth.updateUser(fields));
      notify("The name is saved.");
      await refresh();
    },
  },
  start(area) {
    watch((signedIn) => {
      if (signedIn) $("input", area).value = signedIn.user.name;
    });
  },
};

export const userName = {
  html: `
    <section class="card" aria-labelledby="user-name-title">
      <h2 id="user-name-title">User name</h2>
      <form data-submit="save">
        <label>User name <input name="username" autocomplete="username" required aria-describedby="user-name-hint" /></label>
        <p id="user-name-hint" class="hint">3 to 30 letters, digits, dots and underscores. You can sign in with it and your password.</p>
        <p class="error" role="alert"></p>
        <button>Save user name</button>
      </form>
    </section>`,
  submit: {
    async save({ username }) {
      await ask(auth.updateUser({ username, displayUsername: username }));
      notify("The user name is saved.");
      await refresh();
    },
  },
  start(area) {
    watch((signedIn) => {
      if (signedIn) $("input", area).value = signedIn.user.displayUsername ?? "";
    });
  },
};

export const password = {
  html: `
    <section class="card" aria-labelledby="password-title" data-needs-password>
      <h2 id="password-title">Password</h2>
      <form data-submit="change">
        <label>Current password <input name="currentPassword" type="password" autocomplete="current-password" required /></label>
        <label>New password <input name="newPassword" type="password" autocomplete="new-password" required /></label>
        <label class="check"><input name="revokeOtherSessions" type="checkbox" checked /> End all other sessions</label>
        <p class="error" role="alert"></p>
        <button>Change password</button>
      </form>
    </section>`,
  submit: {
    async change(fields, form) {
      await ask(auth.changePassword(fields));
      form.reset();
      notify("The password is changed.");
      await refresh();
    },
  },
};

export const deletion = {
  html: `
    <section class="card danger" aria-labelledby="delete-title">
      <h2 id="delete-title">Delete the account</h2>
      <form data-submit="remove">
        <label data-needs-password>Password <input name="password" type="password" autocomplete="current-password" required /></label>
        <p class="error" role="alert"></p>
        <button>Delete my account</button>
      </form>
    </section>`,
  submit: {
    async remove({ password }, form) {
      const { message } = await ask(auth.deleteUser({ ...(password && { password }), callbackURL: "/?view=deleted" }));
      form.reset();
      const gone = message === "User deleted";
      notify(gone ? "The account is deleted." : "Follow the link in the mail to delete the account. In this quickstart, the mail is in the server's log.");
      if (gone) await refresh();
    },
  },
};
