/** Sign-in with a password, a passkey or a provider. */
import { ask, auth } from "../client.js";
import { $, notify, show } from "../page.js";
import { signedIn, watch } from "../session.js";
import { continueWith } from "./providers.js";

export const signIn = {
  html: `
    <section class="card" data-view="sign-in" aria-labelledby="sign-in-title" hidden>
      <h2 id="sign-in-title">Sign in</h2>
      <form data-submit="password">
        <label>E-mail <input name="email" type="email" autocomplete="username webauthn" required /></label>
        <label>Password <input name="password" type="password" autocomplete="current-password" required /></label>
        <label class="check"><input name="rememberMe" type="checkbox" checked /> Keep me signed in</label>
        <p class="error" role="alert"></p>
        <button>Sign in</button>
        <button type="button" class="quiet" data-click="passkey" data-passkeys>Sign in with a passkey</button>
        <div class="providers" hidden></div>
      </form>
      <p class="links"><a href="/?view=sign-up" data-keep="/?view=sign-up">Create an account</a> <a href="/?view=forgot">Forgot the password?</a></p>
    </section>`,
  submit: {
    async password(fields, form) {
      const answer = await ask(auth.signIn.email(fields));
      form.elements.password.value = "";
      if (answer.twoFactorRedirect) {
        notify("");
        show("second-step");
        $("[data-view=second-step] input").focus();
        return;
      }
      await signedIn();
    },
  },
  click: {
    async passkey() {
      await ask(auth.signIn.passkey());
      await signedIn();
    },
  },
  start(area) {
    continueWith($(".providers", area));
    watch((session) => {
      if (!session) offerPasskeys();
    });
  },
};

/** Lets the browser offer passkeys in the e-mail field, where it can. */
async function offerPasskeys() {
  const supported = await window.PublicKeyCredential?.isConditionalMediationAvailable?.();
  if (!supported) return;
  const { data, error } = await auth.signIn.passkey({ autoFill: true });
  if (data) {
    await signedIn();
  } else if (error.code === "CHALLENGE_NOT_FOUND") {
    notify("The page has waited for too long. Please choose the passkey once more.");
    await offerPasskeys();
  } else if (error.status === 401) {
    notify("This passkey is not known here.");
  }
}
