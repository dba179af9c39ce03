/** Providers that are described by their endpoints or by a discovery document. */
import { alice, callback, table, verify } from "./kit.mjs";

const IDP = "https://idp.example.com";
export const ada = { sub: "1001", name: "Ada Lovelace", email: "Ada@example.com", email_verified: true, picture: "https://idp.example.com/ada.png" };

/** A provider's web: what its endpoints answer. */
export function idp({ user = ada, tokens = { access_token: "at-1", refresh_token: "rt-1", token_type: "Bearer", expires_in: 3600, scope: "openid email" }, token, info, document = {} } = {}) {
  return ({ url }) => {
    switch (url) {
      case `${IDP}/.well-known/openid-configuration`:
        return { json: { issuer: IDP, authorization_endpoint: `${IDP}/authorize`, token_endpoint: `${IDP}/token`, userinfo_endpoint: `${IDP}/userinfo`, ...document }, unrecorded: true };
      case `${IDP}/token`:
        return token ?? { json: tokens };
      case `${IDP}/userinfo`:
        return info ?? { json: user };
    }
  };
}

const endpoints = { authorizationUrl: `${IDP}/authorize`, tokenUrl: `${IDP}/token`, userInfoUrl: `${IDP}/userinfo` };
export const acme = (more = {}) => ({ providerId: "acme", clientId: "client", clientSecret: "secret-of-the-client", scopes: ["openid", "email"], pkce: true, ...endpoints, ...more });
const discovered = (more = {}) => acme({ authorizationUrl: undefined, tokenUrl: undefined, userInfoUrl: undefined, discoveryUrl: `${IDP}/.well-known/openid-configuration`, ...more });

/** An app with the providers, and the web around it. */
export const generic = (config, web = idp(), extra = {}) => ({ plugins: [{ factory: "genericOAuth", options: { config } }], world: web, ...extra });

const targets = { callbackURL: "/dashboard", errorCallbackURL: "/sorry", newUserCallbackURL: "/welcome" };

/** Begins a flow and gives the state. */
export async function begin(browser, path = "/sign-in/oauth2", more = {}) {
  const { json } = await browser.post(path, { providerId: "acme", ...targets, ...more });
  return new URL(json.url).searchParams.get("state");
}

const back = (browser, state, more = "") => browser.get(`/oauth2/callback/acme?code=c-1&state=${state}${more}`);

async function flow(t, config = acme(), web = idp(), { options = {}, more = {}, query = "", extra = {} } = {}) {
  const app = await t.app(options, generic([config], web, extra));
  const browser = app.browser();
  await back(browser, await begin(browser, "/sign-in/oauth2", more), query);
  await browser.get("/get-session");
  await app.rows("user", "account", "session", "verification");
  return { app, browser };
}

/** A client of 1.7 has no plugin for it: it takes the paths from the names of the calls. */
const withClient = { clientPlugins: ({ genericOAuthClient }) => (genericOAuthClient ? [genericOAuthClient()] : []) };
const stateOf = ({ data }) => new URL(data.url).searchParams.get("state");

export default [
  {
    name: "generic oauth: a life with the official client",
    async run(t) {
      const app = await t.app({}, generic([acme()], idp(), withClient));
      const browser = app.browser();
      const { client } = browser;
      const begun = await client.signIn.oauth2({ providerId: "acme", ...targets, scopes: ["calendar"], additionalData: { plan: "pro" } });
      await t.note("begin", begun);
      await back(browser, stateOf(begun));
      await t.note("session", await client.getSession());
      await t.note("accounts", await client.listAccounts());
      await t.note("token", await client.getAccessToken({ providerId: "acme" }));
      await t.note("the last one", await client.unlinkAccount({ providerId: "acme" }));
      await t.note("sign out", await client.signOut());
      await app.rows("user", "account", "session", "verification");
    },
  },
  {
    name: "generic oauth: a link with the official client",
    async run(t) {
      const { app, browser } = await alice(t, {}, generic([acme()], idp({ user: { ...ada, email: "alice@example.com" } }), withClient));
      const { client } = browser;
      const begun = await client.oauth2.link({ providerId: "acme", callbackURL: "/settings", errorCallbackURL: "/sorry" });
      await t.note("begin", begun);
      await back(browser, stateOf(begun));
      await t.note("accounts", await client.listAccounts());
      await t.note("unlink", await client.unlinkAccount({ providerId: "acme" }));
      await app.rows("account", "verification");
    },
  },
  {
    name: "generic oauth: what the official client is refused",
    async run(t) {
      const app = await t.app({}, generic([acme()], idp(), withClient));
      const { client } = app.browser();
      await t.note("unknown", await client.signIn.oauth2({ providerId: "x" }));
      await t.note("no session", await client.oauth2.link({ providerId: "acme", callbackURL: "/" }));
      await t.note("foreign target", await client.signIn.oauth2({ providerId: "acme", callbackURL: "https://evil.example/" }));
    },
  },
  ...table("generic oauth: sign in", [
    ["with endpoints", acme()],
    ["with discovery", discovered()],
    ["without PKCE", acme({ pkce: false })],
    ["with prompt, access type and response type", acme({ prompt: "consent", accessType: "offline", responseType: "code" })],
    ["with a redirect URI", acme({ redirectURI: "https://app.example.com/back" })],
    ["with further parameters", acme({ authorizationUrlParams: { audience: "api", hd: "example.com" }, tokenUrlParams: { resource: "r-1" } })],
    ["with basic authentication", acme({ authentication: "basic" })],
    ["as a public client", acme({ clientSecret: undefined })],
    ["with override", acme({ overrideUserInfo: true })],
    ["without sign-up", acme({ disableSignUp: true })],
    ["without implicit sign-up", acme({ disableImplicitSignUp: true })],
    ["with requestSignUp", acme({ disableImplicitSignUp: true }), idp(), { more: { requestSignUp: true } }],
    ["with further scopes", acme(), idp(), { more: { scopes: ["calendar"], disableRedirect: true } }],
    ["an issuer", acme({ issuer: IDP }), idp(), { query: `&iss=${encodeURIComponent(IDP)}` }],
    ["another issuer", acme({ issuer: IDP }), idp(), { query: "&iss=https%3A%2F%2Fevil.example.com" }],
    ["another issuer than the discovered one", discovered(), idp(), { query: "&iss=https%3A%2F%2Fevil.example.com" }],
    ["no issuer where it is required", acme({ issuer: IDP, requireIssuerValidation: true })],
    ["no address", acme(), idp({ user: { ...ada, email: undefined } })],
    ["no name", acme(), idp({ user: { ...ada, name: undefined } })],
    ["an address that is not verified", acme(), idp({ user: { ...ada, email_verified: false } })],
    ["an id beside the subject", acme(), idp({ user: { ...ada, id: 77 } })],
    ["a token endpoint that refuses", acme(), idp({ token: { status: 400, json: { error: "invalid_grant" } } })],
    ["additional data", acme(), idp(), { more: { additionalData: { plan: "pro" } } }],
  ], (t, config, web, more) => flow(t, config, web, more)),
  {
    name: "generic oauth: functions",
    async run(t) {
      const config = acme({ getToken: callback("getToken"), getUserInfo: callback("getUserInfo"), mapProfileToUser: callback("mapProfileToUser") });
      await flow(t, config, idp(), {
        extra: {
          unrecorded: ["getToken", "getUserInfo", "mapProfileToUser"],
          handlers: {
            getToken: ({ code, redirectURI, codeVerifier }) => ({ accessToken: `at-${code}-${redirectURI.length}-${Boolean(codeVerifier)}`, scopes: ["a", "b"] }),
            getUserInfo: ({ accessToken }) => ({ id: "77", email: "ada@example.com", name: accessToken, emailVerified: true }),
            mapProfileToUser: (profile) => ({ name: `${profile.name} of ${profile.id}` }),
          },
        },
      });
    },
  },
  {
    name: "generic oauth: a second sign-in, tokens and the account",
    async run(t) {
      const { app, browser } = await flow(t);
      await app.at(1000);
      const again = app.browser();
      await back(again, await begin(again));
      await app.rows("account");
      await browser.get("/list-accounts");
      await browser.post("/get-access-token", { providerId: "acme" });
      await browser.post("/refresh-token", { providerId: "acme" });
    },
  },
  ...table("generic oauth: link", [
    ["the same address", {}, ada],
    ["another address", {}, { ...ada, email: "bob@example.com" }],
    ["another address where that is allowed", { account: { accountLinking: { allowDifferentEmails: true } } }, { ...ada, email: "bob@example.com" }],
  ], async (t, options, user) => {
    const { app, browser } = await alice(t, options, generic([acme()], idp({ user: user === ada ? { ...ada, email: "alice@example.com" } : user })));
    await back(browser, await begin(browser, "/oauth2/link"));
    await browser.get("/list-accounts");
    const state = await begin(browser, "/oauth2/link", { scopes: ["calendar"] });
    await back(browser, state);
    await app.rows("account");
  }),
  {
    name: "generic oauth: an account of somebody else",
    async run(t) {
      const { browser, app } = await alice(t, { account: { accountLinking: { allowDifferentEmails: true } } }, generic([acme()]));
      const other = app.browser();
      await back(other, await begin(other));
      await back(browser, await begin(browser, "/oauth2/link"));
      await app.rows("account");
    },
  },
  ...table("generic oauth: an address that is taken", [
    ["and proven on both sides", true, ada],
    ["and proven by the provider alone", false, ada],
    ["and proven by the user alone", true, { ...ada, email_verified: false }],
  ], async (t, proven, user) => {
    const { app } = await alice(t, {}, generic([acme()], idp({ user: { ...user, email: "alice@example.com" } })));
    if (proven) await verify(app);
    const browser = app.browser();
    await back(browser, await begin(browser));
    await app.rows("user", "account");
  }),
  {
    name: "generic oauth: what is no flow",
    async run(t) {
      const app = await t.app({}, generic([acme()]));
      const browser = app.browser();
      await browser.post("/sign-in/oauth2", { providerId: "x", ...targets });
      await browser.post("/sign-in/oauth2", {});
      await browser.post("/sign-in/oauth2", { providerId: 1, scopes: "a", callbackURL: 2 });
      await browser.post("/oauth2/link", { providerId: "acme", callbackURL: "/" });
      await browser.post("/oauth2/link", {});
      await browser.get("/oauth2/callback/acme");
      await browser.get("/oauth2/callback/acme?error=access_denied&error_description=the%20user%20said%20no&state=x");
      await browser.get("/oauth2/callback/x?code=c&state=s");
      await back(browser, "unknown");
      await browser.get("/oauth2/callback/acme?code=c");
      const state = await begin(browser);
      await back(app.browser(), state); // another browser
      await back(browser, state);
      await back(browser, state); // a second time
      await browser.post("/sign-in/oauth2", { providerId: "acme", callbackURL: "https://evil.example" });
      await browser.post("/sign-in/oauth2", { providerId: "acme", errorCallbackURL: "https://evil.example" });
      await browser.post("/sign-in/oauth2", { providerId: "acme", newUserCallbackURL: "//evil.example" });
      const signed = app.browser();
      await signed.signUp();
      await signed.post("/oauth2/link", { providerId: "x", callbackURL: "/" });
    },
  },
  {
    name: "generic oauth: the routes of social sign-in",
    async run(t) {
      const app = await t.app({}, generic([acme()]));
      const browser = app.browser();
      const { json } = await browser.post("/sign-in/social", { provider: "acme", ...targets });
      await back(browser, new URL(json.url).searchParams.get("state"));
      await browser.get("/get-session");
      await app.rows("account");
    },
  },
];
