/** A new account. */
import { ask, auth } from "../client.js";
import { $ } from "../page.js";
import { signedIn } from "../session.js";
import { invitationLink } from "./invitation.js";
import { continueWith } from "./providers.js";

export const signUp = {
  html: `
    <section class="card" data-view="sign-up" aria-labelledby="sign-up-title" hidden>
      <h2 id="sign-up-title">Create an account</h2>
      <form data-submit="signUp">
        <label>Name <input name="name" autocomplete="name" required /></label>
        <label>E-mail <input name="email" type="email" autocomplete="username" required /></label>
        <label>Password <input name="password" type="password" autocomplete="new-password" required aria-describedby="sign-up-hint" /></label>
        <p id="sign-up-hint" class="hint">At least 8 characters.</p>
        <p class="error" role="alert"></p>
        <button>Create account</button>
        <div class="providers" hidden></div>
      </form>
      <p class="links"><a href="/" data-keep="/">I have an account</a></p>
    </section>`,
  submit: {
    async signUp(fields, form) {
      await ask(auth.signUp.email({ ...fields, callbackURL: invitationLink("/?view=verified") }));
      form.reset();
      await signedIn("Welcome. A mail to verify the address is on its way. In this quickstart, the mail is in the server's log.");
    },
  },
  start(area) {
    continueWith($(".providers", area));
  },
};
