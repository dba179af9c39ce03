/** Ways to sign in without an address and a password: a mailed link or code, a user name, a visit. */
import { ask, auth } from "../client.js";
import { $, notify, show } from "../page.js";
import { signedIn } from "../session.js";

/** Goes on after a first step: to the second one, or into the account. */
async function goOn(answer) {
  if (answer.twoFactorRedirect) {
    notify("");
    show("second-step");
    $("[data-view=second-step] input").focus();
    return;
  }
  await signedIn();
}

export const otherWays = {
  html: `
    <section class="card" data-view="sign-in" aria-labelledby="other-ways-title" hidden>
      <h2 id="other-ways-title">Other ways</h2>
      <form data-submit="mail">
        <label>E-mail <input name="email" type="email" autocomplete="email" required /></label>
        <p class="error" role="alert"></p>
        <button name="link">Mail me a link</button>
        <button name="code" class="quiet">Mail me a code</button>
      </form>
      <form data-submit="code" hidden>
        <label>Code <input name="otp" inputmode="numeric" autocomplete="one-time-code" required /></label>
        <p class="error" role="alert"></p>
        <button>Use the code</button>
      </form>
      <form data-submit="username">
        <label>User name <input name="username" autocomplete="username" required /></label>
        <label>Password <input name="password" type="password" autocomplete="current-password" required /></label>
        <p class="error" role="alert"></p>
        <button>Sign in with the user name</button>
      </form>
      <form data-submit="visit">
        <p class="error" role="alert"></p>
        <button class="quiet">Look around without an account</button>
      </form>
    </section>`,
  submit: {
    async mail({ email }, form, button) {
      const code = button?.name === "code";
      if (code) await ask(auth.emailOtp.sendVerificationOtp({ email, type: "sign-in" }));
      else await ask(auth.signIn.magicLink({ email, name: email.split("@")[0], callbackURL: "/", errorCallbackURL: "/" }));
      const next = $("[data-submit=code]", form.parentElement);
      next.hidden = !code;
      next.dataset.email = email;
      notify(`A ${code ? "code" : "link"} is on its way. In this quickstart, the mail is in the server's log.`);
      if (code) $("input", next).focus();
    },
    async code({ otp }, form) {
      const answer = await ask(auth.signIn.emailOtp({ email: form.dataset.email, otp }));
      form.reset();
      form.hidden = true;
      await goOn(answer);
    },
    async username(fields, form) {
      const answer = await ask(auth.signIn.username(fields));
      form.reset();
      await goOn(answer);
    },
    async visit() {
      await goOn(await ask(auth.signIn.anonymous()));
    },
  },
};
