/** Codes by mail, by the official emailOTPClient and raw. */
import { alice, callback, minute, second, table, verify } from "./kit.mjs";

const email = "alice@example.com";
const password = "password123";
const newPassword = "password456";
const types = ["sign-in", "email-verification", "forget-password", "change-email"];
const sendVerificationOTP = callback("sendVerificationOTP");

/** A code that is not the right one. */
const other = (code) => code.replace(/^./, (digit) => (digit === "9" ? "0" : "9"));

/** The code that was sent last. */
const sent = (app) => app.last("sendVerificationOTP").otp;

/** Codes that are the same on both servers. */
const counted = () => {
  let n = 100000;
  return { generateOTP: () => String((n += 111)) };
};

const extra = (options = {}, more = {}) => ({
  ...more,
  plugins: [{ factory: "emailOTP", options: { sendVerificationOTP, ...options } }, ...(more.plugins ?? [])],
  clientPlugins: ({ emailOTPClient }) => [emailOTPClient()],
  unrecorded: ["sendVerificationOTP", "generateOTP"],
});

/** A server with the plugin, and nobody. */
const empty = (t, options, plugin, more) => t.app({ emailAndPassword: { enabled: true }, ...options }, extra(plugin, more));

/** Alice, whose address is verified. */
async function start(t, options = {}, plugin = {}, more = {}) {
  const made = await alice(t, options, extra(plugin, more));
  await verify(made.app);
  return made;
}

const send = (browser, type, to = email) => browser.post("/email-otp/send-verification-otp", { email: to, type });

/** Asks for a code and returns it. */
async function code(app, type, to = email) {
  await send(app.browser(), type, to);
  return sent(app);
}

/** What waits, without what is random in it. */
async function waiting(t, app) {
  const rows = await app.db("findMany", { model: "verification" });
  await t.note("waiting", rows.map(({ identifier, value, expiresAt }) => ({ identifier, value: value.replace(/^\d+:/, "<code>:"), expiresAt })));
}

/** Who was sent what. */
async function mails(t, app) {
  const calls = app.calls.filter(({ name }) => name === "sendVerificationOTP");
  await t.note("mails", calls.map(({ args: [{ email: to, type, otp }] }) => ({ to, type, length: otp.length })));
}

export default [
  {
    name: "email-otp: a life by the official client",
    async run(t) {
      const app = await empty(t, {}, { changeEmail: { enabled: true } });
      const { client } = app.browser();
      const say = async (label, promise) => t.note(label, await promise);
      await say("send", client.emailOtp.sendVerificationOtp({ email, type: "sign-in" }));
      await say("sign up", client.signIn.emailOtp({ email, otp: sent(app), name: "Alice", image: "https://example.com/a.png" }));
      await say("session", client.getSession());
      await say("send", client.emailOtp.sendVerificationOtp({ email, type: "sign-in" }));
      await say("check", client.emailOtp.checkVerificationOtp({ email, type: "sign-in", otp: sent(app) }));
      await say("wrong", client.signIn.emailOtp({ email, otp: other(sent(app)) }));
      await say("sign in", client.signIn.emailOtp({ email, otp: sent(app) }));
      await say("used", client.signIn.emailOtp({ email, otp: sent(app) }));
      await say("verification", client.emailOtp.sendVerificationOtp({ email, type: "email-verification" }));
      await say("verify", client.emailOtp.verifyEmail({ email, otp: sent(app) }));
      await say("reset", client.emailOtp.requestPasswordReset({ email }));
      await say("set", client.emailOtp.resetPassword({ email, otp: sent(app), password: newPassword }));
      await say("forget", client.forgetPassword.emailOtp({ email }));
      await say("set", client.emailOtp.resetPassword({ email, otp: sent(app), password }));
      await say("by password", app.browser().client.signIn.email({ email, password }));
      await say("request change", client.emailOtp.requestEmailChange({ newEmail: "alice@example.org" }));
      await say("change", client.emailOtp.changeEmail({ newEmail: "alice@example.org", otp: sent(app) }));
      await say("session", client.getSession());
      await app.rows("user", "account");
    },
  },
  ...table("email-otp send", [
    ...types.map((type) => [type, {}, { email, type }]),
    ["upper case", {}, { email: "ALICE@Example.com", type: "sign-in" }],
    ["stranger", {}, { email: "bob@example.com", type: "sign-in" }],
    ["stranger, no sign-up", { disableSignUp: true }, { email: "bob@example.com", type: "sign-in" }],
    ["stranger, verification", {}, { email: "bob@example.com", type: "email-verification" }],
    ["stranger, reset", {}, { email: "bob@example.com", type: "forget-password" }],
    ["known, no sign-up", { disableSignUp: true }, { email, type: "sign-in" }],
    ["no address", {}, { email: "nonsense", type: "sign-in" }],
    ["empty", {}, {}],
    ["wrong types", {}, { email: 1, type: 2 }],
    ["unknown type", {}, { email, type: "birthday" }],
    ["eight digits", { otpLength: 8 }, { email, type: "sign-in" }],
    ["an hour", { expiresIn: 3600 }, { email, type: "sign-in" }],
    ["own generator", { generateOTP: callback("generateOTP", { sync: true }) }, { email, type: "sign-in" }],
  ], async (t, options, body) => {
    const { app, browser } = await start(t, {}, options, { handlers: { generateOTP: () => "424242" } });
    await browser.post("/email-otp/send-verification-otp", body);
    await mails(t, app);
    await waiting(t, app);
  }),
  ...table("email-otp store", [
    ["plain", { storeOTP: "plain" }],
    ["hashed", { storeOTP: "hashed" }],
    ["encrypted", { storeOTP: "encrypted" }],
    ["own hash", { storeOTP: { hash: callback("hash") } }],
    ["own encryption", { storeOTP: { encrypt: callback("encrypt"), decrypt: callback("decrypt") } }],
    ["plain, reused", { storeOTP: "plain", resendStrategy: "reuse" }],
    ["hashed, reused", { storeOTP: "hashed", resendStrategy: "reuse" }],
    ["encrypted, reused", { storeOTP: "encrypted", resendStrategy: "reuse" }],
    ["rotated", { resendStrategy: "rotate" }],
  ], async (t, options) => {
    const handlers = { ...counted(), hash: (text) => `#${text}`, encrypt: (text) => `<${text}>`, decrypt: (text) => text.slice(1, -1) };
    const { app, browser } = await start(t, {}, { generateOTP: callback("generateOTP", { sync: true }), ...options }, { handlers });
    const first = await code(app, "sign-in");
    await app.api("getVerificationOTP", { query: { email, type: "sign-in" } });
    await browser.post("/sign-in/email-otp", { email, otp: other(first) });
    await app.at(minute);
    const next = await code(app, "sign-in");
    await t.note("again", options.resendStrategy === "reuse" ? next === first : next.length);
    await app.browser().post("/sign-in/email-otp", { email, otp: next });
    await app.api("getVerificationOTP", { query: { email, type: "sign-in" } });
  }),
  ...table("email-otp sign in", [
    ["known", {}, {}],
    ["upper case", {}, { email: "Alice@EXAMPLE.com" }],
    ["wrong", {}, { otp: "none" }],
    ["empty code", {}, { otp: "" }],
    ["no code", {}, { otp: undefined }],
    ["no address", {}, { email: "nonsense" }],
    ["other address", {}, { email: "bob@example.com" }],
    ["wrong types", {}, { email: 1, otp: 2, name: 3, image: 4 }],
    ["name is not changed", {}, { name: "Bob", image: "https://example.com/b.png" }],
    ["no sign-up", { disableSignUp: true }, {}],
  ], async (t, options, body) => {
    const { app } = await start(t, {}, options);
    const otp = await code(app, "sign-in");
    const browser = app.browser();
    await browser.post("/sign-in/email-otp", { email, otp, ...body });
    await browser.get("/get-session");
    await app.rows("user");
  }),
  ...table("email-otp sign up", [
    ["nameless", {}, {}, {}],
    ["with a name", {}, {}, { name: "Bob", image: "https://example.com/b.png" }],
    ["added field", { user: { additionalFields: { team: { type: "string" } } } }, {}, { team: "red" }],
    ["added field is missing", { user: { additionalFields: { team: { type: "string" } } } }, {}, {}],
    ["added field, not by input", { user: { additionalFields: { team: { type: "string", input: false, required: false } } } }, {}, { team: "red" }],
  ], async (t, options, plugin, body) => {
    const app = await empty(t, options, plugin);
    const otp = await code(app, "sign-in", "bob@example.com");
    const browser = app.browser();
    await browser.post("/sign-in/email-otp", { email: "bob@example.com", otp, ...body });
    await browser.get("/get-session");
    await app.rows("user");
  }),
  {
    name: "email-otp: no user without sign-up",
    async run(t) {
      const app = await empty(t, {}, { disableSignUp: true });
      await send(app.browser(), "sign-in", "bob@example.com");
      await app.browser().post("/sign-in/email-otp", { email: "bob@example.com", otp: "none" });
      await app.rows("user");
    },
  },
  {
    name: "email-otp: codes of the server",
    async run(t) {
      const { app } = await start(t, {}, { generateOTP: callback("generateOTP", { sync: true }) }, { handlers: { generateOTP: () => "424242" } });
      for (const type of types) {
        await app.api("createVerificationOTP", { body: { email: "ALICE@example.com", type } });
        await app.api("getVerificationOTP", { query: { email: "Alice@example.com", type } });
      }
      await app.api("getVerificationOTP", { query: { email: "bob@example.com", type: "sign-in" } });
      await app.api("createVerificationOTP", { body: { email, type: "birthday" } });
      await app.api("createVerificationOTP", { body: {} });
      await app.api("getVerificationOTP", { query: { email, type: "birthday" } });
      await app.browser().post("/sign-in/email-otp", { email, otp: "424242" });
    },
  },
  ...table("email-otp attempts", [
    ["sign in", {}, "sign-in", "/sign-in/email-otp", {}],
    ["check", {}, "sign-in", "/email-otp/check-verification-otp", { type: "sign-in" }],
    ["verify", {}, "email-verification", "/email-otp/verify-email", {}],
    ["reset", {}, "forget-password", "/email-otp/reset-password", { password: newPassword }],
    ["five", { allowedAttempts: 5 }, "sign-in", "/sign-in/email-otp", {}],
  ], async (t, options, type, path, body) => {
    const { app } = await start(t, {}, options);
    const otp = await code(app, type);
    const attempts = (options.allowedAttempts ?? 3);
    for (let n = 0; n < attempts; n++) await app.browser().post(path, { email, otp: other(otp), ...body });
    await app.browser().post(path, { email, otp, ...body });
    await app.browser().post(path, { email, otp, ...body });
    const next = await code(app, type);
    await app.browser().post(path, { email, otp: next, ...body });
    await waiting(t, app);
  }),
  ...table("email-otp in time", [
    ["five minutes", 5 * minute],
    ["just before", 5 * minute - second],
    ["after", 5 * minute + second],
  ], async (t, after) => {
    const { app } = await start(t);
    const otp = await code(app, "sign-in");
    await app.at(after);
    await app.browser().post("/sign-in/email-otp", { email, otp });
    await app.browser().post("/sign-in/email-otp", { email, otp });
  }),
  ...table("email-otp after its end", [
    ["check", "sign-in", "/email-otp/check-verification-otp", { type: "sign-in" }],
    ["verify", "email-verification", "/email-otp/verify-email", {}],
    ["reset", "forget-password", "/email-otp/reset-password", { password: newPassword }],
    ["change", undefined, "/email-otp/change-email", { newEmail: "alice@example.org" }],
    ["current address", "email-verification", "/email-otp/request-email-change", { newEmail: "alice@example.org" }],
  ], async (t, type, path, body) => {
    const { app, browser } = await start(t, {}, { changeEmail: { enabled: true, verifyCurrentEmail: path.includes("request") } });
    if (type) await send(app.browser(), type);
    else await browser.post("/email-otp/request-email-change", body);
    const otp = sent(app);
    await app.at(5 * minute + second);
    await browser.post(path, { email, otp, ...body });
    await browser.post(path, { email, otp, ...body });
  }),
  {
    name: "email-otp of nobody",
    async run(t) {
      const to = "bob@example.com";
      const app = await empty(t, {}, { generateOTP: callback("generateOTP", { sync: true }) }, { handlers: { generateOTP: () => "424242" } });
      for (const type of types) await app.api("createVerificationOTP", { body: { email: to, type } });
      const post = (path, body) => app.browser().post(path, { email: to, otp: "424242", ...body });
      for (const type of types) await post("/email-otp/check-verification-otp", { type });
      await post("/email-otp/verify-email");
      await post("/email-otp/reset-password", { password });
    },
  },
  ...table("email-otp type", types.map((type) => [type, type]), async (t, type) => {
    const { app, browser } = await start(t, {}, { changeEmail: { enabled: true }, generateOTP: callback("generateOTP", { sync: true }) }, { handlers: { generateOTP: () => "424242" } });
    await app.api("createVerificationOTP", { body: { email, type } });
    const otp = "424242";
    for (const checked of types) await browser.post("/email-otp/check-verification-otp", { email, type: checked, otp });
    if (type !== "email-verification") await browser.post("/email-otp/verify-email", { email, otp });
    if (type !== "forget-password") await browser.post("/email-otp/reset-password", { email, otp, password: newPassword });
    if (type !== "sign-in") await browser.post("/sign-in/email-otp", { email, otp });
    await browser.post("/email-otp/change-email", { newEmail: "alice@example.org", otp });
  }),
  {
    name: "email-otp check: strangers",
    async run(t) {
      const app = await empty(t);
      await send(app.browser(), "sign-in", "bob@example.com");
      const check = (body) => app.browser().post("/email-otp/check-verification-otp", body);
      await check({ email: "bob@example.com", type: "sign-in", otp: sent(app) });
      await check({ email: "nonsense", type: "sign-in", otp: "1" });
      await check({ email: "bob@example.com", type: "birthday", otp: "1" });
      await check({});
    },
  },
  ...table("email-otp verify", [
    ["signed in", {}, true],
    ["signed out", {}, false],
    ["cookie cache", { session: { cookieCache: { enabled: true } } }, true],
    ["signs in", { emailVerification: { autoSignInAfterVerification: true } }, false],
    ["hooks", { emailVerification: { beforeEmailVerification: callback("before"), afterEmailVerification: callback("after") } }, true],
  ], async (t, options, signedIn) => {
    const { app, browser: home } = await alice(t, options, extra({}, { handlers: { before: () => {}, after: () => {} } }));
    const browser = signedIn ? home : app.browser();
    const otp = await code(app, "email-verification");
    await browser.post("/email-otp/verify-email", { email, otp: other(otp) });
    await browser.post("/email-otp/verify-email", { email: "nonsense", otp });
    await browser.post("/email-otp/verify-email", {});
    await browser.post("/email-otp/verify-email", { email, otp });
    await browser.get("/get-session");
    await browser.post("/email-otp/verify-email", { email, otp });
    await app.rows("user");
  }),
  ...table("email-otp reset", [
    ["sets it", {}, {}],
    ["short", {}, { password: "short" }],
    ["long", {}, { password: "x".repeat(129) }],
    ["no code", {}, { otp: undefined }],
    ["no address", {}, { email: "nonsense" }],
    ["empty", {}, { email: undefined, otp: undefined, password: undefined }],
    ["sessions end", { emailAndPassword: { enabled: true, revokeSessionsOnPasswordReset: true } }, {}],
    ["told", { emailAndPassword: { enabled: true, onPasswordReset: callback("onPasswordReset") } }, {}],
  ], async (t, options, body) => {
    const { app, browser } = await start(t, options, {}, { handlers: { onPasswordReset: () => {} } });
    await app.browser().post("/email-otp/request-password-reset", { email });
    const otp = sent(app);
    await app.browser().post("/email-otp/reset-password", { email, otp, password: newPassword, ...body });
    await app.browser().post("/email-otp/reset-password", { email, otp, password: newPassword });
    await app.browser().signIn({ password: newPassword });
    await app.browser().signIn();
    await browser.get("/get-session");
  }),
  {
    name: "email-otp reset: who has no password",
    async run(t) {
      const app = await empty(t);
      await app.browser().post("/sign-in/email-otp", { email, otp: await code(app, "sign-in"), name: "Alice" });
      await app.browser().post("/email-otp/request-password-reset", { email });
      await app.browser().post("/email-otp/reset-password", { email, otp: sent(app), password });
      await app.browser().signIn();
      await app.rows("account");
    },
  },
  ...table("email-otp request reset", [
    ["known", { email }],
    ["stranger", { email: "bob@example.com" }],
    ["no address", { email: "nonsense" }],
    ["empty", {}],
  ], async (t, body) => {
    const { app } = await start(t);
    for (const path of ["/email-otp/request-password-reset", "/forget-password/email-otp"]) await app.browser().post(path, body);
    await mails(t, app);
  }),
  ...table("email-otp change", [
    ["changes it", { enabled: true }, "alice@example.org"],
    ["upper case", { enabled: true }, "ALICE@example.org"],
    ["the same", { enabled: true }, "Alice@example.com"],
    ["used", { enabled: true }, "bob@example.com"],
    ["nonsense", { enabled: true }, "nonsense"],
    ["off", undefined, "alice@example.org"],
    ["current too", { enabled: true, verifyCurrentEmail: true }, "alice@example.org"],
  ], async (t, changeEmail, newEmail) => {
    const { app, browser } = await start(t, {}, { changeEmail });
    await app.browser().signUp({ email: "bob@example.com" });
    const request = (otp) => browser.post("/email-otp/request-email-change", { newEmail, otp });
    await request();
    if (changeEmail?.verifyCurrentEmail) {
      const current = await code(app, "email-verification");
      await request(other(current));
      await request(current);
      await request(current);
    }
    await mails(t, app);
    const otp = app.count("sendVerificationOTP") ? sent(app) : "none";
    const change = (body) => browser.post("/email-otp/change-email", { newEmail, otp, ...body });
    await change({ otp: other(otp) });
    await change({});
    await change({});
    await change({ otp: undefined });
    await browser.get("/get-session");
    await app.browser().post("/email-otp/request-email-change", { newEmail });
    await app.browser().post("/email-otp/change-email", { newEmail, otp });
    await app.rows("user");
  }),
  ...table("email-otp change: refused", [
    ["too many attempts", async (app, browser, otp) => {
      for (let n = 0; n < 4; n++) await browser.post("/email-otp/change-email", { newEmail: "alice@example.org", otp: other(otp) });
    }],
    ["somebody has it by now", (app) => app.browser().signUp({ email: "alice@example.org" })],
    ["no address", (app, browser) => browser.post("/email-otp/request-email-change", {})],
  ], async (t, before) => {
    const { app, browser } = await start(t, {}, { changeEmail: { enabled: true } });
    await browser.post("/email-otp/request-email-change", { newEmail: "alice@example.org" });
    const otp = sent(app);
    await before(app, browser, otp);
    await browser.post("/email-otp/change-email", { newEmail: "alice@example.org", otp });
    await app.rows("user");
  }),
  {
    name: "email-otp change: too many attempts at the current address",
    async run(t) {
      const { app, browser } = await start(t, {}, { changeEmail: { enabled: true, verifyCurrentEmail: true } });
      const otp = await code(app, "email-verification");
      for (let n = 0; n < 4; n++) await browser.post("/email-otp/request-email-change", { newEmail: "alice@example.org", otp: other(otp) });
      await browser.post("/email-otp/request-email-change", { newEmail: "alice@example.org", otp });
    },
  },
  ...table("email-otp at sign-up", [
    ["nothing", {}, {}],
    ["a code", {}, { sendVerificationOnSignUp: true }],
    ["in place of the link", { emailVerification: { sendOnSignUp: true } }, { overrideDefaultEmailVerification: true }],
    ["in place of the link, both", { emailVerification: { sendOnSignUp: true } }, { overrideDefaultEmailVerification: true, sendVerificationOnSignUp: true }],
    ["required", { emailAndPassword: { enabled: true, requireEmailVerification: true } }, { sendVerificationOnSignUp: true }],
    ["required, in place of the link", { emailAndPassword: { enabled: true, requireEmailVerification: true } }, { overrideDefaultEmailVerification: true }],
  ], async (t, options, plugin) => {
    const { app, browser } = await alice(t, options, extra(plugin));
    await mails(t, app);
    await app.at(second); // of two codes of one moment Better Auth may take either
    await browser.post("/send-verification-email", { email });
    await mails(t, app);
    if (app.count("sendVerificationOTP")) await browser.post("/email-otp/verify-email", { email, otp: sent(app) });
    await app.rows("user");
  }),
  ...table("email-otp limit", [
    ...["/email-otp/send-verification-otp", "/email-otp/check-verification-otp", "/email-otp/verify-email", "/sign-in/email-otp",
      "/email-otp/request-password-reset", "/email-otp/reset-password", "/forget-password/email-otp", "/email-otp/request-email-change",
      "/email-otp/change-email"].map((path) => [path, {}, path]),
    ["own rule", { rateLimit: { window: 10, max: 5 } }, "/email-otp/send-verification-otp"],
  ], async (t, plugin, path) => {
    const app = await empty(t, { rateLimit: { enabled: true } }, plugin);
    for (let n = 0; n < 7; n++) await app.browser().post(path, { email, otp: "1", type: "sign-in", password, newEmail: "x@example.com" }, { headers: { "x-forwarded-for": "198.51.100.1" } });
  }),
  {
    name: "email-otp: forms of other sites",
    async run(t) {
      const app = await empty(t);
      await app.browser().post("/email-otp/send-verification-otp", { email, type: "sign-in" }, {
        headers: { "sec-fetch-site": "cross-site", "sec-fetch-mode": "navigate", "sec-fetch-dest": "document", origin: "https://evil.example" },
      });
    },
  },
  {
    name: "email-otp: a password of somebody else",
    async run(t) {
      const { app, browser } = await alice(t, {}, extra());
      await app.browser().post("/sign-in/email-otp", { email, otp: await code(app, "sign-in") });
      await browser.get("/get-session");
      await app.browser().signIn();
      await app.rows("user");
    },
  },
];
