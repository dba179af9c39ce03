/** A device that wants to be signed in: its user enters the code, sees who asks, and decides. */
import { ask, auth } from "../client.js";
import { $, notify, query } from "../page.js";
import { watch } from "../session.js";

const asked = location.pathname === "/device";
let code = query.get("user_code") ?? "";

/** Ends the matter: the card goes, and the notice says how. */
function done(text) {
  $("#device").hidden = true;
  notify(text);
}

export const device = {
  html: `
    <section class="card" id="device" aria-labelledby="device-title" hidden>
      <h2 id="device-title">Sign in a device</h2>
      <form data-submit="look">
        <label for="device-code">The code that your device shows</label>
        <input id="device-code" name="code" autocomplete="off" autocapitalize="characters" spellcheck="false" required />
        <p class="error" role="alert"></p>
        <button>Continue</button>
      </form>
      <section id="device-answer" hidden>
        <p id="device-text"></p>
        <p>Approve only if you have just started this yourself. The device gets the whole account.</p>
        <p class="error" role="alert"></p>
        <div class="row">
          <button type="button" data-click="approve">Approve</button>
          <button type="button" class="quiet" data-click="deny">Deny</button>
        </div>
      </section>
    </section>`,
  submit: {
    async look(fields) {
      code = fields.code;
      const { status, client_id: client, scope } = await ask(auth.device({ query: { user_code: code } }));
      if (status !== "pending" || !client) throw new Error("This code is not yours, or it was decided on.");
      $("#device-text").textContent = `“${client}” asks to be signed in${scope ? ` for: ${scope}` : ""}.`;
      $("#device-answer").hidden = false;
    },
  },
  click: {
    async approve() {
      await ask(auth.device.approve({ userCode: code }));
      done("The device is approved. It will be signed in in a moment.");
    },
    async deny() {
      await ask(auth.device.deny({ userCode: code }));
      done("The device is denied.");
    },
  },
  start(area) {
    if (!asked) return;
    $("#device-code", area).value = code;
    watch((session) => {
      area.hidden = !session;
    });
  },
};
