/** A forgotten password: the request for a link, and the page that the link opens. */
import { ask, auth } from "../client.js";
import { clean, notify, query, show } from "../page.js";

export const forgot = {
  html: `
    <section class="card" data-view="forgot" aria-labelledby="forgot-title" hidden>
      <h2 id="forgot-title">Forgot the password?</h2>
      <form data-submit="request">
        <label>E-mail <input name="email" type="email" autocomplete="username" required /></label>
        <p class="error" role="alert"></p>
        <button>Send a reset link</button>
      </form>
      <p class="links"><a href="/">Back to sign-in</a></p>
    </section>`,
  submit: {
    async request({ email }) {
      await ask(auth.requestPasswordReset({ email, redirectTo: "/?view=reset" }));
      notify("If there is an account with this address, a mail is on its way. In this quickstart, the mail is in the server's log.");
    },
  },
};

export const reset = {
  html: `
    <section class="card" data-view="reset" aria-labelledby="reset-title" hidden>
      <h2 id="reset-title">Choose a new password</h2>
      <form data-submit="save">
        <label>New password <input name="newPassword" type="password" autocomplete="new-password" required /></label>
        <p class="error" role="alert"></p>
        <button>Save password</button>
      </form>
      <p class="links"><a href="/?view=forgot">Ask for another link</a></p>
    </section>`,
  submit: {
    async save({ newPassword }) {
      await ask(auth.resetPassword({ newPassword, token: query.get("token") ?? "" }));
      clean();
      notify("The new password is saved. Sign in with it.");
      show("sign-in");
    },
  },
};
