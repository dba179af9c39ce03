/** The OAuth provider: clients, authorization, tokens, UserInfo, introspection, revocation, consents. */
import { createHash } from "node:crypto";
import { alice, callback, minute } from "./kit.mjs";

const redirectURI = "https://rp.example/callback";
const verifier = "verifier-0123456789-0123456789-0123456789-abc";
const challenge = createHash("sha256").update(verifier).digest("base64url");
const pages = { loginPage: "/login", consentPage: "/consent" };
const provider = (options = {}, extra = {}) => ({
  plugins: [{ factory: "jwt", options: { disableSettingJwtHeader: true } }, { factory: "oauthProvider", options: { ...pages, ...options } }],
  clientPlugins: () => [],
  ...extra,
});
const body = { redirect_uris: [redirectURI], client_name: "RP", scope: "openid profile email offline_access" };

/** Alice, and a client of hers. */
async function start(t, options, register = {}, extra = {}) {
  const { app, browser } = await alice(t, {}, provider(options, extra));
  const { json: client } = await browser.post("/oauth2/create-client", { ...body, ...register });
  return { app, browser, client };
}

const query = (client, change = {}) => new URLSearchParams(Object.entries({
  response_type: "code", client_id: client.client_id, redirect_uri: redirectURI, scope: "openid profile email offline_access", state: "s1",
  code_challenge: challenge, code_challenge_method: "S256", ...change,
}).filter(([, v]) => v !== undefined)).toString();

const ask = (browser, client, change) => browser.get(`/oauth2/authorize?${query(client, change)}`);
/** Sends a form with the client's credentials. */
function send(app, client, path, form) {
  return app.browser().request("POST", path, {
    body: new URLSearchParams(form).toString(),
    headers: { "content-type": "application/x-www-form-urlencoded", authorization: `Basic ${Buffer.from(`${client.client_id}:${client.client_secret}`).toString("base64")}` },
  });
}

/** The code that an authorization leads to, with a consent where one is asked for. */
async function code(browser, client, change) {
  let answer = await ask(browser, client, change);
  let url = new URL(answer.json?.url ?? answer.location ?? "/", "http://localhost:3000");
  if (url.pathname === "/consent") {
    answer = await browser.post("/oauth2/consent", { accept: true, oauth_query: url.search.slice(1) });
    url = new URL(answer.json?.url ?? "/", "http://localhost:3000");
  }
  return url.searchParams.get("code") ?? "";
}

const redeem = (app, client, code, change = {}) => send(app, client, "/oauth2/token", { grant_type: "authorization_code", code, redirect_uri: redirectURI, code_verifier: verifier, ...change });

export default [
  {
    name: "oauth provider: clients of a user",
    async run(t) {
      const { app, browser, client } = await start(t);
      const { client_id } = client;
      await browser.get(`/oauth2/get-client?client_id=${client_id}`);
      await browser.get(`/oauth2/public-client?client_id=${client_id}`);
      await browser.get("/oauth2/get-clients");
      await browser.post("/oauth2/update-client", { client_id, update: { client_name: "Renamed", redirect_uris: [redirectURI, "https://rp.example/2"] } });
      await browser.post("/oauth2/update-client", { client_id, update: {} });
      await browser.post("/oauth2/client/rotate-secret", { client_id });
      await browser.post("/oauth2/create-client", { ...body, token_endpoint_auth_method: "none", type: "native" });
      await browser.post("/oauth2/create-client", { ...body, token_endpoint_auth_method: "none", type: "web" });
      await browser.post("/oauth2/create-client", { ...body, scope: "openid admin" });
      await browser.get("/oauth2/get-client?client_id=unknown");
      const other = app.browser();
      await other.get("/oauth2/get-clients");
      await other.signUp({ email: "bob@example.com", name: "Bob" });
      await other.get(`/oauth2/get-client?client_id=${client_id}`);
      await other.post("/oauth2/delete-client", { client_id });
      await browser.post("/oauth2/delete-client", { client_id });
      await app.rows("oauthClient");
    },
  },
  {
    name: "oauth provider: a code, its tokens and a refresh",
    async run(t) {
      const { app, browser, client } = await start(t);
      const { json: tokens } = await redeem(app, client, await code(browser, client));
      await app.rows("oauthRefreshToken", "oauthAccessToken", "oauthConsent");
      await app.browser().get("/oauth2/userinfo", { headers: { authorization: `Bearer ${tokens.access_token}` } });
      await send(app, client, "/oauth2/introspect", { token: tokens.access_token });
      await send(app, client, "/oauth2/introspect", { token: tokens.refresh_token });
      await app.at(minute);
      const { json: next } = await send(app, client, "/oauth2/token", { grant_type: "refresh_token", refresh_token: tokens.refresh_token });
      await app.rows("oauthRefreshToken", "oauthAccessToken");
      await send(app, client, "/oauth2/introspect", { token: next.access_token });
      await send(app, client, "/oauth2/token", { grant_type: "refresh_token", refresh_token: tokens.refresh_token });
      await app.rows("oauthRefreshToken", "oauthAccessToken");
    },
  },
  {
    name: "oauth provider: the pages of the application",
    async run(t) {
      const { app, browser, client } = await start(t);
      const visitor = app.browser();
      const answer = await ask(visitor, client);
      const oauth_query = (answer.location ?? answer.json?.url ?? "").split("?")[1];
      const signIn = await visitor.post("/sign-in/email", { email: "alice@example.com", password: "correct horse battery", oauth_query });
      await browser.post("/oauth2/consent", { accept: true });
      await browser.post("/oauth2/consent", { accept: true, oauth_query: "client_id=x&sig=y" });
      await browser.post("/oauth2/continue", {});
      await t.note("signed in", signIn.status);
      for (const prompt of ["none", "login", "consent"]) await ask(browser, client, { prompt });
      await ask(app.browser(), client, { prompt: "none" });
      await ask(browser, client, { scope: "openid admin" });
      await ask(browser, client, { redirect_uri: "https://evil.example/" });
    },
  },
  {
    name: "oauth provider: consents of a user",
    async run(t) {
      const { app, browser, client } = await start(t);
      await code(browser, client);
      const { json: consents } = await browser.get("/oauth2/get-consents");
      const { id } = consents[0];
      await browser.get(`/oauth2/get-consent?id=${id}`);
      await browser.post("/oauth2/update-consent", { id, update: { scopes: ["openid"] } });
      await browser.post("/oauth2/update-consent", { id, update: { scopes: ["admin"] } });
      await browser.get("/oauth2/get-consent?id=unknown");
      await browser.post("/oauth2/delete-consent", { id });
      await browser.get("/oauth2/get-consents");
      await app.rows("oauthConsent");
    },
  },
  {
    name: "oauth provider: a client for itself, and revocation",
    async run(t) {
      const { app, client } = await start(t, { scopes: ["openid", "read", "write"], clientPrivileges: callback("privileges") },
        { scope: "read write", grant_types: ["client_credentials", "authorization_code"] }, { handlers: { privileges: () => true }, unrecorded: ["privileges"] });
      const { json: tokens } = await send(app, client, "/oauth2/token", { grant_type: "client_credentials", scope: "read" });
      await send(app, client, "/oauth2/introspect", { token: tokens.access_token });
      await send(app, client, "/oauth2/revoke", { token: tokens.access_token });
      await send(app, client, "/oauth2/introspect", { token: tokens.access_token });
      await send(app, client, "/oauth2/revoke", { token: "unknown" });
      await send(app, client, "/oauth2/token", { grant_type: "client_credentials", scope: "openid" });
      await app.rows("oauthAccessToken");
    },
  },
  {
    name: "oauth provider: documents, registration, administrators and the end of a session",
    async run(t) {
      const { app, browser } = await start(t, { allowDynamicClientRegistration: true });
      await app.api("getOAuthServerConfig");
      await app.api("getOpenIdConfig");
      const { json: client } = await browser.post("/oauth2/create-client", body);
      const headers = { $headers: [["cookie", browser.jar.header({ secure: false, now: app.now })]] };
      await app.api("adminCreateOAuthClient", { headers, body: { ...body, skip_consent: true } });
      await app.api("adminUpdateOAuthClient", { headers, body: { client_id: client.client_id, update: { enable_end_session: true, post_logout_redirect_uris: ["https://rp.example/bye"] } } });
      await browser.post("/oauth2/register", body);
      await app.browser().post("/oauth2/register", body);
      const { json: page, location } = await ask(app.browser(), client);
      const oauth_query = (location ?? page?.url ?? "").split("?")[1];
      await app.browser().post("/oauth2/public-client-prelogin", { client_id: client.client_id, oauth_query });
      await app.browser().post("/oauth2/public-client-prelogin", { client_id: client.client_id });
      const { json: tokens } = await redeem(app, client, await code(browser, client));
      await browser.get(`/oauth2/end-session?${new URLSearchParams({ id_token_hint: tokens.id_token, post_logout_redirect_uri: "https://evil.example/" })}`);
      await browser.get(`/oauth2/end-session?${new URLSearchParams({ id_token_hint: tokens.id_token, post_logout_redirect_uri: "https://rp.example/bye", state: "s" })}`);
    },
  },
];
