/** Tokens that hand a session over once. */
import { createHash } from "node:crypto";
import { alice, callback, day, minute, second, table } from "./kit.mjs";

const ott = (options = {}, extra = {}) => ({
  plugins: [{ factory: "oneTimeToken", options }, ...(extra.plugins ?? [])],
  clientPlugins: ({ oneTimeTokenClient }) => [oneTimeTokenClient()],
  handlers: extra.handlers,
});
const make = async (browser) => (await browser.get("/one-time-token/generate")).json?.token;
const use = (browser, token) => browser.post("/one-time-token/verify", { token });

export default [
  {
    name: "one-time token: a life by the official client",
    async run(t) {
      const { app, browser } = await alice(t, {}, ott());
      const say = async (label, promise) => {
        const answer = await promise;
        await t.note(label, answer);
        return answer.data;
      };
      const { token } = await say("generate", browser.client.oneTimeToken.generate());
      await app.rows("verification");
      const other = app.browser();
      await say("verify", other.client.oneTimeToken.verify({ token }));
      await say("session", other.client.getSession());
      await say("again", app.browser().client.oneTimeToken.verify({ token }));
      await app.rows("verification", "session");
      await say("sign out", browser.client.signOut());
      await say("the other has ended too", other.client.getSession());
    },
  },
  {
    name: "one-time token: without a session",
    async run(t) {
      const app = await t.app({}, ott());
      await app.browser().get("/one-time-token/generate");
    },
  },
  ...table("one-time token: a body", [
    ["that is empty", {}],
    ["with a number", { token: 1 }],
    ["with an empty text", { token: "" }],
    ["with a token of nobody", { token: "nobody" }],
  ], async (t, body) => {
    const app = await t.app({}, ott());
    await app.browser().post("/one-time-token/verify", body);
  }),
  ...table("one-time token: in time", [
    ["a second before its end", {}, 3 * minute - second],
    ["after its end", {}, 3 * minute + second],
    ["a life of its own, before its end", { expiresIn: 10 }, 10 * minute - second],
    ["a life of its own, after its end", { expiresIn: 10 }, 10 * minute + second],
  ], async (t, options, later) => {
    const { app, browser } = await alice(t, {}, ott(options));
    const token = await make(browser);
    await app.at(later);
    await use(app.browser(), token);
    await use(app.browser(), token);
  }),
  {
    name: "one-time token: the session was revoked",
    async run(t) {
      const { app, browser } = await alice(t, {}, ott());
      const token = await make(browser);
      await browser.post("/sign-out");
      await use(app.browser(), token);
      await use(app.browser(), token);
    },
  },
  {
    name: "one-time token: the session has expired",
    async run(t) {
      const { app, browser } = await alice(t, {}, ott({ expiresIn: 60 * 24 * 30 }));
      const token = await make(browser);
      await app.at(8 * day);
      await use(app.browser(), token);
    },
  },
  ...table("one-time token: options", [
    ["no requests of clients", { disableClientRequest: true }],
    ["no cookie", { disableSetSessionCookie: true }],
    ["stored plain", { storeToken: "plain" }],
    ["stored hashed", { storeToken: "hashed" }],
    ["stored in a way of its own", { storeToken: { type: "custom-hasher", hash: callback("hash") } }],
    ["a token of its own", { generateToken: callback("generateToken") }],
  ], async (t, options) => {
    const handlers = { hash: (text) => `<${text}>`, generateToken: ({ user }) => `token-of-${user.email}` };
    const { app, browser } = await alice(t, {}, ott(options, { handlers }));
    await app.browser().get("/one-time-token/generate");
    let token = await make(browser);
    for (const row of await app.db("findMany", { model: "verification" })) {
      const hashed = createHash("sha256").update(token).digest("base64url");
      await t.note("identifier", row.identifier.replace(hashed, "the hash of the token"));
    }
    if (!token) token = (await app.api("generateOneTimeToken", { headers: { cookie: browser.jar.header({ secure: false, now: app.now }) } })).json.token;
    const other = app.browser();
    await use(other, token);
    await other.get("/get-session");
  }),
  {
    name: "one-time token: in the header of a new session",
    async run(t) {
      const { app, browser } = await alice(t, {}, ott({ setOttHeaderOnNewSession: true }));
      await browser.get("/get-session");
      await app.browser().signIn({ password: "nonsense1" });
      const again = app.browser();
      const { headers } = await again.signIn();
      const token = headers.find(([name]) => name === "set-ott")?.[1];
      await use(app.browser(), token);
      await again.post("/update-user", { name: "Al" });
      await again.post("/sign-out");
    },
  },
  {
    name: "one-time token: two exposed headers",
    async run(t) {
      await alice(t, {}, ott({ setOttHeaderOnNewSession: true }, { plugins: [{ factory: "bearer", options: {} }] }));
    },
  },
  {
    name: "one-time token: with a cookie cache",
    async run(t) {
      const { app, browser } = await alice(t, { session: { cookieCache: { enabled: true } } }, ott());
      const other = app.browser();
      await use(other, await make(browser));
      await other.get("/get-session");
    },
  },
  {
    name: "one-time token: by somebody else who is signed in",
    async run(t) {
      const { app, browser } = await alice(t, {}, ott());
      const bob = app.browser();
      await bob.signUp({ email: "bob@example.com", name: "Bob" });
      await use(bob, await make(browser));
      await bob.get("/get-session");
      await app.rows("session");
    },
  },
  ...table("one-time token: origin", [
    ["foreign", { origin: "https://evil.example" }],
    ["none", { origin: null }],
  ], async (t, headers) => {
    const { app, browser } = await alice(t, {}, ott());
    await app.browser().post("/one-time-token/verify", { token: await make(browser) }, { headers });
  }),
];
