/**
 * Drives a program that was written by `kernia init` with the official client:
 *
 *     node drive.mjs BASE_URL LOG_FILE PLUGINS
 *
 * LOG_FILE is where the program writes its log, and with it the mails. PLUGINS are the ids
 * of its plugins, separated by commas; each is used once. Exit code 0: everything held.
 */
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { createAuthClient } from "better-auth/client";
import * as official from "better-auth/client/plugins";
import { apiKeyClient } from "@better-auth/api-key/client";
import { passkeyClient } from "@better-auth/passkey/client";

const [base, log, list = ""] = process.argv.slice(2);
const plugins = list.split(",").filter(Boolean);
const email = "ada@example.com";
const password = crypto.randomUUID(); // in no list of breaches

/** The cookies of one browser, and its fetch. */
function browser() {
  const jar = new Map();
  const request = async (url, init = {}) => {
    const headers = new Headers(init.headers);
    headers.set("Origin", base);
    if (jar.size > 0) headers.set("Cookie", [...jar].map(([name, value]) => `${name}=${value}`).join("; "));
    const answer = await fetch(new URL(url, base), { ...init, headers, redirect: "manual" });
    for (const line of answer.headers.getSetCookie()) {
      const [name, ...value] = line.split(";")[0].split("=");
      if (/max-age=0(;|$)/i.test(line)) jar.delete(name);
      else jar.set(name, value.join("="));
    }
    return answer;
  };
  const clients = [
    ...Object.entries(official).filter(([name]) => wanted.includes(name)).map(([, make]) => make()),
    passkeyClient(),
    apiKeyClient(),
  ];
  const auth = createAuthClient({ baseURL: base, plugins: clients, fetchOptions: { customFetchImpl: request } });
  return { auth, request, jar };
}

const wanted = [
  "adminClient", "anonymousClient", "deviceAuthorizationClient", "emailOTPClient", "jwtClient", "lastLoginMethodClient", "magicLinkClient",
  "multiSessionClient", "oneTimeTokenClient", "organizationClient", "phoneNumberClient", "twoFactorClient", "usernameClient",
];

/** What the client answers, or its error as an exception. */
async function ok(call) {
  const { data, error } = await call;
  assert.equal(error, null, JSON.stringify(error));
  return data;
}

/** The text of the newest mail to somebody that matches, once it is in the log. */
async function mail(to, pattern) {
  for (const end = Date.now() + 20_000; Date.now() < end; await new Promise((done) => setTimeout(done, 20))) {
    const lines = (await readFile(log, "utf8")).split("\n").filter((line) => line.includes("mail to=" + to));
    const found = lines.reverse().map((line) => line.match(pattern)).find(Boolean);
    if (found) return found[1];
  }
  throw new Error(`no mail to ${to} that matches ${pattern}`);
}

/** One use of each plugin. `me` is signed in. */
const uses = {
  username: async (me) => {
    const other = browser();
    await ok(me.auth.updateUser({ username: "ada_l" }));
    assert.equal((await ok(other.auth.signIn.username({ username: "ada_l", password }))).user.email, email);
  },
  "magic-link": async () => {
    const other = browser();
    await ok(other.auth.signIn.magicLink({ email: "link@example.com", callbackURL: "/" }));
    assert.equal((await other.request(await mail("link@example.com", /text="([^"]+)"/))).status, 302);
    assert.equal((await ok(other.auth.getSession())).user.email, "link@example.com");
  },
  "email-otp": async () => {
    const other = browser();
    await ok(other.auth.emailOtp.sendVerificationOtp({ email: "code@example.com", type: "sign-in" }));
    const otp = await mail("code@example.com", /text=(\d+)/);
    await ok(other.auth.signIn.emailOtp({ email: "code@example.com", otp }));
    assert.equal((await ok(other.auth.getSession())).user.email, "code@example.com");
  },
  "phone-number": async (me) => {
    const phoneNumber = "+41791234567";
    await ok(me.auth.phoneNumber.sendOtp({ phoneNumber }));
    const code = await mail(phoneNumber, /text=(\d+)/);
    await ok(me.auth.phoneNumber.verify({ phoneNumber, code, updatePhoneNumber: true }));
    assert.equal((await ok(me.auth.getSession())).user.phoneNumber, phoneNumber);
  },
  passkey: async (me) => {
    assert.deepEqual(await ok(me.auth.passkey.listUserPasskeys()), []);
    const options = await ok(me.auth.$fetch("/passkey/generate-register-options"));
    assert.equal(options.rp.id, "localhost");
  },
  anonymous: async () => {
    const other = browser();
    await ok(other.auth.signIn.anonymous());
    assert.equal((await ok(other.auth.getSession())).user.isAnonymous, true);
  },
  "two-factor": async (me) => {
    assert.match((await ok(me.auth.twoFactor.enable({ password }))).totpURI, /^otpauth:\/\/totp\//);
  },
  "have-i-been-pwned": async () => {}, // the sign-up below has passed it
  organization: async (me) => {
    const made = await ok(me.auth.organization.create({ name: "Engines", slug: "engines" }));
    const invited = await ok(me.auth.organization.inviteMember({ email: "bob@example.com", role: "member", organizationId: made.id }));
    assert.equal(await mail("bob@example.com", /invitation=(\w+)/), invited.id);
  },
  admin: async (me) => {
    const { error } = await me.auth.admin.listUsers({ query: {} });
    assert.equal(error.status, 403);
  },
  "api-key": async (me) => {
    assert.ok((await ok(me.auth.apiKey.create({ name: "tool" }))).key);
  },
  bearer: async (me) => {
    const answer = await fetch(base + "/api/auth/get-session", { headers: { Authorization: "Bearer " + me.token } });
    assert.equal((await answer.json()).user.email, email);
  },
  jwt: async (me) => {
    assert.match((await ok(me.auth.token())).token, /^[\w-]+\.[\w-]+\.[\w-]+$/);
    assert.equal((await ok(me.auth.$fetch("/jwks"))).keys.length, 1);
  },
  "one-time-token": async (me) => {
    const { token } = await ok(me.auth.oneTimeToken.generate());
    assert.equal((await ok(browser().auth.oneTimeToken.verify({ token }))).user.email, email);
  },
  "multi-session": async (me) => {
    assert.equal((await ok(me.auth.multiSession.listDeviceSessions())).length, 1);
  },
  "device-authorization": async (me) => {
    const codes = await ok(me.auth.device.code({ client_id: "tool" }));
    assert.equal(codes.verification_uri, base + "/device");
  },
  "last-login-method": async (me) => {
    assert.equal(me.jar.get("better-auth.last_used_login_method"), "email");
  },
  "audit-log": async (me) => {
    const page = await ok(me.auth.$fetch("/audit-log/list"));
    assert.ok(JSON.stringify(page).includes("sign-in"), JSON.stringify(page));
  },
  "open-api": async () => {
    const document = await (await fetch(base + "/api/auth/openapi.json")).json();
    assert.ok(document.paths["/sign-up/email"] ?? document.paths["/api/auth/sign-up/email"]);
    assert.equal((await fetch(base + "/api/auth/reference")).status, 200);
  },
};

const me = browser();
assert.equal((await me.request("/api/auth/ok")).status, 200, "liveness");
assert.equal((await me.request("/me")).status, 401, "/me for strangers");
assert.equal((await ok(me.auth.signUp.email({ name: "Ada", email, password }))).user.email, email);
assert.equal((await (await me.request("/me")).json()).email, email, "/me after sign-up");
assert.match(await mail(email, /text="([^"]+)"/), /\/verify-email\?token=/, "the mail that confirms the address");
await ok(me.auth.signOut());
assert.equal(await ok(me.auth.getSession()), null, "signed out");
assert.equal((await me.auth.signIn.email({ email, password: "wrong password" })).error.status, 401);
me.token = (await ok(me.auth.signIn.email({ email, password }))).token;
assert.equal((await ok(me.auth.getSession())).user.name, "Ada");

const home = await me.request("/");
const text = await home.text();
assert.ok(home.status === 200 ? /Hello Ada|<div id="app">/.test(text) : home.status === 404 && /npm --prefix web/.test(text), `/: ${home.status} ${text}`);

for (const plugin of plugins) {
  try {
    await uses[plugin](me);
  } catch (error) {
    throw new Error(`${plugin}: ${error.message}`, { cause: error });
  }
}
process.exit(0); // open connections do not keep the program waiting
