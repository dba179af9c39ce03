/** The user's passkeys. */
import { ask, auth } from "../client.js";
import { $, dateFormat, listItem, notify, smallButton } from "../page.js";
import { watch } from "../session.js";

export const passkeys = {
  html: `
    <section class="card" aria-labelledby="passkeys-title" data-passkeys>
      <h2 id="passkeys-title">Passkeys</h2>
      <p class="hint">Sign in with a fingerprint, a face or a PIN instead of a password.</p>
      <ul id="passkeys" class="list"></ul>
      <form data-submit="add">
        <label>Name <input name="name" autocomplete="off" placeholder="My laptop" maxlength="80" /></label>
        <p class="error" role="alert"></p>
        <button>Add a passkey</button>
      </form>
    </section>`,
  submit: {
    async add({ name }, form) {
      await ask(auth.passkey.addPasskey({ name: name || undefined }));
      form.reset();
      notify("The passkey is added. You can sign in with it from now on.");
      await list();
    },
  },
  start() {
    watch((signedIn) => signedIn && list());
  },
};

async function list() {
  const all = await ask(auth.$fetch("/passkey/list-user-passkeys"));
  $("#passkeys").replaceChildren(...all.map(item));
}

function item(passkey) {
  const name = passkey.name || "Passkey";
  const where = passkey.deviceType === "multiDevice" ? "On all your devices" : "On one device";
  const rename = smallButton("Rename", `Rename ${name}`, async () => edit(line, passkey, name));
  const remove = smallButton("Delete", `Delete ${name}`, async () => {
    await ask(auth.passkey.deletePasskey({ id: passkey.id }));
    notify("The passkey is deleted. Your device may still offer it; it does not work any more.");
    await list();
  });
  const line = listItem(name, `${where}, since ${dateFormat.format(new Date(passkey.createdAt))}`, rename, remove);
  return line;
}

/** Puts a field in the place of a passkey's name. */
function edit(line, passkey, name) {
  const input = document.createElement("input");
  input.value = passkey.name ?? "";
  input.setAttribute("aria-label", `New name of ${name}`);
  const save = smallButton("Save", `Save the name of ${name}`, async () => {
    await ask(auth.passkey.updatePasskey({ id: passkey.id, name: input.value }));
    notify("The passkey has a new name.");
    await list();
  });
  input.addEventListener("keydown", (event) => {
    if (event.key !== "Enter") return;
    event.preventDefault();
    save.click();
  });
  line.replaceChildren(input, save);
  input.focus();
}
