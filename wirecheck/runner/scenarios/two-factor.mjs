/** The second factor, by the official client's twoFactorClient and raw. */
import { totp } from "../totp.mjs";
import { alice, callback, day, hour, minute, second, table, verify, withMail } from "./kit.mjs";

const password = "password123";
const sendOTP = callback("sendOTP");

/** A code that is not the right one. */
const other = (code) => code.replace(/^./, (digit) => (digit === "9" ? "0" : "9"));

const plugins = (options = { otpOptions: { sendOTP } }) => [{ factory: "twoFactor", options }];

/** Passwords are not what is looked at here, and hashing takes most of the time otherwise. */
const cheap = { hash: callback("hashPassword"), verify: callback("verifyPassword") };
const passwords = { hashPassword: (text) => `plain:${text}`, verifyPassword: ({ hash, password }) => hash === `plain:${password}` };

/** Alice, signed up, on a server with the plugin. */
function start(t, options = {}, twoFactor = undefined, { unrecorded = ["sendOTP"], handlers = {}, ...extra } = {}) {
  return alice(t, { ...options, emailAndPassword: { enabled: true, ...options.emailAndPassword, password: cheap } }, {
    plugins: plugins(twoFactor),
    clientPlugins: ({ twoFactorClient }) => [twoFactorClient()],
    unrecorded: [...unrecorded, ...Object.keys(passwords)],
    handlers: { ...passwords, ...handlers },
    ...extra,
  });
}

/** Alice with an authenticator app that is switched on. Half a minute has passed. */
async function enrolled(t, options = {}, twoFactor = undefined, extra = {}) {
  const { app, browser, user } = await start(t, options, twoFactor, extra);
  const { json } = await browser.post("/two-factor/enable", { password });
  await browser.post("/two-factor/verify-totp", { code: totp(app, json.totpURI) });
  await app.at(app.now - Date.UTC(2026, 0, 1) + 30 * second);
  return { app, browser, user, uri: json.totpURI, codes: json.backupCodes };
}

const later = (app, milliseconds) => app.at(app.now - Date.UTC(2026, 0, 1) + milliseconds);

/** A browser that has done the first step. */
async function challenged(app, more = {}) {
  const browser = app.browser();
  await browser.signIn(more);
  return browser;
}

/** The code that was sent last. */
function sent(app) {
  return app.last("sendOTP").otp;
}

/** The values that wait, without what is random in them, and without marks that only one server keeps. */
async function waiting(t, app) {
  const rows = await app.db("findMany", { model: "verification" });
  const shown = rows
    .filter(({ identifier }) => !/^2fa-(attempts|failures|trust-reset)-/.test(identifier))
    .map(({ identifier, value, expiresAt }) => ({ identifier, value: value.replace(/^\d{6}:/, "<code>:"), expiresAt }));
  await t.note("verification", shown);
}

/** What both servers keep of the factors. */
async function factors(t, app) {
  const rows = await app.db("findMany", { model: "twoFactor" });
  await t.note("two-factor", rows.map(({ userId, verified, secret, backupCodes }) => ({ userId, verified: Boolean(verified), secret: typeof secret, backupCodes: typeof backupCodes })));
}

export default [
  {
    name: "two-factor: a life by the official client",
    async run(t) {
      const { app, browser } = await start(t);
      const { client } = browser;
      const say = async (label, promise) => t.note(label, await promise);
      await say("wrong password", client.twoFactor.enable({ password: "nonsense" }));
      const enabled = await client.twoFactor.enable({ password });
      await t.note("enable", enabled);
      const uri = enabled.data.totpURI;
      await say("not yet", client.getSession());
      await say("wrong code", client.twoFactor.verifyTotp({ code: other(totp(app, uri)) }));
      await say("verify", client.twoFactor.verifyTotp({ code: totp(app, uri) }));
      await say("session", client.getSession());
      await say("uri", client.twoFactor.getTotpUri({ password }));
      await later(app, minute);
      const guest = app.browser();
      await say("first step", guest.client.signIn.email({ email: "alice@example.com", password }));
      await say("no session", guest.client.getSession());
      await say("second step", guest.client.twoFactor.verifyTotp({ code: totp(app, uri), trustDevice: true }));
      await say("signed in", guest.client.getSession());
      await say("sign out", guest.client.signOut());
      await say("trusted", guest.client.signIn.email({ email: "alice@example.com", password }));
      await app.rows("user", "session");
    },
  },
  {
    name: "two-factor: codes by the official client",
    async run(t) {
      const { app, codes } = await enrolled(t);
      const say = async (label, promise) => t.note(label, await promise);
      const phone = app.browser();
      await say("first step", phone.client.signIn.email({ email: "alice@example.com", password }));
      await say("send", phone.client.twoFactor.sendOtp());
      await say("otp", phone.client.twoFactor.verifyOtp({ code: sent(app) }));
      const lost = app.browser();
      await say("first step", lost.client.signIn.email({ email: "alice@example.com", password }));
      await say("backup", lost.client.twoFactor.verifyBackupCode({ code: codes[3] }));
      const renewed = await lost.client.twoFactor.generateBackupCodes({ password });
      await t.note("new codes", renewed);
      await say("disable", lost.client.twoFactor.disable({ password }));
      await say("plain sign-in", app.browser().client.signIn.email({ email: "alice@example.com", password }));
      await app.rows("user", "session", "twoFactor");
    },
  },
  ...table("two-factor enable", [
    ["plain", {}, { password }],
    ["own issuer", {}, { password, issuer: "Acme & Söhne" }],
    ["empty issuer", {}, { password, issuer: "" }],
    ["issuer of the options", { issuer: "My App" }, { password }],
    ["issuer of the codes", { totpOptions: { issuer: "My App" } }, { password }],
    ["eight digits, a minute", { totpOptions: { digits: 8, period: 60 } }, { password }],
    ["at once", { skipVerificationOnEnable: true }, { password }],
    ["three codes", { backupCodeOptions: { amount: 3 } }, { password }],
    ["own codes", { backupCodeOptions: { customBackupCodesGenerate: callback("customBackupCodesGenerate", { sync: true }) } }, { password }],
    ["other cookies", { twoFactorCookieMaxAge: 60, trustDeviceMaxAge: 120 }, { password }],
    ["without a password", {}, {}],
    ["empty password", {}, { password: "" }],
    ["wrong password", {}, { password: "nonsense" }],
    ["wrong types", {}, { password: 5, issuer: true }],
    ["null", {}, { password: null }],
    ["passwordless, who has one", { allowPasswordless: true }, {}],
    ["passwordless, who gives it", { allowPasswordless: true }, { password }],
    ["passwordless, wrong", { allowPasswordless: true }, { password: "nonsense" }],
    ["passwordless, wrong type", { allowPasswordless: true }, { password: 5 }],
  ], async (t, options, body) => {
    const { app, browser } = await start(t, {}, options, { handlers: { customBackupCodesGenerate: () => ["one", "two"] } });
    const { json } = await browser.post("/two-factor/enable", body);
    await browser.post("/two-factor/get-totp-uri", { password });
    if (json.totpURI) await browser.post("/two-factor/verify-totp", { code: totp(app, json.totpURI) });
    await browser.get("/get-session");
    await app.browser().signIn();
    await factors(t, app);
    await app.rows("user", "session");
  }),
  {
    name: "two-factor: signed out",
    async run(t) {
      const { app } = await start(t);
      const guest = app.browser();
      for (const path of ["enable", "disable", "get-totp-uri", "generate-backup-codes"]) {
        await guest.post(`/two-factor/${path}`, { password });
        await guest.post(`/two-factor/${path}`, {});
        await guest.request("POST", `/two-factor/${path}`, {});
      }
      for (const path of ["verify-totp", "verify-otp", "verify-backup-code"]) {
        await guest.post(`/two-factor/${path}`, { code: "123456" });
        await guest.post(`/two-factor/${path}`, {});
        await guest.post(`/two-factor/${path}`, { code: 123456, trustDevice: "yes", disableSession: 1 });
      }
      await guest.post("/two-factor/send-otp", {});
      await guest.request("POST", "/two-factor/send-otp");
      await guest.post("/two-factor/send-otp", { trustDevice: "yes" });
      await guest.get("/two-factor/enable");
      await guest.post("/two-factor/view-backup-codes", { userId: "x" });
      await guest.post("/two-factor/generate-totp", { secret: "x" });
    },
  },
  {
    name: "two-factor: not enabled",
    async run(t) {
      const { app, browser } = await start(t);
      await browser.post("/two-factor/get-totp-uri", { password });
      await browser.post("/two-factor/generate-backup-codes", { password });
      await browser.post("/two-factor/verify-totp", { code: "123456" });
      await browser.post("/two-factor/verify-backup-code", { code: "abcde-fghij" });
      await browser.post("/two-factor/verify-otp", { code: "123456" });
      await browser.post("/two-factor/disable", { password: "nonsense" });
      await browser.post("/two-factor/disable", { password });
      await browser.get("/get-session");
      await app.rows("user", "session", "verification");
    },
  },
  {
    name: "two-factor: passwords",
    async run(t) {
      const { app, browser } = await enrolled(t);
      for (const path of ["enable", "disable", "get-totp-uri", "generate-backup-codes"]) {
        await browser.post(`/two-factor/${path}`, { password: "nonsense" });
        await browser.post(`/two-factor/${path}`, { password: "" });
        await browser.post(`/two-factor/${path}`, {});
      }
      await app.db("deleteMany", { model: "account", where: [] });
      for (const path of ["enable", "disable", "get-totp-uri", "generate-backup-codes"]) await browser.post(`/two-factor/${path}`, { password });
    },
  },
  ...table("two-factor passwordless", [
    ["allowed", { allowPasswordless: true }],
    ["allowed but for codes", { allowPasswordless: true, backupCodeOptions: { allowPasswordless: false } }],
    ["allowed for the URI", { totpOptions: { allowPasswordless: true } }],
  ], async (t, options) => {
    const { app, browser } = await start(t, {}, options);
    await app.db("deleteMany", { model: "account", where: [] });
    const { json } = await browser.post("/two-factor/enable", {});
    await browser.post("/two-factor/get-totp-uri", {});
    await browser.request("POST", "/two-factor/get-totp-uri");
    await browser.post("/two-factor/get-totp-uri", { password });
    if (json.totpURI) await browser.post("/two-factor/verify-totp", { code: totp(app, json.totpURI) });
    await browser.post("/two-factor/generate-backup-codes", {});
    await browser.post("/two-factor/disable", {});
    await browser.get("/get-session");
  }),
  ...table("two-factor sign-in", [
    ["plain", {}, {}, {}],
    ["not remembered", {}, { rememberMe: false }, {}],
    ["with a target", {}, { callbackURL: "/home" }, {}],
    ["trusted device", {}, {}, { trustDevice: true }],
    ["trusted device, not remembered", {}, { rememberMe: false }, { trustDevice: true }],
    ["cookie cache", { session: { cookieCache: { enabled: true } } }, {}, { trustDevice: true }],
    ["cookie cache, not remembered", { session: { cookieCache: { enabled: true } } }, { rememberMe: false }, {}],
    ["cookie cache as JWT", { session: { cookieCache: { enabled: true, strategy: "jwt" } } }, {}, {}],
    ["cookie cache as JWE", { session: { cookieCache: { enabled: true, strategy: "jwe" } } }, {}, {}],
    ["secure cookies", { baseURL: "https://app.example.com" }, {}, { trustDevice: true }],
    ["own prefix", { advanced: { cookiePrefix: "acme" } }, {}, { trustDevice: true }],
  ], async (t, options, first, more) => {
    const { app, uri, codes } = await enrolled(t, options);
    for (const step of [
      () => ["verify-totp", { code: totp(app, uri) }],
      () => ["verify-backup-code", { code: codes[0] }],
      () => ["verify-otp", { code: sent(app) }],
    ]) {
      const browser = await challenged(app, first);
      await browser.get("/get-session");
      await waiting(t, app);
      await browser.post("/two-factor/send-otp");
      const [path, body] = step();
      await browser.post(`/two-factor/${path}`, { ...body, ...more });
      await browser.get("/get-session");
      await browser.post("/sign-out");
      await browser.signIn(first);
      await browser.get("/get-session");
      await later(app, minute);
    }
  }),
  {
    name: "two-factor: wrong second steps",
    async run(t) {
      const { app, uri, codes } = await enrolled(t);
      const browser = await challenged(app);
      await browser.post("/two-factor/verify-totp", { code: other(totp(app, uri)) });
      await browser.post("/two-factor/verify-totp", { code: "" });
      await browser.post("/two-factor/verify-backup-code", { code: "abcde-fghij" });
      await browser.post("/two-factor/verify-backup-code", { code: codes[0].replace("-", "") });
      await browser.get("/get-session");
      await browser.post("/two-factor/verify-otp", { code: "123456" });
      await browser.post("/two-factor/send-otp");
      await browser.post("/two-factor/verify-otp", { code: other(sent(app)) });
      await browser.get("/get-session");
      await browser.post("/two-factor/verify-otp", { code: sent(app) });
      await browser.get("/get-session");
      await app.rows("session");
    },
  },
  ...table("two-factor totp drift", [["two steps early", -2], ["a step early", -1], ["in time", 0], ["a step late", 1], ["two steps late", 2]], async (t, drift) => {
    const { app, uri } = await enrolled(t);
    await later(app, 2 * minute);
    const browser = await challenged(app);
    await browser.post("/two-factor/verify-totp", { code: totp(app, uri, drift) });
    await browser.get("/get-session");
  }),
  {
    name: "two-factor: a code is used twice",
    async run(t) {
      const { app, uri } = await enrolled(t);
      await (await challenged(app)).post("/two-factor/verify-totp", { code: totp(app, uri) });
      await (await challenged(app)).post("/two-factor/verify-totp", { code: totp(app, uri) });
    },
  },
  {
    name: "two-factor: a challenge is used twice",
    async run(t) {
      const { app, uri, codes } = await enrolled(t);
      const browser = await challenged(app);
      const twin = browser.twin();
      await browser.post("/two-factor/verify-totp", { code: totp(app, uri) });
      await twin.post("/two-factor/verify-backup-code", { code: codes[0] });
      await twin.post("/two-factor/send-otp");
      await twin.get("/get-session");
    },
  },
  ...table("two-factor challenge in time", [["just", 10 * minute - 1, {}], ["too late", 10 * minute + 1, {}], ["own time, just", 59 * second, { twoFactorCookieMaxAge: 60 }], ["own time, too late", 61 * second, { twoFactorCookieMaxAge: 60 }]], async (t, wait, options) => {
    const { app, uri } = await enrolled(t, {}, { otpOptions: { sendOTP }, ...options });
    const browser = await challenged(app);
    const kept = browser.twin();
    await later(app, wait);
    await browser.post("/two-factor/send-otp");
    await browser.post("/two-factor/verify-totp", { code: totp(app, uri) });
    await browser.get("/get-session");
    const cookie = kept.jar.get("better-auth.two_factor");
    if (cookie) await kept.post("/two-factor/send-otp", {}, { headers: { cookie: `better-auth.two_factor=${cookie}` } });
  }),
  ...table("two-factor challenge forged", [
    ["no signature", (value) => value.split(".")[0]],
    ["other signature", (value) => value.replace(/\..{4}/, ".AAAA")],
    ["other challenge", (value) => value.replace(/2fa-..../, "2fa-AAAA")],
    ["empty", () => ""],
  ], async (t, forge) => {
    const { app, uri } = await enrolled(t);
    const browser = await challenged(app);
    const cookie = `better-auth.two_factor=${forge(browser.jar.get("better-auth.two_factor"))}`;
    for (const path of ["verify-totp", "verify-otp", "verify-backup-code", "send-otp"]) {
      await app.browser().post(`/two-factor/${path}`, { code: totp(app, uri) }, { headers: { cookie } });
    }
  }),
  ...table("two-factor otp", [
    ["plain", {}],
    ["hashed", { storeOTP: "hashed" }],
    ["encrypted", { storeOTP: "encrypted" }],
    ["own hash", { storeOTP: { hash: callback("hash") } }],
    ["own encryption", { storeOTP: { encrypt: callback("encrypt"), decrypt: callback("decrypt") } }],
    ["eight digits", { digits: 8 }],
    ["a minute", { period: 1 }],
    ["two attempts", { allowedAttempts: 2 }],
  ], async (t, otpOptions) => {
    const { app, browser } = await start(t, {}, { otpOptions: { sendOTP, ...otpOptions } }, {
      unrecorded: ["sendOTP", "hash", "encrypt", "decrypt"],
      handlers: { hash: (text) => `#${text}`, encrypt: (text) => [...text].reverse().join(""), decrypt: (text) => [...text].reverse().join("") },
    });
    await browser.post("/two-factor/send-otp");
    const { user, otp } = app.last("sendOTP");
    await t.note("sent", { user, otp: otp.replace(/\d/g, "0") });
    for (const tries of [1, 2, 3, 4, 5, 6, 7]) await browser.post("/two-factor/verify-otp", { code: tries === 7 ? sent(app) : other(sent(app)) });
    await browser.post("/two-factor/send-otp", {});
    await later(app, 61 * second);
    await browser.post("/two-factor/verify-otp", { code: sent(app) });
    await browser.post("/two-factor/send-otp", {});
    await browser.post("/two-factor/verify-otp", { code: sent(app) });
    await browser.get("/get-session");
    await app.browser().signIn();
    await factors(t, app);
    await app.rows("session", "user");
  }),
  ...table("two-factor otp in time", [["just", 3 * minute - 1], ["too late", 3 * minute + 1]], async (t, wait) => {
    const { app } = await enrolled(t);
    const browser = await challenged(app);
    await browser.post("/two-factor/send-otp");
    await later(app, wait);
    await browser.post("/two-factor/verify-otp", { code: sent(app) });
    await browser.get("/get-session");
  }),
  {
    name: "two-factor: an otp is sent again",
    async run(t) {
      const { app } = await enrolled(t);
      const browser = await challenged(app);
      await browser.post("/two-factor/send-otp");
      const first = sent(app);
      await later(app, second);
      await browser.post("/two-factor/send-otp");
      if (first !== sent(app)) await browser.post("/two-factor/verify-otp", { code: first });
      await browser.post("/two-factor/verify-otp", { code: sent(app) });
      await t.note("sent", app.count("sendOTP"));
    },
  },
  {
    name: "two-factor: the sender fails",
    async run(t) {
      const { app } = await enrolled(t, {}, undefined, { handlers: { sendOTP() { throw { $error: { name: "Error", message: "no signal" } }; } } });
      await (await challenged(app)).post("/two-factor/send-otp");
    },
  },
  ...table("two-factor without", [
    ["totp", { totpOptions: { disable: true }, otpOptions: { sendOTP } }],
    ["otp", {}],
    ["anything", { totpOptions: { disable: true } }],
  ], async (t, options) => {
    const { app, browser } = await start(t, {}, { skipVerificationOnEnable: true, ...options });
    await browser.post("/two-factor/enable", { password });
    await browser.post("/two-factor/get-totp-uri", { password });
    await browser.post("/two-factor/verify-totp", { code: "123456" });
    await browser.post("/two-factor/send-otp");
    await app.api("generateTOTP", { body: { secret: "12345678901234567890" } });
    const guest = await challenged(app);
    await guest.post("/two-factor/verify-totp", { code: "123456" });
    await guest.post("/two-factor/send-otp");
    await guest.post("/two-factor/verify-otp", { code: "123456" });
  }),
  {
    name: "two-factor: server only",
    async run(t) {
      const { app, browser, user } = await enrolled(t);
      await app.api("generateTOTP", { body: { secret: "12345678901234567890" } });
      await app.api("generateTOTP", { body: {} });
      await app.api("viewBackupCodes", { body: { userId: user.id } });
      await app.api("viewBackupCodes", { body: { userId: "nobody" } });
      const headers = { $headers: [["cookie", `better-auth.session_token=${browser.jar.get("better-auth.session_token")}`]] };
      await app.api("getTOTPURI", { headers, body: { password } });
      await app.api("generateBackupCodes", { headers, body: { password } });
      await app.api("disableTwoFactor", { headers, body: { password } });
    },
  },
  ...table("two-factor backup codes", [
    ["encrypted", {}],
    ["plain", { storeBackupCodes: "plain" }],
    ["own encryption", { storeBackupCodes: { encrypt: callback("encrypt"), decrypt: callback("decrypt") } }],
  ], async (t, backupCodeOptions) => {
    const flip = (text) => [...text].reverse().join("");
    const { app, user, codes, browser } = await enrolled(t, {}, { otpOptions: { sendOTP }, backupCodeOptions }, {
      unrecorded: ["sendOTP", "encrypt", "decrypt"], handlers: { encrypt: flip, decrypt: flip },
    });
    const guest = await challenged(app);
    await guest.post("/two-factor/verify-backup-code", { code: codes[4], disableSession: true });
    await guest.get("/get-session");
    await guest.post("/two-factor/verify-backup-code", { code: codes[4] });
    await guest.post("/two-factor/verify-backup-code", { code: codes[5], trustDevice: true });
    await guest.get("/get-session");
    await guest.post("/two-factor/verify-backup-code", { code: codes[6], disableSession: true });
    await guest.post("/two-factor/verify-backup-code", { code: codes[7] });
    await app.api("viewBackupCodes", { body: { userId: user.id } });
    const { json } = await browser.post("/two-factor/generate-backup-codes", { password });
    const second = await challenged(app);
    await second.post("/two-factor/verify-backup-code", { code: codes[0] });
    await second.post("/two-factor/verify-backup-code", { code: json.backupCodes[0] });
    await app.api("viewBackupCodes", { body: { userId: user.id } });
  }),
  {
    name: "two-factor: signed in and verified again",
    async run(t) {
      const { app, browser, uri, codes } = await enrolled(t);
      await browser.post("/two-factor/verify-totp", { code: totp(app, uri), trustDevice: true });
      await browser.post("/two-factor/send-otp");
      await browser.post("/two-factor/verify-otp", { code: sent(app), trustDevice: true });
      await browser.post("/two-factor/verify-backup-code", { code: codes[0] });
      await browser.post("/two-factor/verify-totp", { code: other(totp(app, uri)) });
      await browser.get("/get-session");
      await app.rows("session");
    },
  },
  {
    name: "two-factor: enabled anew",
    async run(t) {
      const { app, browser, uri } = await enrolled(t);
      const { json } = await browser.post("/two-factor/enable", { password });
      await factors(t, app);
      const guest = await challenged(app);
      await guest.post("/two-factor/verify-totp", { code: totp(app, uri) });
      await guest.post("/two-factor/verify-totp", { code: totp(app, json.totpURI) });
    },
  },
  {
    name: "two-factor: enrolment abandoned",
    async run(t) {
      const { app, browser } = await start(t);
      await browser.post("/two-factor/enable", { password });
      await app.browser().signIn();
      await browser.post("/two-factor/send-otp");
      await browser.post("/two-factor/verify-otp", { code: sent(app) });
      const { json } = await browser.post("/two-factor/enable", { password });
      const guest = await challenged(app);
      await guest.post("/two-factor/verify-totp", { code: totp(app, json.totpURI) });
      await browser.post("/two-factor/verify-totp", { code: totp(app, json.totpURI) });
      await browser.get("/get-session");
      await factors(t, app);
      await app.rows("session");
    },
  },
  {
    name: "two-factor: disabled",
    async run(t) {
      const { app, browser, uri } = await enrolled(t);
      const device = await challenged(app);
      await device.post("/two-factor/verify-totp", { code: totp(app, uri), trustDevice: true });
      const open = await challenged(app);
      await device.post("/two-factor/disable", { password });
      await device.get("/get-session");
      await waiting(t, app);
      await open.post("/two-factor/send-otp");
      await open.post("/two-factor/verify-otp", { code: sent(app) });
      await open.post("/two-factor/verify-totp", { code: totp(app, uri) });
      await open.post("/two-factor/verify-backup-code", { code: "abcde-fghij" });
      await app.browser().signIn();
      await browser.post("/two-factor/disable", { password });
      await factors(t, app);
      await app.rows("user");
    },
  },
  {
    name: "two-factor: disabled, not remembered",
    async run(t) {
      const { app, uri } = await enrolled(t);
      const device = await challenged(app, { rememberMe: false });
      await device.post("/two-factor/verify-totp", { code: totp(app, uri) });
      await device.post("/two-factor/disable", { password });
      await device.get("/get-session");
    },
  },
  ...table("two-factor trusted device", [
    ["rotates", async () => {}],
    ["an old value", async ({ device, old }) => device.jar.store([`better-auth.trust_device=${old}; Path=/`], 0)],
    ["forged", async ({ device }) => device.jar.store([`better-auth.trust_device=${device.jar.get("better-auth.trust_device").replace(/^..../, "AAAA")}; Path=/`], 0)],
    ["expired", async ({ app }) => later(app, 30 * day + second)],
    ["its row is gone", async ({ app }) => app.db("deleteMany", { model: "verification", where: [] })],
    ["disabled there", async ({ device }) => device.post("/two-factor/disable", { password })],
  ], async (t, change) => {
    const { app, uri } = await enrolled(t);
    const device = await challenged(app);
    await device.post("/two-factor/verify-totp", { code: totp(app, uri), trustDevice: true });
    await waiting(t, app);
    const old = device.jar.get("better-auth.trust_device");
    await later(app, day);
    await device.post("/sign-out");
    await device.signIn();
    await waiting(t, app);
    await change({ app, device, old });
    await device.signIn();
    await device.get("/get-session");
  }),
  {
    name: "two-factor trusted device: of somebody else",
    async run(t) {
      const { app, uri } = await enrolled(t);
      const device = await challenged(app);
      await device.post("/two-factor/verify-totp", { code: totp(app, uri), trustDevice: true });
      const bob = app.browser();
      await bob.signUp({ email: "bob@example.com", name: "Bob" });
      const { json } = await bob.post("/two-factor/enable", { password });
      await bob.post("/two-factor/verify-totp", { code: totp(app, json.totpURI) });
      await device.post("/sign-out");
      await device.signIn({ email: "bob@example.com" });
      await device.get("/get-session");
    },
  },
  {
    name: "two-factor trusted device: password changed",
    async run(t) {
      const { app, browser, uri } = await enrolled(t);
      const device = await challenged(app);
      await device.post("/two-factor/verify-totp", { code: totp(app, uri), trustDevice: true });
      await later(app, hour);
      await browser.post("/change-password", { currentPassword: password, newPassword: "password456" });
      await device.signIn({ password: "password456" });
    },
  },
  {
    name: "two-factor: too many wrong codes",
    async run(t) {
      const { app, uri } = await enrolled(t);
      const browser = await challenged(app);
      for (let tries = 1; tries <= 6; tries++) await browser.post("/two-factor/verify-totp", { code: other(totp(app, uri)) });
      await browser.post("/two-factor/verify-totp", { code: totp(app, uri) });
    },
  },
  {
    name: "two-factor: an account is locked",
    async run(t) {
      const { app, uri } = await enrolled(t);
      for (let tries = 1; tries <= 2; tries++) {
        const browser = await challenged(app);
        for (let tries = 1; tries <= 5; tries++) await browser.post("/two-factor/verify-totp", { code: other(totp(app, uri)) });
      }
      const browser = await challenged(app);
      await browser.post("/two-factor/send-otp");
      await browser.post("/two-factor/verify-totp", { code: totp(app, uri) });
      await later(app, 15 * minute);
      await (await challenged(app)).post("/two-factor/verify-totp", { code: totp(app, uri) });
    },
  },
  {
    name: "two-factor: links that sign in",
    async run(t) {
      const { app, uri } = await enrolled(t, { ...withMail, emailVerification: { ...withMail.emailVerification, autoSignInAfterVerification: true } });
      const guest = app.browser();
      await guest.post("/send-verification-email", { email: "alice@example.com", callbackURL: "/welcome?a=b" });
      await guest.open(app.last("sendVerificationEmail").url);
      await guest.get("/get-session");
      await guest.post("/two-factor/verify-totp", { code: totp(app, uri) });
    },
  },
  {
    name: "two-factor: reset of a password",
    async run(t) {
      const { app } = await enrolled(t, withMail);
      const guest = app.browser();
      await guest.post("/request-password-reset", { email: "alice@example.com" });
      await guest.post("/reset-password", { newPassword: "password456", token: app.last("sendResetPassword").token });
      await guest.get("/get-session");
      await guest.signIn({ password: "password456" });
      await guest.get("/get-session");
    },
  },
  {
    name: "two-factor: the field cannot be set",
    async run(t) {
      const { app, browser } = await start(t);
      await browser.post("/update-user", { twoFactorEnabled: true });
      await browser.post("/update-user", { name: "Al", twoFactorEnabled: false });
      await app.browser().signUp({ email: "bob@example.com", twoFactorEnabled: true });
      await app.rows("user");
    },
  },
  {
    name: "two-factor: who is signed in already",
    async run(t) {
      const { app, browser } = await enrolled(t);
      await browser.signIn();
      await browser.get("/get-session");
      await verify(app);
    },
  },
  {
    name: "two-factor: limits",
    async run(t) {
      const { app } = await start(t, { rateLimit: { enabled: true } });
      const guest = app.browser();
      for (let tries = 0; tries < 5; tries++) await guest.post("/two-factor/verify-totp", { code: "123456" }, { headers: { "x-forwarded-for": "203.0.113.9" } });
      await guest.post("/two-factor/send-otp", {}, { headers: { "x-forwarded-for": "203.0.113.9" } });
      await later(app, 11 * second);
      await guest.post("/two-factor/verify-totp", { code: "123456" }, { headers: { "x-forwarded-for": "203.0.113.9" } });
    },
  },
  {
    name: "two-factor: renamed tables and columns",
    async run(t) {
      // 1.6.11 writes the names into what all instances of a process share: this one has a process of its own.
      const extra = { env: { NODE_ENV: "renamed-tables" } };
      const { app, uri } = await enrolled(t, {}, { twoFactorTable: "factors", schema: { twoFactor: { fields: { secret: "key", backupCodes: "codes" } }, user: { fields: { twoFactorEnabled: "second_factor" } } } }, extra);
      await (await challenged(app)).post("/two-factor/verify-totp", { code: totp(app, uri) });
      await app.rows("user");
    },
  },
];
