import { createAuthClient } from "better-auth/client";
import { passkeyClient } from "@better-auth/passkey/client";

// The server answers below /api/auth of the origin this page came from.
const auth = createAuthClient({ plugins: [passkeyClient()] });

const views = ["sign-in", "sign-up", "forgot", "reset", "account"];
const $ = (selector, within = document) => within.querySelector(selector);
const query = new URLSearchParams(location.search);
const dateFormat = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "short" });

let current = null; // {user, session} of who is signed in

function show(view) {
  for (const id of views) $(`#${id}`).hidden = id !== view;
}

function notify(text) {
  const notice = $("#notice");
  notice.textContent = text;
  notice.hidden = text === "";
}

/** Takes the query out of the address bar: tokens have no business in a history. */
function clean() {
  history.replaceState(null, "", "/");
}

/** The data of the client's answer; a refusal becomes an Error with the server's words. */
async function ask(promise) {
  const { data, error } = await promise;
  if (error) throw new Error(error.message || `The server answered ${error.status || "not at all"}.`);
  return data;
}

async function refresh() {
  current = await ask(auth.getSession({ query: { disableCookieCache: true } }));
  if (!current) {
    show("sign-in");
    offerPasskeys();
    return;
  }
  const { user, session } = current;
  const set = (field, text) => ($(`[data-field=${field}]`).textContent = text);
  set("name", user.name);
  set("email", user.email);
  set("verified", user.emailVerified ? "yes" : "not yet");
  set("expires", dateFormat.format(new Date(session.expiresAt)));
  $("#resend").hidden = user.emailVerified;
  $("[data-action=updateName] [name=name]").value = user.name;
  show("account");
  await Promise.all([refreshSessions(), refreshPasskeys()]);
}

/** A small button of a list, with what it is for people who do not see the list. */
function smallButton(text, label, f) {
  const button = document.createElement("button");
  button.type = "button";
  button.className = "small";
  button.textContent = text;
  button.setAttribute("aria-label", label);
  button.addEventListener("click", () => attempt(button, f));
  return button;
}

async function refreshSessions() {
  const sessions = await ask(auth.listSessions());
  sessions.sort((a, b) => new Date(b.createdAt) - new Date(a.createdAt));
  $("#sessions").replaceChildren(
    ...sessions.map((session) => {
      const item = document.createElement("li");
      const text = document.createElement("span");
      const since = dateFormat.format(new Date(session.createdAt));
      const here = session.token === current.session.token;
      text.textContent = `${here ? "This browser" : session.userAgent || "Unknown browser"}, since ${since}`;
      item.append(text);
      if (!here) {
        item.append(
          smallButton("End", `End the session since ${since}`, async () => {
            await ask(auth.revokeSession({ token: session.token }));
            notify("The session has ended.");
            await refreshSessions();
          }),
        );
      }
      return item;
    }),
  );
}

async function refreshPasskeys() {
  const passkeys = await ask(auth.$fetch("/passkey/list-user-passkeys"));
  $("#passkeys").replaceChildren(...passkeys.map(passkeyItem));
}

function passkeyItem(passkey) {
  const item = document.createElement("li");
  const text = document.createElement("span");
  const details = document.createElement("small");
  const name = passkey.name || "Passkey";
  text.textContent = name;
  details.textContent = `${passkey.deviceType === "multiDevice" ? "On all your devices" : "On one device"}, since ${dateFormat.format(new Date(passkey.createdAt))}`;
  text.append(details);
  const rename = smallButton("Rename", `Rename ${name}`, async () => {
    const input = document.createElement("input");
    input.value = passkey.name ?? "";
    input.setAttribute("aria-label", `New name of ${name}`);
    const save = smallButton("Save", `Save the name of ${name}`, async () => {
      await ask(auth.passkey.updatePasskey({ id: passkey.id, name: input.value }));
      notify("The passkey has a new name.");
      await refreshPasskeys();
    });
    input.addEventListener("keydown", (event) => {
      if (event.key !== "Enter") return;
      event.preventDefault();
      save.click();
    });
    item.replaceChildren(input, save);
    input.focus();
  });
  const remove = smallButton("Delete", `Delete ${name}`, async () => {
    await ask(auth.passkey.deletePasskey({ id: passkey.id }));
    notify("The passkey is deleted. Your device may still offer it; it does not work any more.");
    await refreshPasskeys();
  });
  item.append(text, rename, remove);
  return item;
}

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

async function signedIn() {
  clean();
  notify("");
  await refresh();
}

const submit = {
  async signIn(fields, form) {
    await ask(auth.signIn.email({ ...fields, rememberMe: form.elements.rememberMe.checked }));
    await signedIn();
  },
  async signUp(fields) {
    await ask(auth.signUp.email({ ...fields, callbackURL: "/?view=verified" }));
    clean();
    notify("Welcome.");
    await refresh();
  },
  async requestReset({ email }) {
    await ask(auth.requestPasswordReset({ email, redirectTo: "/?view=reset" }));
    notify("If there is an account with this address, a mail is on its way. In this quickstart, the mail is in the server's log.");
  },
  async resetPassword({ newPassword }) {
    await ask(auth.resetPassword({ newPassword, token: query.get("token") ?? "" }));
    clean();
    notify("The new password is saved. Sign in with it.");
    show("sign-in");
  },
  async addPasskey({ name }, form) {
    await ask(auth.passkey.addPasskey({ name: name || undefined }));
    form.reset();
    notify("The passkey is added. You can sign in with it from now on.");
    await refreshPasskeys();
  },
  async updateName({ name }) {
    await ask(auth.updateUser({ name }));
    notify("The name is saved.");
    await refresh();
  },
  async changePassword({ currentPassword, newPassword }, form) {
    await ask(auth.changePassword({ currentPassword, newPassword, revokeOtherSessions: form.elements.revokeOtherSessions.checked }));
    form.reset();
    notify("The password is changed.");
    await refresh();
  },
  async deleteAccount({ password }, form) {
    const { message } = await ask(auth.deleteUser({ password, callbackURL: "/?view=deleted" }));
    form.reset();
    const gone = message === "User deleted";
    notify(gone ? "The account is deleted." : "Follow the link in the mail to delete the account. In this quickstart, the mail is in the server's log.");
    if (gone) await refresh();
  },
};

const click = {
  async signInPasskey() {
    await ask(auth.signIn.passkey());
    await signedIn();
  },
  async signOut() {
    await ask(auth.signOut());
    notify("You are signed out.");
    await refresh();
  },
  async revokeOthers() {
    await ask(auth.revokeOtherSessions());
    notify("All other sessions have ended.");
    await refreshSessions();
  },
  async resendVerification() {
    await ask(auth.sendVerificationEmail({ email: current.user.email, callbackURL: "/?view=verified" }));
    notify("A mail is on its way. In this quickstart, the mail is in the server's log.");
  },
};

/** Runs f for a button: once at a time, with its error shown beside it. */
async function attempt(button, f) {
  const error = $(".error", button.closest("form, section"));
  error.textContent = "";
  button.disabled = true;
  try {
    await f();
  } catch (cause) {
    notify("");
    error.textContent = cause.message;
  } finally {
    button.disabled = false;
  }
}

for (const form of document.querySelectorAll("form")) {
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    const fields = Object.fromEntries([...new FormData(form)].filter(([name]) => form.elements[name].type !== "checkbox"));
    attempt($("button", form), () => submit[form.dataset.action](fields, form));
  });
}
for (const button of document.querySelectorAll("[data-click]")) {
  button.addEventListener("click", () => attempt(button, click[button.dataset.click]));
}

if (!window.PublicKeyCredential) for (const part of document.querySelectorAll("[data-passkeys]")) part.hidden = true;

const errors = {
  INVALID_TOKEN: "The link is not valid, or it was used before.",
  TOKEN_EXPIRED: "The link is too old.",
};
const failure = query.get("error");
if (failure) notify(errors[failure.toUpperCase()] ?? "The link did not work.");
else if (query.get("view") === "verified") notify("The e-mail address is verified.");
else if (query.get("view") === "deleted") notify("The account is deleted.");

const view = query.get("view");
if (view === "reset" && query.has("token") && !failure) {
  show("reset");
} else if (view === "sign-up" || view === "forgot") {
  show(view);
} else {
  refresh().catch((error) => {
    notify(error.message);
    show("sign-in");
  });
}
