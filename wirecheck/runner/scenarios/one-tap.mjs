/** Google One Tap: an id_token and no redirect. */
import { createSign, generateKeyPairSync } from "node:crypto";
import { inPage } from "../page.mjs";
import { START, alice, table, verify } from "./kit.mjs";

const { publicKey, privateKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });
const keys = { keys: [{ ...publicKey.export({ format: "jwk" }), kid: "k1", alg: "RS256", use: "sig" }] };
const part = (value) => Buffer.from(JSON.stringify(value)).toString("base64url");

/** A token of Google's. */
function token(change = {}) {
  const now = START / 1000;
  const claims = { iss: "https://accounts.google.com", aud: "client", azp: "client", sub: "1001", name: "Ada Lovelace", email: "Ada@example.com", email_verified: true, picture: "https://i.example/a.png", iat: now, exp: now + 3600, ...change };
  const text = `${part({ alg: "RS256", kid: "k1", typ: "JWT" })}.${part(claims)}`;
  return `${text}.${createSign("RSA-SHA256").update(text).sign(privateKey, "base64url")}`;
}

const web = ({ url }) => (url === "https://www.googleapis.com/oauth2/v3/certs" ? { json: keys, unrecorded: true } : undefined);
const oneTap = (options = {}) => ({ plugins: [{ factory: "oneTap", options: { clientId: "client", ...options } }], world: web });
export const tap = (browser, change) => browser.post("/one-tap/callback", { idToken: token(change) });

/** The browser of a One Tap call: what the client reads of it, with Google's script already loaded. */
function fakeBrowser(prompt) {
  const seen = { location: { href: "" }, document: {}, googleScriptInitialized: true };
  seen.google = { accounts: { id: {
    initialize: (config) => (seen.config = config),
    prompt: (moment) => prompt(seen.config, moment),
    renderButton: (_, config) => (seen.button = config),
  } } };
  return seen;
}

/** The client keeps in a module that a call is running: one call after the other. */
let turn = Promise.resolve();
function inBrowser(window, f) {
  const mine = turn.then(() => inPage({ window, document: window.document }, f));
  turn = mine.catch(() => {});
  return mine;
}

export const withClient = (options, more) => ({ ...oneTap(options), clientPlugins: ({ oneTapClient }) => [oneTapClient({ clientId: "client", promptOptions: { baseDelay: 1, maxAttempts: 1 }, ...more })] });
const shown = (config, credential) => config.callback({ credential });
const skipped = (reason) => ({ isDismissedMoment: () => false, isSkippedMoment: () => true, getSkippedReason: () => reason });

export default [
  {
    name: "one tap: a life with the official client",
    async run(t) {
      const app = await t.app({}, withClient({}, { context: "signup" }));
      const browser = app.browser();
      const window = fakeBrowser((config) => shown(config, token()));
      const answers = [];
      const fetchOptions = { onSuccess: ({ data }) => answers.push(data), onError: ({ error }) => answers.push(error) };
      await inBrowser(window, () => browser.client.oneTap({ callbackURL: "/dashboard", autoSelect: true, nonce: "n-1" }, fetchOptions));
      const { callback: _, ...config } = window.config;
      await t.note("config", config);
      await t.note("answer", answers);
      await t.note("page", window.location.href);
      await t.note("session", await browser.client.getSession());
      await t.note("sign out", await browser.client.signOut());
      await app.rows("user", "account", "session");
    },
  },
  {
    name: "one tap: the official client's button, and a token that is refused",
    async run(t) {
      const app = await t.app({}, withClient());
      const browser = app.browser();
      const window = fakeBrowser(() => {});
      const answers = [];
      const fetchOptions = { onSuccess: ({ data }) => answers.push(data), onError: ({ error }) => answers.push(error) };
      await inBrowser(window, async () => {
        await browser.client.oneTap({ button: { container: {}, config: { type: "standard" } }, fetchOptions });
        await window.config.callback({ credential: token({ aud: "their-client" }) });
        await window.config.callback({ credential: token() });
      });
      await t.note("button", window.button);
      await t.note("answers", answers);
      await t.note("page", window.location.href);
      await app.rows("user");
    },
  },
  {
    name: "one tap: a user who skips the official client's prompt",
    async run(t) {
      const app = await t.app({}, withClient());
      const told = [];
      const window = fakeBrowser((_, moment) => moment(skipped("tap_outside")));
      await inBrowser(window, () => app.browser().client.oneTap({ onPromptNotification: (n) => told.push(n.getSkippedReason()) }));
      await t.note("told", told);
      await app.rows("user");
    },
  },
  {
    name: "one tap: sign up, come back, sign out",
    async run(t) {
      const app = await t.app({}, oneTap());
      const browser = app.browser();
      await tap(browser);
      await browser.get("/get-session");
      await browser.get("/list-accounts");
      await tap(app.browser());
      await app.rows("user", "account", "session");
    },
  },
  ...table("one tap: a token", [
    ["of the other issuer's name", { iss: "accounts.google.com" }],
    ["of another issuer", { iss: "https://evil.example.com" }],
    ["for another client", { aud: "their-client" }],
    ["that has ended", { exp: START / 1000 - 60 }],
    ["without an address", { email: undefined }],
    ["with an address that is not verified", { email_verified: false }],
    ["with a word for a boolean", { email_verified: "true" }],
  ], async (t, change) => {
    const app = await t.app({}, oneTap());
    await tap(app.browser(), change);
    await app.rows("user", "account");
  }),
  {
    name: "one tap: what is no token",
    async run(t) {
      const browser = (await t.app({}, oneTap())).browser();
      await browser.post("/one-tap/callback", {});
      await browser.post("/one-tap/callback", { idToken: 1 });
      await browser.post("/one-tap/callback", { idToken: "x.y.z" });
    },
  },
  {
    name: "one tap: no sign-up",
    async run(t) {
      const app = await t.app({}, oneTap({ disableSignup: true }));
      await tap(app.browser());
      await app.rows("user");
    },
  },
  ...table("one tap: an address that is taken", [
    ["and proven on both sides", true, {}],
    ["and proven by Google alone", false, {}],
    ["and proven by the user alone", true, { email_verified: false }],
  ], async (t, proven, change) => {
    const { app } = await alice(t, {}, oneTap());
    if (proven) await verify(app);
    await tap(app.browser(), { email: "alice@example.com", ...change });
    await app.rows("user", "account");
  }),
];
