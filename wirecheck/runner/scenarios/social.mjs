/** Sign-in with providers, linking, and the tokens of linked accounts. */
import { SignJWT, exportJWK, generateKeyPair } from "jose";
import { callback, hour, minute, refuse, table, verify } from "./kit.mjs";

const ada = { id: 1001, name: "Ada Lovelace", login: "ada", email: "alice@example.com", avatar_url: "https://github.example/ada.png" };
const github = { clientId: "cid", clientSecret: "sec" };

/** GitHub as a person sees it. The endpoints can be replaced one by one. */
function hub(person = ada, { verified = true, token, user, emails, expires } = {}) {
  let count = 0;
  return ({ url, body }) => {
    const { hostname, pathname } = new URL(url);
    if (url === "https://github.com/login/oauth/access_token") {
      count++;
      return token?.(new URLSearchParams(body)) ?? { json: { access_token: `gho_${count}`, refresh_token: `ghr_${count}`, token_type: "bearer", scope: "read:user,user:email", ...(expires && { expires_in: expires }) } };
    }
    if (hostname !== "api.github.com") return undefined;
    if (pathname === "/user") return user?.() ?? { json: person };
    if (pathname === "/user/emails") return emails?.() ?? { json: person.email ? [{ email: person.email, primary: true, verified }] : [] };
    return undefined;
  };
}

const site = (t, options = {}, world = hub(), more = {}) => t.app({ socialProviders: { github }, ...options }, { world, ...more });

const body = { provider: "github", callbackURL: "/dashboard", errorCallbackURL: "/sorry", newUserCallbackURL: "/welcome" };

/** Begins a flow, and returns the state. */
async function begin(browser, path = "/sign-in/social", more = {}) {
  const { json } = await browser.post(path, { ...body, ...more });
  return json?.url ? new URL(json.url).searchParams.get("state") : "none";
}

/** A whole flow. */
async function flow(browser, path, more, query = "code=c1") {
  const state = await begin(browser, path, more);
  return browser.get(`/callback/github?${query}&state=${state}`);
}

const linking = (more) => ({ account: { accountLinking: more } });

export default [
  {
    name: "social: a life by the official client",
    async run(t) {
      const app = await site(t, {}, hub(ada, { expires: 3600 }));
      const browser = app.browser();
      const say = async (label, promise) => t.note(label, await promise);
      const { data } = await browser.client.signIn.social({ provider: "github", callbackURL: "/dashboard" });
      await browser.get(`/callback/github?code=c1&state=${new URL(data.url).searchParams.get("state")}`);
      await say("session", browser.client.getSession());
      await say("accounts", browser.client.listAccounts());
      await say("token", browser.client.getAccessToken({ providerId: "github" }));
      await say("refresh", browser.client.refreshToken({ providerId: "github" }));
      await say("info", browser.client.accountInfo({ query: { accountId: "1001" } }));
      await say("last account", browser.client.unlinkAccount({ providerId: "github" }));
      await app.rows("user", "account", "session", "verification");
      await say("sign out", browser.client.signOut());
    },
  },
  {
    name: "social: link and unlink by the official client",
    async run(t) {
      const app = await site(t);
      const browser = app.browser();
      await browser.signUp();
      const { data } = await browser.client.linkSocial({ provider: "github", callbackURL: "/settings" });
      await app.rows("verification");
      await browser.get(`/callback/github?code=c1&state=${new URL(data.url).searchParams.get("state")}`);
      await t.note("accounts", await browser.client.listAccounts());
      await t.note("unlink", await browser.client.unlinkAccount({ providerId: "github" }));
      await app.rows("account");
    },
  },
  {
    name: "social: a new user and a known one",
    async run(t) {
      const app = await site(t);
      await flow(app.browser());
      await app.at(hour);
      const browser = app.browser();
      await flow(browser);
      await browser.get("/get-session");
      await app.rows("user", "account", "session");
    },
  },
  ...table("social: the first request", [
    ["no provider", { provider: undefined }],
    ["provider of another type", { provider: 5 }],
    ["unknown provider", { provider: "gitlab" }],
    ["no callback", { callbackURL: undefined, errorCallbackURL: undefined, newUserCallbackURL: undefined }],
    ["no redirect", { disableRedirect: true }],
    ["scopes", { scopes: ["repo", "read:user", "gist"] }],
    ["login hint", { loginHint: "ada@example.com" }],
    ["additional data", { additionalData: { plan: "pro", nested: { a: [1, 2] }, link: { userId: "x", email: "y" }, codeVerifier: "mine" } }],
    ["request sign-up", { requestSignUp: true }],
    ["foreign callback", { callbackURL: "https://evil.example/x" }],
    ["types", { scopes: "repo", disableRedirect: "yes" }],
    ["id_token that is not supported", { idToken: { token: "x" } }],
  ], async (t, more) => {
    const app = await site(t);
    await begin(app.browser(), "/sign-in/social", more);
    await app.rows("verification");
  }),
  ...table("social: providers' options", [
    ["scope", { scope: ["repo"] }],
    ["no default scope", { scope: ["repo"], disableDefaultScope: true }],
    ["prompt", { prompt: "consent" }],
    ["redirect URI", { redirectURI: "https://app.example.com/back" }],
    ["authorization endpoint", { authorizationEndpoint: "https://github.example/authorize" }],
    ["not enabled", { enabled: false }],
  ], async (t, more) => {
    const app = await site(t, { socialProviders: { github: { ...github, ...more } } });
    await flow(app.browser());
  }),
  ...table("social: what goes wrong at the provider", [
    ["refused", {}, "error=access_denied&error_description=The+user+said+no+%3Cb%3E"],
    ["refused without words", {}, "error=access_denied"],
    ["no code", {}, ""],
    ["a bad code", { token: () => ({ status: 400, json: { error: "bad_verification_code" } }) }],
    ["a bad code with status 200", { token: () => ({ json: { error: "bad_verification_code", error_description: "The code passed is incorrect or expired." } }) }],
    ["no answer of the token endpoint", { token: () => ({ networkError: "down" }) }],
    ["a server error of the token endpoint", { token: () => ({ status: 500, text: "oops" }) }],
    ["no profile", { user: () => ({ status: 500, json: {} }) }],
    ["no address", { user: () => ({ json: { ...ada, email: null } }), emails: () => ({ json: [] }) }],
    ["an address only in the list", { user: () => ({ json: { ...ada, email: null } }) }],
    ["no name", { user: () => ({ json: { ...ada, name: null } }) }],
    ["an unverified address", { verified: false }],
  ], async (t, broken, query = "code=c1") => {
    const app = await site(t, {}, hub(ada, broken));
    const browser = app.browser();
    await flow(browser, "/sign-in/social", {}, query);
    await flow(browser, "/sign-in/social", { errorCallbackURL: undefined }, query);
    await flow(browser, "/sign-in/social", { errorCallbackURL: "/sorry?a=b" }, query);
    await browser.get("/get-session");
    await app.rows("user", "account", "verification");
  }),
  {
    name: "social: states",
    async run(t) {
      const app = await site(t);
      const browser = app.browser();
      await browser.get("/callback/github?code=c1");
      await browser.get("/callback/github?code=c1&state=");
      await browser.get("/callback/github?code=c1&state=unknown");
      const state = await begin(browser);
      await app.browser().get(`/callback/github?code=c1&state=${state}`);
      await app.rows("verification");
      await browser.get(`/callback/github?code=c1&state=${state}`);
      await browser.get(`/callback/github?code=c1&state=${state}`);
      const late = await begin(browser);
      await app.at(11 * minute);
      await browser.get(`/callback/github?code=c1&state=${late}`);
      await browser.get("/callback/github");
      await browser.get("/callback/nobody?code=c1&state=unknown");
    },
  },
  ...table("social: state", [
    ["in a cookie", { account: { storeStateStrategy: "cookie" } }],
    ["without the check of the cookie", { account: { skipStateCookieCheck: true } }],
    ["with an error page of its own", { onAPIError: { errorURL: "https://app.example.com/failed" } }],
  ], async (t, options) => {
    const app = await site(t, options);
    const browser = app.browser();
    await flow(browser);
    await browser.get("/get-session");
    const state = await begin(app.browser(), "/sign-in/social", { errorCallbackURL: undefined });
    await app.browser().get(`/callback/github?code=c1&state=${state}`);
    await flow(app.browser(), "/sign-in/social", { errorCallbackURL: undefined }, "error=access_denied");
    await app.rows("verification");
    await browser.post("/sign-out");
  }),
  {
    name: "social: a form that the provider posts",
    async run(t) {
      const app = await site(t);
      const browser = app.browser();
      const state = await begin(browser);
      const form = { headers: { "content-type": "application/x-www-form-urlencoded", origin: "https://appleid.apple.com" } };
      // Another site's page: SameSite=Lax cookies do not come along.
      const { location } = await app.browser().request("POST", "/callback/github?code=fromquery", { body: `state=${state}&code=c1&other=x&user=%7B%22name%22%3A1%7D`, ...form });
      await browser.open(location);
      await browser.get("/get-session");
      await browser.post("/callback/github", { state, code: "c1" });
    },
  },
  ...table("social: an account with the address exists", [
    ["both verified", {}, { local: true, verified: true }],
    ["the user's is not verified", {}, { local: false, verified: true }],
    ["the provider's is not verified", {}, { local: true, verified: false }],
    ["the provider is trusted", linking({ trustedProviders: ["github"] }), { local: true, verified: false }],
    ["the provider is trusted by a function", { account: { accountLinking: { trustedProviders: callback("trusted") } } }, { local: true, verified: false }],
    ["the provider is trusted, the user's is not verified", linking({ trustedProviders: ["github"] }), { local: false, verified: false }],
    ["unverified users are linked", linking({ requireLocalEmailVerified: false }), { local: false, verified: true }],
    ["linking is off", linking({ enabled: false }), { local: true, verified: true }],
    ["implicit linking is off", linking({ disableImplicitLinking: true }), { local: true, verified: true }],
  ], async (t, options, { local, verified }) => {
    const app = await site(t, options, hub(ada, { verified }), { handlers: { trusted: () => ["github"] }, unrecorded: ["trusted"] });
    await app.browser().signUp();
    if (local) await verify(app);
    const browser = app.browser();
    await flow(browser);
    await browser.get("/get-session");
    await app.rows("user", "account");
  }),
  ...table("social: linking", [
    ["the same address", {}, ada.email, true],
    ["an unverified address", {}, ada.email, false],
    ["another address", {}, "bob@example.com", true],
    ["another address where it is allowed", linking({ allowDifferentEmails: true }), "bob@example.com", true],
    ["linking is off", linking({ enabled: false }), ada.email, true],
    ["implicit linking is off", linking({ disableImplicitLinking: true }), ada.email, true],
  ], async (t, options, email, verified) => {
    const app = await site(t, options, hub(ada, { verified }));
    const browser = app.browser();
    await browser.signUp({ email });
    await flow(browser, "/link-social", { scopes: ["repo"] });
    await flow(browser, "/link-social");
    await app.rows("user", "account");
    await browser.get("/list-accounts");
    await app.browser().post("/link-social", body);
    await browser.post("/link-social", { provider: "gitlab" });
    await browser.post("/link-social", { provider: "github", disableRedirect: true });
  }),
  {
    name: "social: an account that another user has",
    async run(t) {
      const app = await site(t, linking({ allowDifferentEmails: true }));
      await flow(app.browser());
      const browser = app.browser();
      await browser.signUp({ email: "bob@example.com" });
      await flow(browser, "/link-social");
      await app.rows("account");
    },
  },
  ...table("social: signing up", [
    ["never", { disableSignUp: true }],
    ["only when asked", { disableImplicitSignUp: true }],
  ], async (t, more) => {
    const app = await site(t, { socialProviders: { github: { ...github, ...more } } });
    const browser = app.browser();
    await flow(browser);
    await flow(browser, "/sign-in/social", { requestSignUp: true });
    await flow(app.browser());
    await app.rows("user");
  }),
  {
    name: "social: the profile replaces the user's data",
    async run(t) {
      let person = ada;
      const app = await site(t, { socialProviders: { github: { ...github, overrideUserInfoOnSignIn: true } } }, (request) => hub(person)(request));
      await flow(app.browser());
      person = { ...ada, name: "Countess", email: "countess@example.com" };
      const browser = app.browser();
      await flow(browser);
      await browser.get("/get-session");
      await app.rows("user");
    },
  },
  {
    name: "social: a mapped profile",
    async run(t) {
      const options = {
        socialProviders: { github: { ...github, mapProfileToUser: callback("map") } },
        user: { additionalFields: { locale: { type: "string", required: false } } },
      };
      const app = await site(t, options, hub(), { handlers: { map: () => ({ name: "Mapped", locale: "en" }) } });
      const browser = app.browser();
      await flow(browser);
      await browser.get("/get-session");
      await app.rows("user");
    },
  },
  {
    name: "social: a verification mail at sign-up",
    async run(t) {
      const app = await site(t, { emailVerification: { sendVerificationEmail: callback("sendVerificationEmail"), sendOnSignUp: true } }, hub(ada, { verified: false }));
      await flow(app.browser());
      await flow(app.browser());
    },
  },
  ...table("social: tokens", [
    ["in the clear", {}],
    ["encrypted", { account: { encryptOAuthTokens: true } }],
    ["in a cookie too", { account: { storeAccountCookie: true } }],
    ["encrypted, in a cookie too", { account: { encryptOAuthTokens: true, storeAccountCookie: true } }],
    ["not updated by a sign-in", { account: { updateAccountOnSignIn: false } }],
  ], async (t, options) => {
    const app = await site(t, options, hub(ada, { expires: 60 }));
    const browser = app.browser();
    await flow(browser);
    await browser.post("/get-access-token", { providerId: "github" });
    await app.at(minute - 4000);
    await browser.post("/get-access-token", { providerId: "github", accountId: "1001" });
    await browser.post("/refresh-token", { providerId: "github" });
    await browser.get("/account-info?accountId=1001");
    await browser.get("/account-info");
    await app.rows("account");
    await flow(browser);
    await app.rows("account");
    await browser.post("/get-access-token", { providerId: "github", accountId: "1" });
    await browser.post("/get-access-token", { providerId: "gitlab" });
    await browser.post("/get-access-token", {});
    await browser.post("/refresh-token", {});
    await browser.post("/refresh-token", { providerId: "gitlab" });
    await browser.get("/account-info?accountId=1");
    await app.browser().post("/get-access-token", { providerId: "github" });
    await app.browser().post("/refresh-token", { providerId: "github" });
    await app.browser().get("/account-info?accountId=1001");
    await browser.post("/sign-out");
  }),
  {
    name: "social: tokens that cannot be refreshed",
    async run(t) {
      let broken = false;
      const honest = hub(ada, { expires: 60 });
      const app = await site(t, {}, (request) => (broken ? { status: 400, json: { error: "invalid_grant" } } : honest(request)));
      const browser = app.browser();
      await flow(browser);
      await app.at(hour);
      broken = true;
      await browser.post("/get-access-token", { providerId: "github" });
      await browser.post("/refresh-token", { providerId: "github" });
      await browser.get("/account-info?accountId=1001");
    },
  },
  {
    name: "social: tokens on the server side",
    async run(t) {
      const app = await site(t);
      await flow(app.browser());
      const [{ id }] = await app.db("findMany", { model: "user" });
      await app.api("getAccessToken", { body: { providerId: "github", userId: id } });
      await app.api("getAccessToken", { body: { providerId: "github" } });
      await app.api("refreshToken", { body: { providerId: "github", userId: id } });
      await app.api("refreshToken", { body: { providerId: "github" } });
      await app.api("signInSocial", { body: { provider: "github", callbackURL: "/x" } });
    },
  },
  {
    name: "social: an account without a refresh token",
    async run(t) {
      const app = await site(t, {}, hub(ada, { token: () => ({ json: { access_token: "only", token_type: "bearer" } }) }));
      const browser = app.browser();
      await flow(browser);
      await browser.post("/get-access-token", { providerId: "github" });
      await browser.post("/refresh-token", { providerId: "github" });
      await app.rows("account");
    },
  },
  ...["/sign-in/social", "/link-social"].map((path) => ({
    name: `social: id_tokens at ${path}`,
    async run(t) {
      const { publicKey, privateKey } = await generateKeyPair("RS256", { extractable: true });
      const jwk = { ...(await exportJWK(publicKey)), kid: "k1", alg: "RS256", use: "sig" };
      const world = ({ url }) => (url === "https://www.googleapis.com/oauth2/v3/certs" ? { json: { keys: [jwk] }, unrecorded: true } : undefined);
      const app = await t.app({ socialProviders: { google: { clientId: ["web", "phone"], clientSecret: "s" } } }, { world });
      const now = Math.floor(app.now / 1000);
      const make = (claims = {}, key = privateKey, header = {}) =>
        new SignJWT({ iss: "https://accounts.google.com", aud: "web", sub: "g1", iat: now, exp: now + 3600, email: ada.email, email_verified: true, name: "Ada", picture: "https://x.example/a.png", ...claims })
          .setProtectedHeader({ alg: "RS256", kid: "k1", ...header }).sign(key);
      const other = (await generateKeyPair("RS256")).privateKey;
      const browser = app.browser();
      if (path === "/link-social") await browser.signUp();
      const send = async (token, more = {}, extra = {}) => browser.post(path, { provider: "google", idToken: { token, ...more }, ...extra });
      await send(await make({}, other));
      await send(await make({ aud: "other" }));
      await send(await make({ iss: "https://evil.example" }));
      await send(await make({ exp: now - 3600, iat: now - 7200 }));
      await send(await make({ nonce: "n1" }), { nonce: "n2" });
      await send(await make({ email: undefined }));
      await send(await make({ email_verified: false, sub: "g2", email: "other@example.com" }));
      await send("nonsense");
      await send(await make({ nonce: "n1" }), { nonce: "n1", accessToken: "at1", refreshToken: "rt1" });
      await send(await make({ aud: "phone" }), { accessToken: "at2" });
      await browser.get("/get-session");
      await app.rows("user", "account");
    },
  })),
  {
    name: "social: what id_tokens are refused for",
    async run(t) {
      const { publicKey, privateKey } = await generateKeyPair("RS256", { extractable: true });
      const jwk = { ...(await exportJWK(publicKey)), kid: "k1", alg: "RS256", use: "sig" };
      const world = ({ url }) => {
        if (url === "https://www.googleapis.com/oauth2/v3/certs") return { json: { keys: [jwk] }, unrecorded: true };
        if (url.startsWith("https://graph.facebook.com/debug_token")) return { json: { data: { app_id: "cid", is_valid: true, user_id: "f1" } }, unrecorded: true };
        return { status: 500, json: {}, unrecorded: true };
      };
      const app = await t.app({ socialProviders: { google: { clientId: "web", clientSecret: "s" }, facebook: { clientId: "cid", clientSecret: "s" }, github } }, { world });
      const now = Math.floor(app.now / 1000);
      const make = (claims) => new SignJWT({ iss: "https://accounts.google.com", aud: "web", iat: now, exp: now + 3600, email_verified: true, name: "Ada", ...claims }).setProtectedHeader({ alg: "RS256", kid: "k1" }).sign(privateKey);
      const browser = app.browser();
      await browser.signUp();
      await app.browser().post("/sign-in/social", { provider: "google", idToken: { token: await make({ sub: "g1", email: "alice@example.com" }) } });
      await app.browser().post("/sign-in/social", { provider: "facebook", idToken: { token: "access", accessToken: "access" } });
      await browser.post("/link-social", { provider: "facebook", idToken: { token: "access", accessToken: "access" } });
      await browser.post("/link-social", { provider: "github", idToken: { token: "x" } });
      await browser.post("/link-social", { provider: "google", idToken: { token: await make({ sub: "g2", email: "other@example.com" }) } });
      const other = app.browser();
      await other.post("/sign-in/social", { provider: "google", idToken: { token: await make({ sub: "g3", email: "carol@example.com" }) } });
      await other.get("/account-info?accountId=g3");
      await other.post("/refresh-token", { providerId: "google", accountId: "g1" });
      await app.rows("account");
    },
  },
  {
    name: "social: a hook that refuses a link",
    async run(t) {
      const { publicKey, privateKey } = await generateKeyPair("RS256", { extractable: true });
      const jwk = { ...(await exportJWK(publicKey)), kid: "k1", alg: "RS256", use: "sig" };
      const world = ({ url }) => (url === "https://www.googleapis.com/oauth2/v3/certs" ? { json: { keys: [jwk] }, unrecorded: true } : undefined);
      const handlers = { before: (account) => (account.providerId === "google" ? refuse("FORBIDDEN", 403, { message: "Not here", code: "NOT_HERE" }) : undefined) };
      const options = { socialProviders: { google: { clientId: "web", clientSecret: "s" } }, databaseHooks: { account: { create: { before: callback("before") } } } };
      const app = await t.app(options, { world, handlers, unrecorded: ["before"] });
      const now = Math.floor(app.now / 1000);
      const token = await new SignJWT({ iss: "https://accounts.google.com", aud: "web", sub: "g1", iat: now, exp: now + 3600, email: "alice@example.com", email_verified: true }).setProtectedHeader({ alg: "RS256", kid: "k1" }).sign(privateKey);
      const browser = app.browser();
      await browser.signUp();
      await browser.post("/link-social", { provider: "google", idToken: { token } });
      await app.rows("account");
    },
  },
];
