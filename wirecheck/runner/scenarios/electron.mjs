/** Desktop applications made with Electron: the browser's part, and the exchange that the application's main process makes. */
import { electronProxyClient } from "@better-auth/electron/proxy";
import { ORIGIN } from "../app.mjs";
import { exchange as send } from "../servers.mjs";
import { alice, callback, minute, second, table } from "./kit.mjs";

// The verifier and its challenge are those of RFC 7636, appendix B. The client of 1.6 pads the challenge, that of 1.7 does not.
const verifier = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
const challenge = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";
const asked = { client_id: "electron", code_challenge: `${challenge}=`, code_challenge_method: "S256", state: "state-of-the-application" };
const without = (...names) => Object.fromEntries(Object.entries(asked).filter(([name]) => !names.includes(name)));
const query = (parameters = asked) => `?${new URLSearchParams(parameters)}`;
const application = { origin: null, "electron-origin": "com.example.app:/", "user-agent": "Electron" };
const credentials = { email: "alice@example.com", password: "password123" };

const github = { clientId: "cid", clientSecret: "sec" };
const provider = ({ url }) => {
  const { hostname, pathname } = new URL(url);
  if (url === "https://github.com/login/oauth/access_token") return { json: { access_token: "gho_1", token_type: "bearer", scope: "read:user,user:email" } };
  if (hostname !== "api.github.com") return undefined;
  if (pathname === "/user") return { json: { id: 1001, name: "Ada Lovelace", login: "ada", email: "ada@example.com" } };
  return { json: [{ email: "ada@example.com", primary: true, verified: true }] };
};

/** Options and what else a server needs. Better Auth calls itself for the proxy: what it asks for is answered by itself. */
const desktop = (plugin = {}, extra = {}) => {
  const world = async (request) => {
    if (!request.url.startsWith(ORIGIN)) return provider(request);
    const path = request.url.slice(ORIGIN.length);
    const app = extra.app();
    const headers = Object.fromEntries(Object.entries(request.headers).filter(([name]) => !["content-length", "host", "connection"].includes(name)));
    const answer = await send(app.url, { method: request.method, path, headers: { ...headers, "x-ba-instance": app.id, "x-ba-original-url": request.url }, body: request.body });
    return { unrecorded: true, status: answer.status, text: answer.body, headers: answer.headers.filter(([name]) => ["content-type", "set-cookie"].includes(name)) };
  };
  return {
    world: extra.app ? world : provider,
    plugins: [{ factory: "electron", options: plugin }, ...(extra.plugins ?? [])],
    clientPlugins: () => [electronProxyClient({ protocol: "com.example.app" })],
    handlers: extra.handlers,
  };
};
const options = { trustedOrigins: ["com.example.app:/"], socialProviders: { github } };
const transfer = (browser, parameters = asked, body = {}) => browser.post(`/electron/transfer-user${query(parameters)}`, body);
const exchange = (app, code, more = {}) => app.browser().post("/electron/token", { token: code, state: asked.state, code_verifier: verifier, ...more }, { headers: application });
const codeOf = (answer) => answer.json?.electron_authorization_code;
/** What the page finds in its cookie, by the names of its members. */
const found = (browser, name = "better-auth.electron") => {
  const value = browser.jar.get(name);
  return value && JSON.parse(Buffer.from(decodeURIComponent(value), "base64url").toString());
};

export default [
  {
    name: "electron: a sign-in that the application begins",
    async run(t) {
      const { app } = await alice(t, options, desktop());
      const browser = app.browser();
      const code = codeOf(await browser.post(`/sign-in/email${query()}`, credentials));
      await t.note("the page finds the same code and the state", { code: found(browser).identifier === code, state: found(browser).state });
      const device = app.browser();
      await device.post("/electron/token", { token: code, state: asked.state, code_verifier: verifier }, { headers: application });
      await device.get("/get-session");
      await device.post("/update-user", { name: "Al" }, { headers: application });
      await exchange(app, code);
      await device.post("/sign-out", {}, { headers: application });
      await app.rows("session", "verification");
    },
  },
  {
    name: "electron: a sign-up that the application begins",
    async run(t) {
      const app = await t.app(options, desktop());
      const browser = app.browser();
      const answer = await browser.post(`/sign-up/email${query()}`, { ...credentials, name: "Alice" });
      await exchange(app, codeOf(answer));
    },
  },
  {
    name: "electron: the official client of the page",
    async run(t) {
      const { app, browser } = await alice(t, options, desktop());
      const { data, error } = await browser.client.electron.transferUser({ callbackURL: "/done", fetchOptions: { query: asked } });
      await t.note("transferUser", { error, url: data?.url, redirect: data?.redirect, code: typeof data?.electron_authorization_code });
      await exchange(app, data.electron_authorization_code);
    },
  },
  ...table("electron: a user who is signed in", [
    ["", {}],
    ["with a target", {}, { callbackURL: "/done" }],
    ["with an empty target", {}, { callbackURL: "" }],
    ["with a foreign target", {}, { callbackURL: "https://evil.example/" }],
    ["of another client", { client_id: "other" }],
    ["without a state", { state: "" }],
    ["without a challenge", { code_challenge: "" }],
    ["with the method in lower case", { code_challenge_method: "s256" }],
  ], async (t, more, body = {}) => {
    const { browser } = await alice(t, options, desktop());
    await transfer(browser, { ...asked, ...more }, body);
  }),
  {
    name: "electron: nobody is signed in",
    async run(t) {
      const app = await t.app(options, desktop());
      await transfer(app.browser());
      await app.browser().post("/electron/transfer-user", {});
    },
  },
  ...table("electron: an exchange", [
    ["with another state", { state: "x" }],
    ["with another verifier", { code_verifier: "x" }],
    ["with the challenge", { code_verifier: challenge }],
    ["with a code of nobody", { token: "nobody" }],
    ["with nothing", { token: "", state: "", code_verifier: "" }],
    ["with numbers", { token: 1, state: 1, code_verifier: 1 }],
  ], async (t, more) => {
    const { app, browser } = await alice(t, options, desktop());
    await exchange(app, codeOf(await transfer(browser)), more);
  }),
  {
    name: "electron: after a wrong verifier the code is used up",
    async run(t) {
      const { app, browser } = await alice(t, options, desktop());
      const code = codeOf(await transfer(browser));
      await exchange(app, code, { code_verifier: "x" });
      await exchange(app, code);
    },
  },
  ...table("electron: in time", [
    ["a second before the end of a code", {}, 5 * minute - second],
    ["after it", {}, 5 * minute + second],
    ["a life of its own", { codeExpiresIn: 60, redirectCookieExpiresIn: 30, cookiePrefix: "my", clientID: "desk" }, minute + second],
  ], async (t, plugin, later) => {
    const { app, browser } = await alice(t, options, desktop(plugin));
    const code = codeOf(await transfer(browser, { ...asked, client_id: plugin.clientID ?? "electron" }));
    await app.at(later);
    await exchange(app, code);
  }),
  ...table("electron: a page that asks", [
    ["without a method, as that of 1.7", { ...without("code_challenge_method"), code_challenge: challenge }],
    ["for the plain method", { ...asked, code_challenge_method: "plain", code_challenge: verifier }],
  ], async (t, parameters) => {
    const { app, browser } = await alice(t, options, desktop());
    const code = codeOf(await app.browser().post(`/sign-in/email${query(parameters)}`, credentials)) ?? codeOf(await transfer(browser, parameters));
    await exchange(app, code ?? "none");
  }),
  ...table("electron: a sign-in has no code", [
    ["of another client", { ...asked, client_id: "other" }],
    ["without a state", without("state")],
    ["without a challenge", without("code_challenge")],
    ["without anything", {}],
  ], async (t, parameters) => {
    const { app } = await alice(t, options, desktop());
    await app.browser().post(`/sign-in/email${query(parameters)}`, credentials);
  }),
  {
    name: "electron: the request is kept until somebody signs in",
    async run(t) {
      const { app } = await alice(t, options, desktop());
      const browser = app.browser();
      await browser.post(`/sign-in/email${query()}`, { ...credentials, password: "wrong password" });
      await exchange(app, codeOf(await browser.post("/sign-in/email", credentials)));
    },
  },
  {
    name: "electron: a newer request comes before the one that was kept",
    async run(t) {
      const { app } = await alice(t, options, desktop());
      const browser = app.browser();
      await browser.post(`/sign-in/email${query({ ...asked, state: "old" })}`, { ...credentials, password: "wrong password" });
      await exchange(app, codeOf(await browser.post(`/sign-in/email${query()}`, credentials)));
    },
  },
  {
    name: "electron: a provider",
    async run(t) {
      const app = await t.app(options, desktop());
      const browser = app.browser();
      const { json } = await browser.post(`/sign-in/social${query()}`, { provider: "github", callbackURL: "/done" });
      await browser.get(`/callback/github?code=c1&state=${new URL(json.url).searchParams.get("state")}`);
      await exchange(app, found(browser).identifier);
    },
  },
  {
    name: "electron: the proxy",
    async run(t) {
      let app;
      app = await t.app(options, desktop({}, { app: () => app }));
      const browser = app.browser();
      const { location } = await browser.get(`/electron/init-oauth-proxy${query({ provider: "github", ...without("client_id") })}`);
      const state = new URL(location).searchParams.get("state");
      // Better Auth joins its lines to one, of which a browser keeps the first.
      await t.note("the request is kept", browser.jar.get("better-auth.transfer_token") !== undefined);
      await browser.get(`/callback/github?code=c1&state=${state}`);
    },
  },
  ...table("electron: the proxy's query", [
    ["is empty", {}],
    ["has no provider", { provider: "", ...without("client_id") }],
    ["has an unknown provider", { provider: "nobody", ...without("client_id") }],
    ["has the plain method", { provider: "github", ...without("client_id"), code_challenge_method: "plain" }],
  ], async (t, parameters) => {
    let app;
    app = await t.app(options, desktop({}, { app: () => app }));
    await app.browser().get(`/electron/init-oauth-proxy${query(parameters)}`);
  }),
  {
    name: "electron: the proxy, opened by a page of another site",
    async run(t) {
      let app;
      app = await t.app(options, desktop({}, { app: () => app }));
      const headers = { "sec-fetch-site": "cross-site", "sec-fetch-mode": "navigate", "sec-fetch-dest": "document" };
      await app.browser().get(`/electron/init-oauth-proxy${query({ provider: "github", ...without("client_id") })}`, { headers });
    },
  },
  {
    name: "electron: the session that hands over has ended",
    async run(t) {
      const { app, browser } = await alice(t, options, desktop());
      const code = codeOf(await transfer(browser));
      await browser.post("/sign-out");
      await exchange(app, code);
    },
  },
  {
    name: "electron: a hook refuses the session of the application",
    async run(t) {
      let refused = false;
      const hooks = { databaseHooks: { session: { create: { before: callback("before") } } } };
      const handlers = { before: () => (refused ? false : undefined) };
      const { app, browser } = await alice(t, { ...options, ...hooks }, desktop({}, { handlers }));
      const code = codeOf(await transfer(browser));
      refused = true;
      await exchange(app, code);
    },
  },
  ...table("electron: the origin of an application", [
    ["trusted", { "electron-origin": "com.example.app:/" }],
    ["not trusted", { "electron-origin": "com.evil.app:/" }],
    ["beside a foreign one", { "electron-origin": "com.example.app:/", origin: "https://evil.example" }],
    ["as Origin, as the client of 1.7 sends it", { origin: "com.example.app:/" }],
    ["none", {}],
    ["switched off", { "electron-origin": "com.example.app:/" }, { disableOriginOverride: true }],
  ], async (t, headers, plugin) => {
    const { browser } = await alice(t, options, desktop(plugin));
    await browser.post("/update-user", { name: "Al" }, { headers: { origin: null, ...headers } });
    await browser.app.browser().post("/sign-in/email", credentials, { headers: { origin: null, "sec-fetch-mode": "cors", ...headers } });
  }),
];
