/** Phone numbers, by the official client's phoneNumberClient and raw. */
import { callback, minute, second, table } from "./kit.mjs";

const number = "+15550100100";
const other = "+15550100200";
const password = "password123";
const later = (app, milliseconds) => app.at(app.now - Date.UTC(2026, 0, 1) + milliseconds);

/** Passwords are not what is looked at here, and hashing takes most of the time otherwise. */
const cheap = { hash: callback("hashPassword"), verify: callback("verifyPassword") };
const passwords = { hashPassword: (text) => `plain:${text}`, verifyPassword: ({ hash, password }) => hash === `plain:${password}` };

const senders = { sendOTP: callback("sendOTP"), sendPasswordResetOTP: callback("sendPasswordResetOTP") };
const signUp = { signUpOnVerification: { getTempEmail: callback("getTempEmail", { sync: true }) } };
const handlers = {
  ...passwords,
  getTempEmail: (phoneNumber) => `${phoneNumber.slice(1)}@phone.example.com`,
  getTempName: (phoneNumber) => `Guest ${phoneNumber}`,
};

const extra = (phone, more = {}) => ({
  plugins: [{ factory: "phoneNumber", options: { ...senders, ...phone } }, ...(more.plugins ?? [])],
  clientPlugins: ({ phoneNumberClient, twoFactorClient }) => [phoneNumberClient(), twoFactorClient()],
  unrecorded: ["sendOTP", "sendPasswordResetOTP", "callbackOnVerification", "refuse", ...Object.keys(passwords)], // their arguments have codes
  handlers: { ...handlers, ...more.handlers },
});
const emailAndPassword = { enabled: true, password: cheap };
const options = (more = {}) => ({ ...more, emailAndPassword: { ...emailAndPassword, ...more.emailAndPassword } });

/** A server on which new numbers sign up. */
const start = (t, phone = signUp, more = {}) => t.app(options(more.options), extra(phone, more));

/** The code that was sent last. */
const sent = (app) => app.last("sendOTP").code;
const sentToReset = (app) => app.last("sendPasswordResetOTP").code;
/** A code that is not the right one. */
const wrong = (code) => code.replace(/^./, (digit) => (digit === "9" ? "0" : "9"));

/** Sends a code to a number and verifies it. */
async function arrive(app, browser, more = {}, to = number) {
  await browser.post("/phone-number/send-otp", { phoneNumber: to });
  return browser.post("/phone-number/verify", { phoneNumber: to, code: sent(app), ...more });
}

/** A user whom the application has made, with a number and a password. */
async function known(app, verified = true, phoneNumber = number) {
  const browser = app.browser();
  const { json } = await browser.signUp();
  await app.db("update", { model: "user", where: [{ field: "id", value: json.user.id }], update: { phoneNumber, phoneNumberVerified: verified } });
  return browser;
}

/** The calls of callbackOnVerification, without the request in which the code is. */
async function told(t, app) {
  await t.note("told", { times: app.count("callbackOnVerification"), last: app.last("callbackOnVerification") ?? null });
}

export default [
  {
    name: "phone number: a life by the official client",
    async run(t) {
      const app = await start(t, { ...signUp, callbackOnVerification: callback("callbackOnVerification") });
      const { client } = app.browser();
      const say = async (label, promise) => t.note(label, await promise);
      await say("send", client.phoneNumber.sendOtp({ phoneNumber: number }));
      await say("wrong code", client.phoneNumber.verify({ phoneNumber: number, code: wrong(sent(app)) }));
      await say("sign up", client.phoneNumber.verify({ phoneNumber: number, code: sent(app) }));
      await say("session", client.getSession());
      await say("used", client.phoneNumber.verify({ phoneNumber: number, code: sent(app) }));
      await client.phoneNumber.sendOtp({ phoneNumber: other });
      await say("change", client.phoneNumber.verify({ phoneNumber: other, code: sent(app), updatePhoneNumber: true }));
      await say("session", client.getSession({ query: { disableCookieCache: true } }));
      await say("sign out", client.signOut());
      await say("forgot", client.phoneNumber.requestPasswordReset({ phoneNumber: other }));
      await say("reset", client.phoneNumber.resetPassword({ phoneNumber: other, otp: sentToReset(app), newPassword: password }));
      await say("sign in", client.signIn.phoneNumber({ phoneNumber: other, password }));
      await say("remove", client.updateUser({ phoneNumber: null }));
      await app.rows("user", "session", "account", "verification");
    },
  },
  ...table("phone number sign-in", [
    ["right", {}, { phoneNumber: number, password }],
    ["wrong password", {}, { phoneNumber: number, password: "nonsense1" }],
    ["unknown", {}, { phoneNumber: other, password }],
    ["forget me", {}, { phoneNumber: number, password, rememberMe: false }],
    ["remember me", {}, { phoneNumber: number, password, rememberMe: true }],
    ["without a password", {}, { phoneNumber: number }],
    ["without a number", {}, { password }],
    ["wrong types", {}, { phoneNumber: 5, password: 5, rememberMe: 5 }],
    ["validated", { phoneNumberValidator: callback("phoneNumberValidator") }, { phoneNumber: number, password }],
    ["invalid", { phoneNumberValidator: callback("phoneNumberValidator") }, { phoneNumber: other, password }],
    ["verification required", { requireVerification: true }, { phoneNumber: number, password }],
  ], async (t, phone, body) => {
    const app = await start(t, phone, { handlers: { phoneNumberValidator: (text) => text === number } });
    await known(app);
    const guest = app.browser();
    await guest.post("/sign-in/phone-number", body);
    await guest.get("/get-session");
    await app.rows("session", "verification");
  }),
  ...table("phone number sign-in, unverified", [
    ["right", {}, password],
    ["verification required", { requireVerification: true }, password],
    ["verification required, wrong password", { requireVerification: true }, "nonsense1"],
  ], async (t, phone, given) => {
    const app = await start(t, phone);
    await known(app, false);
    const guest = app.browser();
    await guest.post("/sign-in/phone-number", { phoneNumber: number, password: given });
    await t.note("sent", app.count("sendOTP"));
    await guest.post("/phone-number/verify", { phoneNumber: number, code: app.last("sendOTP")?.code ?? "nonsense" });
    await app.rows("user", "verification");
  }),
  {
    name: "phone number sign-in: without a password account",
    async run(t) {
      const app = await start(t);
      await arrive(app, app.browser());
      await app.browser().post("/sign-in/phone-number", { phoneNumber: number, password });
      await app.db("create", { model: "account", data: { providerId: "credential", accountId: "x", userId: (await app.db("findMany", { model: "user" }))[0].id, createdAt: { $date: "2026-01-01T00:00:00.000Z" }, updatedAt: { $date: "2026-01-01T00:00:00.000Z" } } });
      await app.browser().post("/sign-in/phone-number", { phoneNumber: number, password });
    },
  },
  ...table("phone number send", [
    ["right", {}, { phoneNumber: number }],
    ["invalid", { phoneNumberValidator: callback("phoneNumberValidator") }, { phoneNumber: other }],
    ["nothing", {}, {}],
    ["wrong type", {}, { phoneNumber: 5 }],
    ["null", {}, { phoneNumber: null }],
    ["no sender", { sendOTP: undefined }, { phoneNumber: number }],
    ["short codes", { otpLength: 4, expiresIn: 60 }, { phoneNumber: number }],
    ["no number", {}, { phoneNumber: "nonsense" }],
    ["separators", {}, { phoneNumber: "+1 (555) 010-0100" }],
  ], async (t, phone, body) => {
    const app = await start(t, phone, { handlers: { phoneNumberValidator: (text) => text === number } });
    await app.browser().post("/phone-number/send-otp", body);
    await t.note("sent", app.count("sendOTP") ? { to: app.last("sendOTP").phoneNumber, length: sent(app).length } : null);
    const rows = await app.db("findMany", { model: "verification" });
    await t.note("verification", rows.map(({ identifier, value, expiresAt }) => ({ identifier, value: value.replace(/^\d+/, "<code>"), expiresAt })));
  }),
  ...table("phone number verify", [
    ["new, sign up", signUp, {}],
    ["new, own name", { signUpOnVerification: { ...signUp.signUpOnVerification, getTempName: callback("getTempName", { sync: true }) } }, {}],
    ["new, added fields", signUp, { nickname: "Al", unknown: 1, name: "Eve", email: "eve@example.com" }],
    ["new, forbidden field", signUp, { role: "admin" }],
    ["new, verified by the client", signUp, { phoneNumberVerified: true }],
    ["new, no session", signUp, { disableSession: true }],
    ["new, no sign-up", {}, {}],
    ["session for nobody", signUp, { updatePhoneNumber: true }],
    ["wrong types", signUp, { disableSession: 1, updatePhoneNumber: "yes" }],
    ["nulls", signUp, { disableSession: null, updatePhoneNumber: null }],
    ["wrong code", signUp, { code: "nonsense" }],
    ["empty code", signUp, { code: "" }],
    ["no code", signUp, { code: undefined }],
    ["number as code", signUp, { code: 123456 }],
    ["other number", signUp, { phoneNumber: other }],
    ["no number", signUp, { phoneNumber: undefined }],
  ], async (t, phone, body) => {
    const user = { additionalFields: { nickname: { type: "string", required: false }, role: { type: "string", required: false, input: false } } };
    const app = await start(t, { ...phone, callbackOnVerification: callback("callbackOnVerification") }, { options: { user } });
    const browser = app.browser();
    await arrive(app, browser, body);
    await told(t, app);
    await browser.get("/get-session");
    await app.rows("user", "session");
  }),
  ...table("phone number verify, known", [
    ["unverified", false, {}],
    ["verified", true, {}],
    ["no session", false, { disableSession: true }],
    ["fields of sign-up", true, { role: "admin", name: "Eve" }],
  ], async (t, verified, body) => {
    const app = await start(t, { callbackOnVerification: callback("callbackOnVerification") });
    await known(app, verified);
    const browser = app.browser();
    await arrive(app, browser, body);
    await told(t, app);
    await browser.get("/get-session");
    await app.rows("user", "session");
  }),
  ...table("phone number attempts", [
    ["three", {}, 4],
    ["five", { allowedAttempts: 5 }, 6],
    ["one", { allowedAttempts: 1 }, 2],
  ], async (t, phone, tries) => {
    const app = await start(t, { ...signUp, ...phone });
    const browser = app.browser();
    await known(app, true, other);
    await browser.post("/phone-number/send-otp", { phoneNumber: number });
    for (let i = 0; i < tries; i++) await browser.post("/phone-number/verify", { phoneNumber: number, code: wrong(sent(app)) });
    await browser.post("/phone-number/verify", { phoneNumber: number, code: sent(app) });
    await browser.post("/phone-number/request-password-reset", { phoneNumber: other });
    for (let i = 0; i < tries; i++) await browser.post("/phone-number/reset-password", { phoneNumber: other, otp: wrong(sentToReset(app)), newPassword: password });
    await browser.post("/phone-number/reset-password", { phoneNumber: other, otp: sentToReset(app), newPassword: password });
    await app.rows("user", "session");
  }),
  ...table("phone number expiry", [
    ["default, in time", {}, 5 * minute - second],
    ["default, too late", {}, 5 * minute + second],
    ["a minute, too late", { expiresIn: 60 }, minute + second],
  ], async (t, phone, wait) => {
    const app = await start(t, { ...signUp, ...phone });
    const browser = app.browser();
    await browser.post("/phone-number/send-otp", { phoneNumber: number });
    await later(app, wait);
    await browser.post("/phone-number/verify", { phoneNumber: number, code: sent(app) });
    await app.rows("user");
  }),
  {
    name: "phone number: codes that are sent again",
    async run(t) {
      const app = await start(t);
      const browser = app.browser();
      await browser.post("/phone-number/send-otp", { phoneNumber: number });
      await later(app, second);
      await arrive(app, browser);
      await app.rows("user");
    },
  },
  ...table("phone number verified by a provider", [
    ["right", "provider's"],
    ["wrong", "nonsense"],
  ], async (t, code) => {
    const app = await start(t, { ...signUp, verifyOTP: callback("verifyOTP") }, { handlers: { verifyOTP: ({ code }) => code === "provider's" } });
    const browser = app.browser();
    await browser.post("/phone-number/send-otp", { phoneNumber: number });
    await browser.post("/phone-number/verify", { phoneNumber: number, code });
    await app.browser().post("/phone-number/verify", { phoneNumber: number, code });
    await app.rows("user", "session");
  }),
  ...table("phone number change", [
    ["a free one", {}, other],
    ["the own", {}, number],
    ["with the cookie cache", { session: { cookieCache: { enabled: true } } }, other],
    ["of somebody else", {}, "+15550100300"],
  ], async (t, more, to) => {
    const app = await start(t, { ...signUp, callbackOnVerification: callback("callbackOnVerification") }, { options: more });
    await arrive(app, app.browser(), {}, "+15550100300");
    const browser = app.browser();
    await arrive(app, browser);
    await arrive(app, browser, { updatePhoneNumber: true }, to);
    await told(t, app);
    await browser.get("/get-session?disableCookieCache=true");
    await app.rows("user", "session");
  }),
  ...table("phone number update-user", [
    ["a number", { phoneNumber: other }],
    ["null", { phoneNumber: null }],
    ["nothing", { phoneNumber: "" }],
    ["verified", { phoneNumberVerified: false }],
    ["verified, forged", { phoneNumberVerified: true }],
    ["another field", { name: "B" }],
  ], async (t, body) => {
    const app = await start(t);
    const browser = app.browser();
    await arrive(app, browser);
    await browser.post("/update-user", body);
    await browser.get("/get-session?disableCookieCache=true");
    await app.rows("user");
  }),
  ...table("phone number sign-up by e-mail", [
    ["with a number", { phoneNumber: number }],
    ["with null", { phoneNumber: null }],
    ["verified, forged", { phoneNumberVerified: true }],
    ["without", {}],
  ], async (t, more) => {
    const app = await start(t);
    const browser = app.browser();
    await browser.signUp(more);
    await browser.get("/get-session");
    await app.rows("user");
  }),
  ...table("phone number request reset", [
    ["known", {}, true, { phoneNumber: number }],
    ["unknown", {}, true, { phoneNumber: other }],
    ["unverified", {}, false, { phoneNumber: number }],
    ["no sender", { sendPasswordResetOTP: undefined }, true, { phoneNumber: number }],
    ["nothing", {}, true, {}],
    ["wrong type", {}, true, { phoneNumber: [] }],
    ["no number", {}, true, { phoneNumber: "nonsense" }],
  ], async (t, phone, verified, body) => {
    const app = await start(t, phone);
    await known(app, verified);
    await app.browser().post("/phone-number/request-password-reset", body);
    await t.note("sent", app.count("sendPasswordResetOTP"));
    const rows = await app.db("findMany", { model: "verification" });
    await t.note("verification", rows.map(({ identifier, value, expiresAt }) => ({ identifier, value: value.replace(/^\d+/, "<code>"), expiresAt })));
  }),
  ...table("phone number reset", [
    ["right", {}, {}],
    ["revoke sessions", { emailAndPassword: { revokeSessionsOnPasswordReset: true, onPasswordReset: callback("onPasswordReset") } }, {}],
    ["too short", {}, { newPassword: "short" }],
    ["too long", {}, { newPassword: "x".repeat(129) }],
    ["wrong code", {}, { otp: "nonsense" }],
    ["number as code", {}, { otp: 123456 }],
    ["no password", {}, { newPassword: undefined }],
    ["other number", {}, { phoneNumber: other }],
  ], async (t, more, body) => {
    const app = await start(t, {}, { options: more });
    const browser = await known(app);
    await browser.post("/phone-number/request-password-reset", { phoneNumber: number });
    const sentBody = { phoneNumber: number, otp: sentToReset(app), newPassword: "password456", ...body };
    await app.browser().post("/phone-number/reset-password", sentBody);
    await app.browser().post("/phone-number/reset-password", sentBody);
    await app.browser().post("/sign-in/phone-number", { phoneNumber: number, password: "password456" });
    await browser.get("/get-session?disableCookieCache=true");
    await app.rows("account", "session");
  }),
  {
    name: "phone number reset: a first password",
    async run(t) {
      const app = await start(t);
      const browser = app.browser();
      await arrive(app, browser);
      await browser.post("/phone-number/request-password-reset", { phoneNumber: number });
      await browser.post("/phone-number/reset-password", { phoneNumber: number, otp: sentToReset(app), newPassword: password });
      await app.browser().post("/sign-in/phone-number", { phoneNumber: number, password });
      await app.rows("account");
    },
  },
  {
    name: "phone number: rate limit",
    async run(t) {
      const app = await start(t, signUp, { options: { rateLimit: { enabled: true } } });
      const browser = app.browser();
      for (let i = 0; i < 11; i++) await browser.post("/phone-number/verify", { phoneNumber: number, code: "1" }, { headers: { "x-forwarded-for": "198.51.100.1" } });
    },
  },
  ...table("phone number and the second factor", [
    ["password", (app, browser) => browser.post("/sign-in/phone-number", { phoneNumber: number, password })],
    ["code", (app, browser) => arrive(app, browser)],
  ], async (t, signIn) => {
    const app = await start(t, {}, { plugins: [{ factory: "twoFactor", options: { skipVerificationOnEnable: true } }] });
    const browser = await known(app);
    await browser.post("/two-factor/enable", { password });
    const guest = app.browser();
    await signIn(app, guest);
    await guest.get("/get-session");
    await app.rows("session");
  }),
  ...table("phone number: hooks that refuse", [
    ["a new user", { user: { create: { before: callback("refuse") } } }],
    ["the session of a new user", { session: { create: { before: callback("refuse") } } }],
  ], async (t, databaseHooks) => {
    const app = await start(t, signUp, { options: { databaseHooks }, handlers: { refuse: () => false } });
    await arrive(app, app.browser());
  }),
  {
    name: "phone number sign-in: a hook refuses the session",
    async run(t) {
      let refused = false;
      const databaseHooks = { session: { create: { before: callback("refuse") } } };
      const app = await start(t, {}, { options: { databaseHooks }, handlers: { refuse: () => (refused ? false : undefined) } });
      await known(app);
      refused = true;
      await app.browser().post("/sign-in/phone-number", { phoneNumber: number, password });
    },
  },
  ...table("phone number reset: too late", [
    ["after the code's end", (app) => later(app, 5 * minute + second)],
    ["nobody has the number any more", (app) => app.db("updateMany", { model: "user", where: [], update: { phoneNumber: other } })],
  ], async (t, before) => {
    const app = await start(t, {});
    await known(app);
    await app.browser().post("/phone-number/request-password-reset", { phoneNumber: number });
    const otp = sentToReset(app);
    await before(app);
    await app.browser().post("/phone-number/reset-password", { phoneNumber: number, otp, newPassword: "password456" });
  }),
];
