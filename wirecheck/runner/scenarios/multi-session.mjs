/** Several accounts in one browser. */
import { alice, day, second, table } from "./kit.mjs";

const multi = (options = {}, extra = {}) => ({
  plugins: [{ factory: "multiSession", options }, ...(extra.plugins ?? [])],
  clientPlugins: ({ multiSessionClient }) => [multiSessionClient()],
  ...extra.app,
});
const choose = (browser, sessionToken) => browser.post("/multi-session/set-active", { sessionToken });
const revoke = (browser, sessionToken) => browser.post("/multi-session/revoke", { sessionToken });
const list = (browser) => browser.get("/multi-session/list-device-sessions");
const name = (token) => `better-auth.session_token_multi-${token.toLowerCase()}`;

/** Alice, and then others, in one browser. */
async function household(t, others = ["bob"], options = {}, core = {}, extra = {}) {
  const { app, browser, token } = await alice(t, core, multi(options, extra));
  const tokens = [token];
  for (const other of others) {
    tokens.push((await browser.signUp({ email: `${other}@example.com`, name: other })).json.token);
  }
  return { app, browser, tokens };
}

export default [
  ...table("multi-session: a life by the official client", [
    ["without a cookie cache", {}],
    ["with a cookie cache", { session: { cookieCache: { enabled: true } } }],
  ], async (t, core) => {
    const { app, browser, tokens } = await household(t, ["bob", "eve"], {}, core);
    const { client } = browser;
    const say = async (label, promise) => t.note(label, await promise);
    await say("list", client.multiSession.listDeviceSessions());
    await say("Alice", client.multiSession.setActive({ sessionToken: tokens[0] }));
    await say("session", client.getSession());
    await say("Bob goes", client.multiSession.revoke({ sessionToken: tokens[1] }));
    await say("session", client.getSession());
    await say("Alice goes", client.multiSession.revoke({ sessionToken: tokens[0] }));
    await say("session", client.getSession());
    await app.rows("session");
    await say("sign out", client.signOut());
    await say("list", client.multiSession.listDeviceSessions());
    await app.rows("session");
  }),
  ...table("multi-session: a body", [
    ["that is empty", {}],
    ["with a number", { sessionToken: 1 }],
    ["with an empty text", { sessionToken: "" }],
    ["with a token of nobody", { sessionToken: "nobody" }],
  ], async (t, body) => {
    const { browser } = await household(t);
    await browser.post("/multi-session/set-active", body);
    await browser.post("/multi-session/revoke", body);
  }),
  {
    name: "multi-session: without a session",
    async run(t) {
      const { app, tokens } = await household(t);
      const visitor = app.browser();
      await list(visitor);
      await choose(visitor, tokens[0]);
      await revoke(visitor, tokens[0]);
    },
  },
  {
    name: "multi-session: the last one is revoked",
    async run(t) {
      const { app, browser, tokens } = await household(t, []);
      await revoke(browser, tokens[0]);
      await browser.get("/get-session");
      await app.rows("session");
    },
  },
  {
    name: "multi-session: the same user signs in again",
    async run(t) {
      const { app, browser, tokens } = await household(t);
      await browser.signIn();
      await list(browser);
      await choose(browser, tokens[1]);
      await app.rows("session");
    },
  },
  ...table("multi-session: at most", [
    ["one", 1],
    ["two", 2],
    ["five, the default", undefined],
  ], async (t, maximumSessions) => {
    const { browser } = await household(t, ["b1", "b2", "b3", "b4", "b5"], maximumSessions ? { maximumSessions } : {});
    await list(browser);
    await browser.get("/get-session");
  }),
  {
    name: "multi-session: an expired session",
    async run(t) {
      const { app, browser, tokens } = await household(t);
      await app.at(6 * day);
      await choose(browser, tokens[0]);
      await app.at(7 * day + 5 * second);
      await list(browser);
      await choose(browser, tokens[1]);
      await revoke(browser, tokens[1]);
    },
  },
  {
    name: "multi-session: a session that was revoked elsewhere",
    async run(t) {
      const { app, browser, tokens } = await household(t);
      await app.db("delete", { model: "session", where: [{ field: "token", value: tokens[0] }] });
      await list(browser);
      await choose(browser, tokens[0]);
      await list(browser);
    },
  },
  ...table("multi-session: a forged cookie", [
    ["without a signature", (token) => token],
    ["with a wrong signature", (token) => `${token}.${"A".repeat(43)}%3D`],
  ], async (t, forge) => {
    const { app, tokens } = await household(t);
    const mallory = app.browser();
    await mallory.signUp({ email: "mallory@example.com", name: "M" });
    mallory.jar.set(name(tokens[0]), forge(tokens[0]));
    await list(mallory);
    await choose(mallory, tokens[0]);
    await revoke(mallory, tokens[0]);
    await mallory.post("/sign-out");
    await app.rows("session");
  }),
  {
    name: "multi-session: not remembered",
    async run(t) {
      const { app, browser, tokens } = await household(t);
      await browser.signUp({ email: "eve@example.com", name: "Eve", rememberMe: false });
      await choose(browser, tokens[0]);
      await browser.get("/get-session");
      await app.at(2 * day);
      await browser.get("/get-session");
    },
  },
  {
    name: "multi-session: with https",
    async run(t) {
      const { browser, tokens } = await household(t, ["bob"], {}, { baseURL: "https://app.example.com" });
      await list(browser);
      await choose(browser, tokens[0]);
      await browser.post("/sign-out");
    },
  },
  ...table("multi-session: origin", [
    ["foreign", { origin: "https://evil.example" }],
    ["none", { origin: null }],
  ], async (t, headers) => {
    const { browser, tokens } = await household(t);
    await browser.post("/multi-session/set-active", { sessionToken: tokens[0] }, { headers });
    await browser.post("/multi-session/revoke", { sessionToken: tokens[0] }, { headers });
    await browser.get("/multi-session/list-device-sessions", { headers });
  }),
].map((scenario) => ({ ...scenario, untied: true }));
