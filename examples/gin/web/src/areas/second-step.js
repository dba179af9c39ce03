/** The second step of a sign-in: a code of the authenticator app, or a backup code. */
import { ask, auth } from "../client.js";
import { $ } from "../page.js";
import { signedIn } from "../session.js";

export const secondStep = {
  html: `
    <section class="card" data-view="second-step" aria-labelledby="second-step-title" hidden>
      <h2 id="second-step-title">One more step</h2>
      <form data-submit="code">
        <label>Code of your authenticator app <input name="code" inputmode="numeric" autocomplete="one-time-code" required /></label>
        <label class="check"><input name="trustDevice" type="checkbox" /> Do not ask on this device for 30 days</label>
        <p class="error" role="alert"></p>
        <button>Continue</button>
      </form>
      <form data-submit="backup" class="more">
        <label>Or a backup code <input name="code" autocomplete="off" required /></label>
        <p class="error" role="alert"></p>
        <button class="quiet">Use the backup code</button>
      </form>
      <p class="links"><a href="/">Back to sign-in</a></p>
    </section>`,
  submit: {
    async code({ code, trustDevice }, form) {
      await ask(auth.twoFactor.verifyTotp({ code: code.replaceAll(" ", ""), trustDevice }));
      form.reset();
      await signedIn();
    },
    async backup({ code }, form) {
      await ask(auth.twoFactor.verifyBackupCode({ code: code.trim() }));
      form.reset();
      await signedIn("This backup code is used up. You can make new ones below.");
    },
  },
  start(area) {
    // Another attempt begins with empty fields.
    for (const form of area.querySelectorAll("form")) form.addEventListener("reset", () => ($(".error", form).textContent = ""));
  },
};
