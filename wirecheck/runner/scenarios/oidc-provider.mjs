/** The older providers of Better Auth, oidcProvider and mcp: the same flows, tables and pages, at other paths. */
import { createHash } from "node:crypto";
import { alice, callback, hour, minute } from "./kit.mjs";

const redirectURI = "https://rp.example/callback";
const verifier = "verifier-0123456789-0123456789-0123456789-abc";
const challenge = createHash("sha256").update(verifier).digest("base64url");
const pages = { loginPage: "/login", consentPage: "/consent" };

const kinds = {
  "oidc provider": { path: "/oauth2", userInfo: "/oauth2/userinfo", plugins: (options) => [{ factory: "oidcProvider", options: { ...pages, ...options } }] },
  mcp: { path: "/mcp", plugins: ({ resource, ...oidcConfig }) => [{ factory: "mcp", options: { loginPage: "/login", resource, oidcConfig: { ...pages, ...oidcConfig } } }] },
};

/** Alice, and a client of hers. */
async function start(t, kind, options = {}, register = {}, extra = {}, more = []) {
  const { app, browser } = await alice(t, {}, { plugins: [...more, ...kind.plugins(options)], clientPlugins: () => [], ...extra });
  const { json: client } = await browser.post(`${kind.path}/register`, { redirect_uris: [redirectURI], client_name: "RP", ...register });
  return { kind, app, browser, client };
}

const query = (client, change = {}) => new URLSearchParams(Object.entries({
  response_type: "code", client_id: client.client_id, redirect_uri: redirectURI, scope: "openid profile email offline_access", state: "s1", prompt: "consent",
  code_challenge: challenge, code_challenge_method: "S256", ...change,
}).filter(([, v]) => v !== undefined)).toString();

const ask = ({ kind, client }, browser, change) => browser.get(`${kind.path}/authorize?${query(client, change)}`);

const basic = (client) => ({ authorization: `Basic ${Buffer.from(`${client.client_id}:${client.client_secret}`).toString("base64")}` });

/** Sends a form to the token endpoint, with the client's credentials unless others are given. */
function send({ kind, app, client }, form, headers = basic(client)) {
  return app.browser().request("POST", `${kind.path}/token`, {
    body: new URLSearchParams(form).toString(), headers: { "content-type": "application/x-www-form-urlencoded", ...headers },
  });
}

/** The code that an authorization leads to, with the user's consent. */
async function code(w, change) {
  const answer = await ask(w, w.browser, change);
  const page = new URL(answer.json?.url ?? answer.location ?? "/", "http://localhost:3000");
  if (page.pathname !== "/consent") return page.searchParams.get("code") ?? "";
  const { json } = await w.browser.post("/oauth2/consent", { accept: true, consent_code: page.searchParams.get("consent_code") });
  return new URL(json?.redirectURI ?? "/", "http://localhost:3000").searchParams.get("code") ?? "";
}

const redemption = (code, change = {}) => ({ grant_type: "authorization_code", code, redirect_uri: redirectURI, code_verifier: verifier, ...change });
const refreshment = (tokens, change = {}) => ({ grant_type: "refresh_token", refresh_token: tokens.refresh_token, ...change });
const bearer = (tokens) => ({ headers: { authorization: `Bearer ${tokens.access_token}` } });

/** What the plugins have in common. */
const both = Object.entries(kinds).flatMap(([label, kind]) => [
  {
    name: `${label}: a code, its tokens and a refresh`,
    async run(t) {
      const w = await start(t, kind);
      const { json: tokens } = await send(w, redemption(await code(w)));
      await w.app.rows("oauthApplication", "oauthAccessToken", "oauthConsent");
      if (kind.userInfo) await w.app.browser().get(kind.userInfo, bearer(tokens));
      else await w.app.browser().get("/mcp/get-session", bearer(tokens));
      await w.app.at(minute);
      const { json: next } = await send(w, refreshment(tokens));
      if (kind.userInfo) await w.app.browser().get(kind.userInfo, bearer(next));
      else await w.app.browser().get("/mcp/get-session", bearer(next));
      await t.note("scopes", next.scope);
      const { json: online } = await send(w, redemption(await code(w, { scope: "openid" })));
      await t.note("a refresh token without offline_access", online.refresh_token ?? null);
    },
  },
  {
    name: `${label}: a public client`,
    async run(t) {
      const w = await start(t, kind, kind.userInfo ? { allowDynamicClientRegistration: true } : {}, {
        token_endpoint_auth_method: "none", grant_types: ["authorization_code", "refresh_token"], response_types: ["code"], logo_uri: "https://rp.example/i.png",
        client_uri: "https://rp.example", scope: "openid email", contacts: ["a@rp.example"], metadata: { a: 1 }, software_id: "s",
      });
      await w.app.browser().post(`${kind.path}/register`, { redirect_uris: [redirectURI], client_name: "Anybody" });
      await send(w, redemption(await code(w), { client_id: w.client.client_id }), {});
    },
  },
  {
    name: `${label}: registrations that are refused`,
    async run(t) {
      const { app, browser } = await start(t, kind);
      for (const body of [
        {}, { redirect_uris: [] }, { redirect_uris: [redirectURI], token_endpoint_auth_method: "magic" },
        { redirect_uris: [redirectURI], grant_types: ["authorization_code"], response_types: ["token"] },
        { redirect_uris: [redirectURI], grant_types: ["implicit"], response_types: ["code"] },
        { redirect_uris: ["javascript:alert(1)"] },
      ]) await browser.post(`${kind.path}/register`, body);
      await app.browser().post(`${kind.path}/register`, { redirect_uris: [redirectURI] });
    },
  },
  {
    name: `${label}: the pages of the application`,
    async run(t) {
      const w = await start(t, kind);
      const visitor = w.app.browser();
      await ask(w, visitor, { prompt: undefined });
      const a = await visitor.post("/sign-in/email", { email: "alice@example.com", password: "correct horse battery" });
      await t.note("after the sign-in", a.status);
      for (const change of [
        { client_id: undefined }, { client_id: "unknown" }, { response_type: undefined }, { response_type: "token" }, { redirect_uri: "https://evil.example/" },
        { redirect_uri: undefined }, { scope: "openid admin" }, { code_challenge: undefined }, { code_challenge_method: "plain" },
      ]) await ask(w, w.browser, change);
      if (kind.userInfo) for (const prompt of ["none", "login"]) await ask(w, w.browser, { prompt });
      if (kind.userInfo) await ask(w, w.app.browser(), { prompt: "none" });
    },
  },
  {
    name: `${label}: answers of the page of consent`,
    async run(t) {
      const w = await start(t, kind);
      await w.app.browser().post("/oauth2/consent", { accept: true });
      await w.browser.post("/oauth2/consent", {});
      await w.browser.post("/oauth2/consent", { accept: true });
      await w.browser.post("/oauth2/consent", { accept: true, consent_code: "unknown" });
      await ask(w, w.browser);
      await w.browser.post("/oauth2/consent", { accept: false });
      const page = new URL((await ask(w, w.browser)).location ?? "/", "http://localhost:3000");
      const consent_code = page.searchParams.get("consent_code");
      await w.app.at(11 * minute);
      await w.browser.post("/oauth2/consent", { accept: true, consent_code });
    },
  },
  {
    name: `${label}: what the token endpoint refuses`,
    async run(t) {
      const w = await start(t, kind);
      const { client_id, client_secret } = w.client;
      for (const [form, headers] of [
        [{}, {}], [{ grant_type: "password", code: "x", client_id, client_secret }, {}], [redemption(""), undefined], [redemption("unknown"), undefined],
        [redemption("unknown"), { authorization: "Basic nonsense" }], [redemption("unknown", { client_id: "other" }), undefined],
        [refreshment({}), undefined], [refreshment({ refresh_token: "unknown" }), undefined],
      ]) await send(w, form, headers);
      for (const [change, headers] of [
        [{ redirect_uri: "https://rp.example/other" }], [{ redirect_uri: "" }], [{ code_verifier: "" }], [{ code_verifier: "x".repeat(43) }], [{ client_id }, {}],
        [{ client_id, client_secret: "wrong" }, {}], [{ client_id: "unknown", client_secret }, {}], [{ client_id: "" }, {}], [{ grant_type: "" }],
      ]) await send(w, redemption(await code(w), change), headers);
      const late = await code(w);
      await w.app.at(11 * minute);
      await send(w, redemption(late));
      const { json: tokens } = await send(w, redemption(await code(w)));
      await send(w, refreshment(tokens, { client_id }), {});
      await send(w, refreshment(tokens, { client_id, client_secret: "wrong" }), {});
      await send(w, refreshment(tokens, { client_id: "unknown", client_secret }), {});
      await w.app.at(8 * 24 * hour);
      await send(w, refreshment(tokens));
    },
  },
  {
    name: `${label}: a disabled client`,
    async run(t) {
      const w = await start(t, kind);
      const ready = await code(w);
      const { json: tokens } = await send(w, redemption(await code(w)));
      await w.app.db("update", { model: "oauthApplication", where: [{ field: "clientId", value: w.client.client_id }], update: { disabled: true } });
      await ask(w, w.browser);
      await send(w, redemption(ready));
      await send(w, refreshment(tokens));
    },
  },
]);

const oidc = kinds["oidc provider"];

export default [
  ...both,
  {
    name: "oidc provider: the document of discovery",
    async run(t) {
      const { app } = await start(t, oidc, { allowDynamicClientRegistration: true });
      await app.api("getOpenIdConfig");
      await app.browser().get("/.well-known/openid-configuration");
    },
  },
  {
    name: "oidc provider: UserInfo and clients",
    async run(t) {
      const w = await start(t, oidc, { getAdditionalUserInfoClaim: callback("claims") }, {}, { handlers: { claims: () => ({ role: "admin" }) }, unrecorded: ["claims"] });
      const { json: tokens } = await send(w, redemption(await code(w)));
      const visitor = w.app.browser();
      await visitor.get("/oauth2/userinfo", bearer(tokens));
      await visitor.get("/oauth2/userinfo");
      await visitor.get("/oauth2/userinfo", { headers: { authorization: "Bearer unknown" } });
      await w.browser.get(`/oauth2/client/${w.client.client_id}`);
      await w.browser.get("/oauth2/client/unknown");
      await visitor.get(`/oauth2/client/${w.client.client_id}`);
      await w.app.at(2 * hour);
      await visitor.get("/oauth2/userinfo", bearer(tokens));
    },
  },
  {
    name: "oidc provider: trusted clients",
    async run(t) {
      const trusted = { clientId: "internal", clientSecret: "a-secret-of-the-program-that-is-long", name: "Dashboard", type: "web", redirectUrls: [redirectURI], disabled: false, skipConsent: true, metadata: {} };
      const w = await start(t, oidc, { trustedClients: [trusted] });
      w.client = { client_id: "internal", client_secret: trusted.clientSecret };
      await ask(w, w.browser, { prompt: undefined });
      await w.browser.get("/oauth2/client/internal");
    },
  },
  {
    name: "oidc provider: secrets are hashed, and id_tokens signed by the plugin jwt",
    async run(t) {
      const w = await start(t, oidc, { useJWTPlugin: true, storeClientSecret: "hashed" }, {}, {}, [{ factory: "jwt", options: { disableSettingJwtHeader: true } }]);
      const { json: tokens } = await send(w, redemption(await code(w)));
      await t.note("id_token", typeof tokens.id_token);
      await w.app.rows("oauthApplication");
      await w.app.browser().get("/.well-known/openid-configuration");
    },
  },
  {
    name: "oidc provider: the end of a session",
    async run(t) {
      const w = await start(t, oidc);
      const { json: tokens } = await send(w, redemption(await code(w)));
      const end = (change) => w.browser.get(`/oauth2/endsession?${new URLSearchParams({ id_token_hint: tokens.id_token, client_id: w.client.client_id, ...change })}`);
      await end({ client_id: "unknown" });
      await end({ post_logout_redirect_uri: redirectURI, state: "s" });
      await w.browser.get("/get-session");
      await w.browser.post("/oauth2/endsession", {});
      await w.browser.get("/oauth2/endsession");
      await w.browser.get(`/oauth2/endsession?${new URLSearchParams({ post_logout_redirect_uri: redirectURI })}`);
    },
  },
  {
    name: "mcp: the documents, and sessions of tokens",
    async run(t) {
      const { app } = await start(t, kinds.mcp);
      await app.browser().get("/.well-known/oauth-authorization-server");
      await app.browser().get("/.well-known/oauth-protected-resource");
      await app.browser().get("/mcp/get-session");
      await app.browser().get("/mcp/get-session", { headers: { authorization: "Bearer unknown" } });
    },
  },
  {
    name: "mcp: a resource of its own",
    async run(t) {
      const { app } = await start(t, kinds.mcp, { resource: "http://localhost:3000/mcp" });
      await app.browser().get("/.well-known/oauth-protected-resource");
    },
  },
];
