/** Single sign-on: providers by the official client, and sign-ins through a company's provider of OpenID Connect. */
import { generateKeyPairSync, sign } from "node:crypto";
import { ssoClient as officialClient } from "@better-auth/sso/client";
import { callback, ORIGIN, table, verify } from "./kit.mjs";
import { company, organization } from "./organization-kit.mjs";

const IDP = "https://idp.example.com";
const trusted = { trustedOrigins: [ORIGIN, IDP] };
export const ada = { sub: "1001", name: "Ada Lovelace", email: "Ada@acme.example", email_verified: true, picture: "https://idp.example.com/ada.png" };
const targets = { callbackURL: "/dashboard", errorCallbackURL: "/sorry", newUserCallbackURL: "/welcome" };
const tokens = { access_token: "at-1", refresh_token: "rt-1", token_type: "Bearer", expires_in: 3600, scope: "openid email" };

const { publicKey, privateKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });

const jwk = { ...publicKey.export({ format: "jwk" }), kid: "k1", alg: "RS256", use: "sig" };

/** An id_token of these claims. */
function signed(claims) {
  const text = [{ alg: "RS256", kid: "k1" }, claims].map((part) => Buffer.from(JSON.stringify(part)).toString("base64url")).join(".");
  return `${text}.${sign("sha256", Buffer.from(text), privateKey).toString("base64url")}`;
}

/** A company's provider: what its endpoints answer. */
function idp({ user = ada, token, info, document = {}, discovery } = {}) {
  return ({ url }) => {
    switch (url) {
      case `${IDP}/.well-known/openid-configuration`:
        return discovery ?? { unrecorded: true, json: { issuer: IDP, authorization_endpoint: `${IDP}/authorize`, token_endpoint: `${IDP}/token`, userinfo_endpoint: `${IDP}/userinfo`, jwks_uri: `${IDP}/keys`, ...document } };
      case `${IDP}/token`:
        return typeof token === "function" ? { json: token() } : (token ?? { json: tokens });
      case `${IDP}/userinfo`:
        return info ?? { json: user };
      case `${IDP}/keys`:
        return { unrecorded: true, json: { keys: [jwk] } };
    }
  };
}

const plugin = (options = {}) => ({ factory: "sso", options });
const client = { clientPlugins: ({ ssoClient }) => [(ssoClient ?? officialClient)({ domainVerification: { enabled: true } })] };
const provider = (more = {}, oidc = {}) => ({ providerId: "acme", issuer: IDP, domain: "acme.example", oidcConfig: { clientId: "client-1234", clientSecret: "secret-of-the-client", ...oidc }, ...more });
const manual = { skipDiscovery: true, authorizationEndpoint: `${IDP}/authorize`, tokenEndpoint: `${IDP}/token`, userInfoEndpoint: `${IDP}/userinfo`, jwksEndpoint: `${IDP}/keys` };

/** A company with organizations, whose owner is Alice. */
const acme = (t, options = {}, web = idp(), extra = {}) => company(t, {}, { core: trusted, plugins: [organization(), plugin(options)], world: web, ...client, ...extra });

async function begin(browser, more = {}) {
  const { json } = await browser.post("/sign-in/sso", { providerId: "acme", ...targets, ...more });
  return json?.url ? new URL(json.url).searchParams.get("state") : undefined;
}

const back = (browser, state, more = "", path = "/sso/callback/acme") => browser.get(`${path}?code=c-1&state=${state}${more}`);

async function flow(t, { options = {}, registration = provider(), web = idp(), more = {}, query = "", extra = {} } = {}) {
  const world = await acme(t, options, web, extra);
  await world.alice.post("/sso/register", registration);
  const browser = world.app.browser();
  await back(browser, await begin(browser, more), query, options.redirectURI);
  await browser.get("/get-session");
  await world.app.rows("user", "account", "member");
  return { ...world, browser };
}

export default [
  {
    name: "sso: providers by the official client",
    async run(t) {
      const { alice, bob, dave, app } = await acme(t);
      const { sso } = alice.client;
      await t.note("register", await sso.register(provider()));
      await t.note("twice", await sso.register(provider()));
      await t.note("list", await sso.providers());
      await t.note("get", await sso.getProvider({ query: { providerId: "acme" } }));
      await t.note("update", await sso.updateProvider({ providerId: "acme", domain: "acme.example,acme.test", oidcConfig: { scopes: ["openid", "email"] } }));
      await t.note("nothing", await sso.updateProvider({ providerId: "acme" }));
      await t.note("not SAML", await sso.updateProvider({ providerId: "acme", samlConfig: { audience: "x" } }));
      for (const [label, browser] of Object.entries({ bob, dave })) {
        await t.note(`${label} lists`, await browser.client.sso.providers());
        await t.note(`${label} gets`, await browser.client.sso.getProvider({ query: { providerId: "acme" } }));
        await t.note(`${label} deletes`, await browser.client.sso.deleteProvider({ providerId: "acme" }));
      }
      await t.note("begin", (await alice.client.signIn.sso({ providerId: "acme", ...targets })).data?.redirect);
      await t.note("delete", await sso.deleteProvider({ providerId: "acme" }));
      await t.note("gone", await sso.getProvider({ query: { providerId: "acme" } }));
      await app.rows("ssoProvider");
    },
  },
  {
    name: "sso: providers of an organization",
    async run(t) {
      const { alice, bob, carl, dave, org } = await acme(t);
      for (const browser of [dave, carl, bob, alice]) await browser.post("/sso/register", provider({ organizationId: org }));
      for (const browser of [alice, bob, carl, dave]) {
        await browser.get("/sso/providers");
        await browser.get("/sso/get-provider?providerId=acme");
        await browser.post("/sso/update-provider", { providerId: "acme", domain: "acme.example" });
      }
      await carl.post("/sso/delete-provider", { providerId: "acme" });
      await alice.post("/sso/delete-provider", { providerId: "acme" });
    },
  },
  ...table("sso: register", [
    ["without discovery", provider({}, manual)],
    ["without PKCE, with scopes and a mapping", provider({ overrideUserInfo: true }, { ...manual, pkce: false, scopes: ["openid"], mapping: { id: "oid", email: "upn", name: "name", extraFields: { team: "team" } } })],
    ["by post", provider({}, { ...manual, tokenEndpointAuthentication: "client_secret_post" })],
    ["no issuer", provider({ issuer: "acme" })],
    ["an empty body", {}],
    ["a wrong body", { providerId: 1, issuer: 2, domain: 3, oidcConfig: { clientId: 4, tokenEndpoint: "x", tokenEndpointAuthentication: "none", scopes: "a" } }],
    ["an incomplete mapping", provider({}, { ...manual, mapping: { id: "sub" } })],
    ["a private host", provider({}, { ...manual, tokenEndpoint: "https://169.254.169.254/token" })],
    ["this machine", provider({}, { ...manual, userInfoEndpoint: "https://localhost/x" })],
    ["another scheme", provider({}, { ...manual, jwksEndpoint: "ftp://idp.example.com/keys" })],
    ["an untrusted issuer", provider({ issuer: "https://other.example.com" })],
    ["an organization that is not there", provider({ organizationId: "nope" })],
  ], async (t, registration) => {
    const { alice, app } = await acme(t);
    await alice.post("/sso/register", registration);
    await app.browser().post("/sso/register", registration);
    await alice.get("/sso/providers");
  }),
  ...table("sso: discovery", [
    ["another issuer", idp({ document: { issuer: "https://evil.example.com" } })],
    ["a slash at the end of the issuer", idp({ document: { issuer: `${IDP}/` } })],
    ["no token endpoint", idp({ document: { token_endpoint: undefined } })],
    ["an untrusted endpoint", idp({ document: { token_endpoint: "https://other.example.com/token" } })],
    ["a path", idp({ document: { token_endpoint: "/oauth/token" } })],
    ["by post only", idp({ document: { token_endpoint_auth_methods_supported: ["client_secret_post"] } })],
    ["not found", idp({ discovery: { status: 404, json: {} } })],
    ["no JSON", idp({ discovery: { status: 200, text: "<html>" } })],
  ], async (t, web) => {
    const { alice } = await acme(t, {}, web);
    await alice.post("/sso/register", provider());
  }),
  ...table("sso: sign in", [
    ["with discovery", {}],
    ["without discovery", { registration: provider({}, manual) }],
    ["without PKCE", { registration: provider({}, { pkce: false }) }],
    ["by post", { registration: provider({}, { tokenEndpointAuthentication: "client_secret_post" }) }],
    ["with scopes and a hint", { more: { scopes: ["openid", "calendar"], loginHint: "ada" } }],
    ["by the address", { more: { providerId: undefined, email: "ada@acme.example" } }],
    ["by a domain below", { more: { providerId: undefined, domain: "eng.acme.example" } }],
    ["with a mapping", { registration: provider({}, { mapping: { id: "oid", email: "upn", name: "given" } }), web: idp({ user: { sub: "1", oid: "o-1", upn: "ada@acme.example", given: "Ada L" } }) }],
    ["without implicit sign-up", { options: { disableImplicitSignUp: true } }],
    ["with requestSignUp", { options: { disableImplicitSignUp: true }, more: { requestSignUp: true } }],
    ["with one callback for all", { options: { redirectURI: "/sso/callback" } }],
    ["with a refusal of the provider", { query: "&error=access_denied&error_description=no" }],
    ["with a token endpoint that refuses", { web: idp({ token: { status: 400, json: { error: "invalid_grant" } } }) }],
    ["without an address", { web: idp({ user: { ...ada, email: undefined } }) }],
    ["with columns of other names", { options: { modelName: "ssoProviders", fields: { oidcConfig: "oidc_config" } } }],
  ], (t, settings) => flow(t, settings)),
  {
    name: "sso: sign in with an id_token alone",
    async run(t) {
      let app;
      const token = () => {
        const now = Math.floor(app.now / 1000);
        return { ...tokens, id_token: signed({ iss: IDP, aud: "client-1234", sub: "1001", name: ada.name, email: ada.email, email_verified: true, iat: now, exp: now + 600 }) };
      };
      const world = await acme(t, {}, idp({ document: { userinfo_endpoint: undefined }, token }));
      app = world.app;
      await world.alice.post("/sso/register", provider());
      const browser = app.browser();
      await back(browser, await begin(browser));
      await browser.get("/get-session");
    },
  },
  {
    name: "sso: a second sign-in, and provisioning",
    async run(t) {
      const options = {
        provisionUser: callback("provisionUser"), provisionUserOnEveryLogin: true,
        organizationProvisioning: { getRole: callback("getRole") },
      };
      const world = await acme(t, options, idp(), { unrecorded: ["provisionUser", "getRole"], handlers: { provisionUser: () => undefined, getRole: () => "admin" } });
      await world.alice.post("/sso/register", provider({ organizationId: world.org }));
      for (let i = 0; i < 2; i++) {
        const browser = world.app.browser();
        await back(browser, await begin(browser));
      }
      await world.app.rows("user", "account", "member");
    },
  },
  ...table("sso: an address that is taken", [
    ["and proven by the user", true],
    ["and proven by nobody", false],
  ], async (t, proven) => {
    const { app, alice } = await acme(t, {}, idp({ user: { ...ada, email: "alice@example.com" } }));
    if (proven) await verify(app);
    await alice.post("/sso/register", provider());
    const browser = app.browser();
    await back(browser, await begin(browser));
    await app.rows("user", "account");
  }),
  {
    name: "sso: what is no flow",
    async run(t) {
      const { app, alice } = await acme(t);
      const browser = app.browser();
      await browser.post("/sign-in/sso", {});
      await browser.post("/sign-in/sso", { ...targets });
      await browser.post("/sign-in/sso", { ...targets, providerId: "nobody" });
      await browser.post("/sign-in/sso", { ...targets, email: "ada@nowhere.example" });
      await browser.post("/sign-in/sso", { ...targets, email: "no address" });
      await browser.post("/sign-in/sso", { ...targets, organizationSlug: "nowhere" });
      await browser.get("/sso/callback/acme");
      await browser.get("/sso/callback/acme?code=c&state=unknown");
      await browser.get("/sso/callback?code=c&state=unknown");
      await alice.post("/sso/register", provider());
      await browser.post("/sign-in/sso", { ...targets, providerId: "acme", providerType: "saml" });
      await browser.post("/sign-in/sso", { ...targets, providerId: "acme", callbackURL: "https://evil.example" });
      await browser.post("/sign-in/sso", { ...targets, providerId: "acme", errorCallbackURL: "//evil.example" });
      const state = await begin(browser);
      await back(app.browser(), state); // another browser
      await back(browser, state);
      await back(browser, state); // a second time
      await browser.get("/sso/saml2/sp/metadata?providerId=acme");
      await browser.get("/sso/saml2/sp/metadata?providerId=none");
      await browser.get("/sso/saml2/sp/metadata");
      await browser.post("/sso/saml2/sp/acs/none", { SAMLResponse: "x" });
      await browser.post("/sso/saml2/sp/acs/acme", {});
      await browser.get("/sso/saml2/callback/acme");
      await alice.get("/sso/saml2/callback/acme");
      await browser.post("/sso/saml2/callback/none", { SAMLResponse: "x" });
      await browser.post("/sso/saml2/callback/acme", {});
      await browser.get("/sso/saml2/sp/slo/acme");
      await browser.post("/sso/saml2/sp/slo/acme", { SAMLRequest: "x" });
      await browser.post("/sso/saml2/logout/acme", {});
      await alice.post("/sso/saml2/logout/acme", {});
    },
  },
  {
    name: "sso: proof of domains",
    async run(t) {
      const { alice, bob, app } = await acme(t, { domainVerification: { enabled: true, tokenPrefix: "acme-proof" } });
      await t.note("register", await alice.client.sso.register(provider()));
      await alice.post("/sso/request-domain-verification", { providerId: "acme" });
      await alice.post("/sso/request-domain-verification", { providerId: "none" });
      await bob.post("/sso/request-domain-verification", { providerId: "acme" });
      await bob.post("/sso/verify-domain", { providerId: "acme" });
      await app.browser().post("/sso/verify-domain", { providerId: "acme" });
      await begin(app.browser());
      await app.db("update", { model: "ssoProvider", where: [{ field: "providerId", value: "acme" }], update: { domainVerified: true } });
      await alice.post("/sso/request-domain-verification", { providerId: "acme" });
      await alice.post("/sso/verify-domain", { providerId: "acme" });
      const browser = app.browser();
      await back(browser, await begin(browser));
      await app.rows("user", "account");
      await alice.post("/sso/update-provider", { providerId: "acme", domain: "other.example" });
      await begin(app.browser());
    },
  },
  {
    name: "sso: providers of the application",
    async run(t) {
      const options = { defaultSSO: [{ domain: "acme.example", providerId: "acme", oidcConfig: { issuer: IDP, clientId: "client-1234", clientSecret: "secret-of-the-client", discoveryEndpoint: `${IDP}/.well-known/openid-configuration`, pkce: true } }] };
      const { app, alice } = await acme(t, options);
      const browser = app.browser();
      await back(browser, await begin(browser, { providerId: undefined, email: "ada@acme.example" }));
      await browser.get("/get-session");
      await alice.get("/sso/providers");
      await app.rows("user", "account");
    },
  },
  ...table("sso: how many providers", [["none", 0], ["one", 1]], async (t, providersLimit) => {
    const { alice } = await acme(t, { providersLimit });
    await alice.post("/sso/register", provider());
    await alice.post("/sso/register", provider({ providerId: "second" }));
  }),
];
