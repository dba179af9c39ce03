/** The second factor: switched on with an authenticator app, with backup codes, and off again. */
import { renderSVG } from "uqr";
import { ask, auth } from "../client.js";
import { $, notify } from "../page.js";
import { refresh, watch } from "../session.js";

export const secondFactor = {
  html: `
    <section class="card" aria-labelledby="second-factor-title" data-needs-password>
      <h2 id="second-factor-title">Second factor</h2>
      <div data-step="off">
        <p class="hint">With it, a sign-in needs a code of an authenticator app on your phone as well.</p>
        <form data-submit="enable">
          <label>Password <input name="password" type="password" autocomplete="current-password" required /></label>
          <p class="error" role="alert"></p>
          <button>Set up</button>
        </form>
      </div>
      <div data-step="setup">
        <p class="hint">Scan this with your app, or type the secret into it. Then enter the code that it shows.</p>
        <img id="qr" alt="QR code for the authenticator app" width="200" height="200" />
        <p class="secret"><small>Secret</small> <code id="secret"></code></p>
        <form data-submit="verify">
          <label>Code <input name="code" inputmode="numeric" autocomplete="one-time-code" required /></label>
          <p class="error" role="alert"></p>
          <button>Switch on</button>
          <button type="button" class="quiet" data-click="cancel">Cancel</button>
        </form>
      </div>
      <div data-step="on">
        <p class="hint">It is on: a sign-in asks for a code of your authenticator app.</p>
        <form data-submit="change">
          <label>Password <input name="password" type="password" autocomplete="current-password" required /></label>
          <p class="error" role="alert"></p>
          <button value="codes" class="quiet">New backup codes</button>
          <button value="disable">Switch off</button>
        </form>
      </div>
      <div id="backup-codes" hidden>
        <h3>Backup codes</h3>
        <p class="hint">Keep them in a safe place. Each signs you in once without the phone. They are not shown again.</p>
        <ul></ul>
      </div>
    </section>`,
  submit: {
    async enable(fields, form) {
      const { totpURI, backupCodes } = await ask(auth.twoFactor.enable(fields));
      form.reset();
      begin(totpURI, backupCodes);
    },
    async verify({ code }, form) {
      await ask(auth.twoFactor.verifyTotp({ code: code.replaceAll(" ", "") }));
      form.reset();
      const codes = pending;
      await refresh();
      showCodes(codes);
      notify("The second factor is on.");
    },
    async change({ password }, form, button) {
      if (button.value === "disable") {
        await ask(auth.twoFactor.disable({ password }));
        form.reset();
        await refresh();
        notify("The second factor is off.");
        return;
      }
      const { backupCodes } = await ask(auth.twoFactor.generateBackupCodes({ password }));
      form.reset();
      showCodes(backupCodes);
      notify("The old backup codes no longer work.");
    },
  },
  click: {
    async cancel() {
      await refresh();
    },
  },
  start() {
    watch((signedIn) => {
      pending = [];
      step(signedIn?.user.twoFactorEnabled ? "on" : "off");
      if (!signedIn?.user.twoFactorEnabled) showCodes([]);
    });
  },
};

let pending = []; // the backup codes of a set-up that is under way

function step(name) {
  for (const part of document.querySelectorAll("[data-step]")) part.hidden = part.dataset.step !== name;
  if (name === "setup") return;
  $("#qr").removeAttribute("src");
  $("#secret").textContent = "";
}

function begin(uri, backupCodes) {
  pending = backupCodes;
  // As an image, the picture is no markup of this page.
  $("#qr").src = `data:image/svg+xml,${encodeURIComponent(renderSVG(uri, { border: 2 }))}`;
  $("#secret").textContent = new URL(uri).searchParams.get("secret").match(/.{1,4}/g).join(" ");
  step("setup");
  $("[data-submit=verify] input").focus();
}

function showCodes(codes) {
  const box = $("#backup-codes");
  box.hidden = codes.length === 0;
  $("ul", box).replaceChildren(
    ...codes.map((code) => {
      const item = document.createElement("li");
      item.append(Object.assign(document.createElement("code"), { textContent: code }));
      return item;
    }),
  );
}
