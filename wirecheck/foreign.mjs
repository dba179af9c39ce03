/**
 * Clients that nobody here wrote, against this server as their provider: npm's openid-client and
 * oauth4webapi, with every flow that each of them supports.
 *
 *     node foreign.mjs
 *
 * cmd/oauthop is the provider. Exit code 0: every step held.
 */
import assert from "node:assert/strict";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { exportJWK } from "jose";
import * as oauth from "oauth4webapi";
import * as oidc from "openid-client";
import { Jar } from "./runner/jar.mjs";
import { closeConnections, startServer } from "./runner/servers.mjs";

const repository = dirname(dirname(fileURLToPath(import.meta.url)));
const redirectURI = "https://rp.example/callback";
const afterLogout = "https://rp.example/bye";
const insecure = { [oauth.allowInsecureRequests]: true }; // the provider is on this machine

let step = 0;
async function check(name, f) {
  step++;
  try {
    const value = await f();
    console.log(`✓ ${step} ${name}`);
    return value;
  } catch (error) {
    console.log(`✗ ${step} ${name}`);
    throw error;
  }
}

/** A browser of a user who is signed in at the provider, and agrees to everything. */
class Browser {
  #jar = new Jar();

  constructor(issuer) {
    this.issuer = issuer;
  }

  async fetch(url, init = {}) {
    const cookie = this.#jar.header({ secure: true, now: Date.now() });
    const answer = await fetch(url, { ...init, headers: { ...(cookie && { cookie }), origin: new URL(this.issuer).origin, ...init.headers }, redirect: "manual" });
    this.#jar.store(answer.headers.getSetCookie(), Date.now());
    return answer;
  }

  async post(path, body) {
    const answer = await this.fetch(this.issuer + path, { method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify(body) });
    const json = await answer.json();
    assert.ok(answer.ok, `${path}: ${answer.status} ${JSON.stringify(json)}`);
    return json;
  }

  /** Opens an address: where it leads, or the page. Node names each of its requests one of a script. */
  async visit(url) {
    const answer = await this.fetch(url);
    const text = await answer.text();
    if (/json/.test(answer.headers.get("content-type") ?? "")) return { next: JSON.parse(text)?.url ?? answer.headers.get("location") };
    return { next: answer.headers.get("location"), text };
  }

  /** Goes from an authorization request to the client: the URL, or the request of form_post. */
  async authorize(url) {
    for (let to = url.href, turn = 0; turn < 5; turn++) {
      const { next, text } = await this.visit(to);
      if (!next) return this.submit(text);
      to = new URL(next, this.issuer).href;
      if (!to.startsWith(this.issuer)) return new URL(to);
      const { pathname, search } = new URL(to);
      if (pathname.endsWith("/oauth2/login")) {
        const { url } = await this.post("/sign-in/email", { email: "ada@example.com", password: "correct horse", oauth_query: search.slice(1) });
        to = new URL(url, this.issuer).href;
      }
      if (new URL(to).pathname.endsWith("/oauth2/consent-page")) to = (await this.post("/oauth2/consent", { accept: true, oauth_query: new URL(to).search.slice(1) })).url;
      if (!to.startsWith(this.issuer)) return new URL(to);
    }
    throw new Error("the provider never sends the browser back");
  }

  /** What the form of a page posts. */
  submit(html) {
    const unescape = (text) => text.replace(/&#(\d+);/g, (_, n) => String.fromCharCode(n)).replace(/&amp;/g, "&");
    const body = new URLSearchParams();
    for (const [, name, value] of html.matchAll(/<input type="hidden" name="([^"]*)" value="([^"]*)"/g)) body.append(unescape(name), unescape(value));
    return new Request(unescape(/<form method="post" action="([^"]+)"/.exec(html)[1]), { method: "POST", body });
  }
}

const generate = () => crypto.subtle.generateKey({ name: "ECDSA", namedCurve: "P-256" }, false, ["sign", "verify"]);
const jwks = async (pair, kid) => ({ keys: [{ ...(await exportJWK(pair.publicKey)), kid, use: "sig", alg: "ES256" }] });

/** Runs openid-client: `make` tells it how it authenticates. */
class Client {
  static async open(issuer, id, auth, options = {}) {
    const out = new Client();
    out.config = await oidc.discovery(new URL(issuer), id, options.metadata, auth, { execute: [oidc.allowInsecureRequests], algorithm: options.algorithm });
    return out;
  }

  async signIn(browser, parameters = {}, options = undefined) {
    const verifier = oidc.randomPKCECodeVerifier();
    const [state, nonce] = [oidc.randomState(), oidc.randomNonce()];
    const url = oidc.buildAuthorizationUrl(this.config, {
      redirect_uri: redirectURI, scope: "openid profile email offline_access", code_challenge: await oidc.calculatePKCECodeChallenge(verifier),
      code_challenge_method: "S256", state, nonce, ...parameters,
    });
    const callback = await browser.authorize(url);
    return oidc.authorizationCodeGrant(this.config, callback, { pkceCodeVerifier: verifier, expectedState: state, expectedNonce: nonce, idTokenExpected: true }, undefined, options);
  }
}

async function openidClient(issuer, browser) {
  const site = { redirect_uris: [redirectURI], post_logout_redirect_uris: [afterLogout] };
  const confidential = await browser.post("/oauth2/create-client", { ...site, grant_types: ["authorization_code", "refresh_token", "client_credentials"] });
  const [id, secret] = [confidential.client_id, confidential.client_secret];
  await browser.administer(id);
  const [basic, post] = [oidc.ClientSecretBasic(secret), oidc.ClientSecretPost(secret)];

  for (const [name, auth, algorithm] of [["client_secret_basic", basic, "oidc"], ["client_secret_post", post, "oauth2"]]) {
    await check(`openid-client: discovery (${algorithm}), code with PKCE and ${name}, id_token, UserInfo`, async () => {
      const client = await Client.open(issuer, id, auth, { algorithm });
      assert.equal(client.config.serverMetadata().issuer, issuer);
      const tokens = await client.signIn(browser);
      const claims = tokens.claims();
      assert.equal(claims.email, "ada@example.com");
      const info = await oidc.fetchUserInfo(client.config, tokens.access_token, claims.sub);
      assert.deepEqual([info.name, info.email], ["Ada Lovelace", "ada@example.com"]);
    });
  }
  const client = await Client.open(issuer, id, basic);
  await check("openid-client: a refresh rotates the token, and the old one ends the family", async () => {
    const first = await client.signIn(browser);
    const second = await oidc.refreshTokenGrant(client.config, first.refresh_token);
    assert.notEqual(second.refresh_token, first.refresh_token);
    assert.equal(second.claims().sub, first.claims().sub);
    await assert.rejects(oidc.refreshTokenGrant(client.config, first.refresh_token), { error: "invalid_grant" });
    await assert.rejects(oidc.refreshTokenGrant(client.config, second.refresh_token), { error: "invalid_grant" });
  });
  await check("openid-client: client credentials, for a resource too", async () => {
    const tokens = await oidc.clientCredentialsGrant(client.config, { scope: "read", resource: "https://api.example.com" });
    assert.equal(tokens.scope, "read");
    assert.equal(tokens.access_token.split(".").length, 3);
    await assert.rejects(oidc.clientCredentialsGrant(client.config, { scope: "openid" }), { error: "invalid_scope" });
  });
  await check("openid-client: introspection and revocation", async () => {
    const tokens = await client.signIn(browser);
    const seen = await oidc.tokenIntrospection(client.config, tokens.access_token);
    assert.deepEqual([seen.active, seen.client_id, seen.sub], [true, id, tokens.claims().sub]);
    await oidc.tokenRevocation(client.config, tokens.refresh_token);
    assert.equal((await oidc.tokenIntrospection(client.config, tokens.access_token)).active, false);
    assert.equal((await oidc.tokenIntrospection(client.config, tokens.refresh_token)).active, false);
  });
  await check("openid-client: max_age, prompt=login and prompt=none", async () => {
    await client.signIn(browser);
    const verifier = oidc.randomPKCECodeVerifier();
    const ask = async (more) =>
      browser.authorize(oidc.buildAuthorizationUrl(client.config, {
        redirect_uri: redirectURI, scope: "openid", code_challenge: await oidc.calculatePKCECodeChallenge(verifier), code_challenge_method: "S256", ...more,
      }));
    const quiet = await ask({ prompt: "none", max_age: "3600" });
    const tokens = await oidc.authorizationCodeGrant(client.config, quiet, { pkceCodeVerifier: verifier, maxAge: 3600, idTokenExpected: true });
    assert.ok(tokens.claims().auth_time);
    const again = await oidc.authorizationCodeGrant(client.config, await ask({ prompt: "login" }), { pkceCodeVerifier: verifier, maxAge: 60, idTokenExpected: true });
    assert.ok(again.claims().auth_time >= tokens.claims().auth_time);
    await assert.rejects(
      new Browser(issuer).authorize(oidc.buildAuthorizationUrl(client.config, { redirect_uri: redirectURI, scope: "openid", prompt: "none", code_challenge: await oidc.calculatePKCECodeChallenge(verifier), code_challenge_method: "S256" }))
        .then((url) => oidc.authorizationCodeGrant(client.config, url, { pkceCodeVerifier: verifier })),
      { error: "login_required" },
    );
  });
  await check("openid-client: form_post", async () => {
    const tokens = await client.signIn(browser, { response_mode: "form_post" });
    assert.equal(tokens.claims().name, "Ada Lovelace");
  });
  await check("openid-client: dynamic registration of a public client", async () => {
    const config = await oidc.dynamicClientRegistration(new URL(issuer), { ...site, token_endpoint_auth_method: "none", client_name: "foreign" }, oidc.None(), { execute: [oidc.allowInsecureRequests] });
    const public_ = new Client();
    public_.config = config;
    assert.equal(config.clientMetadata().client_secret, undefined);
    assert.ok((await public_.signIn(browser)).refresh_token);
  });
  await check("openid-client: private_key_jwt, registered by the client itself", async () => {
    const pair = await generate();
    const auth = oidc.PrivateKeyJwt({ key: pair.privateKey, kid: "k1" });
    const keyed = new Client();
    keyed.config = await oidc.dynamicClientRegistration(new URL(issuer), { ...site, token_endpoint_auth_method: "private_key_jwt", jwks: await jwks(pair, "k1") }, auth, { execute: [oidc.allowInsecureRequests] });
    const tokens = await keyed.signIn(browser);
    await oidc.refreshTokenGrant(keyed.config, tokens.refresh_token);
    assert.equal((await oidc.tokenIntrospection(keyed.config, tokens.access_token)).active, true);
    const other = await Client.open(issuer, keyed.config.clientMetadata().client_id, oidc.PrivateKeyJwt({ key: (await generate()).privateKey, kid: "k1" }));
    await assert.rejects(other.signIn(browser), { error: "invalid_client" });
  });
  await check("openid-client: DPoP at the token endpoint, UserInfo and refresh", async () => {
    const pair = await oidc.randomDPoPKeyPair();
    const options = { DPoP: oidc.getDPoPHandle(client.config, pair) };
    const tokens = await client.signIn(browser, {}, options);
    assert.equal(tokens.token_type.toLowerCase(), "dpop");
    const info = await oidc.fetchUserInfo(client.config, tokens.access_token, tokens.claims().sub, options);
    assert.equal(info.email, "ada@example.com");
    const seen = await oidc.tokenIntrospection(client.config, tokens.access_token);
    assert.ok(seen.cnf.jkt);
    const again = await oidc.refreshTokenGrant(client.config, tokens.refresh_token, undefined, options);
    await oidc.fetchUserInfo(client.config, again.access_token, tokens.claims().sub, options);
    await assert.rejects(oidc.fetchUserInfo(client.config, again.access_token, tokens.claims().sub), (error) => error.status === 401 || error.cause?.status === 401 || /401|WWW/i.test(String(error.message) + String(error.cause)));
    const stranger = { DPoP: oidc.getDPoPHandle(client.config, await oidc.randomDPoPKeyPair()) };
    await assert.rejects(oidc.refreshTokenGrant(client.config, again.refresh_token, undefined, stranger), { error: "invalid_dpop_proof" });
  });
  await check("openid-client: RS256 and pairwise subjects by registration", async () => {
    const made = await browser.post("/oauth2/create-client", { ...site, id_token_signed_response_alg: "RS256", subject_type: "pairwise" });
    const pairwise = await Client.open(issuer, made.client_id, oidc.ClientSecretBasic(made.client_secret), { metadata: { id_token_signed_response_alg: "RS256" } });
    const tokens = await pairwise.signIn(browser);
    const [own, theirs] = [tokens.claims().sub, (await client.signIn(browser)).claims().sub];
    assert.notEqual(own, theirs);
    assert.equal((await oidc.fetchUserInfo(pairwise.config, tokens.access_token, own)).sub, own);
  });
  await check("openid-client: RP-initiated logout", async () => {
    const user = new Browser(issuer);
    const tokens = await client.signIn(user);
    const url = oidc.buildEndSessionUrl(client.config, { post_logout_redirect_uri: afterLogout, id_token_hint: tokens.id_token, state: "bye" });
    assert.equal((await user.visit(url.href)).next, `${afterLogout}?state=bye`);
    const session = await user.fetch(`${issuer}/get-session`);
    assert.equal(await session.json(), null);
  });
}

async function oauth4webapi(issuer, browser) {
  const url = new URL(issuer);
  const made = await browser.post("/oauth2/create-client", { redirect_uris: [redirectURI], grant_types: ["authorization_code", "refresh_token", "client_credentials"] });
  const client = { client_id: made.client_id };
  const auth = oauth.ClientSecretBasic(made.client_secret);
  let as;
  await check("oauth4webapi: both documents of discovery", async () => {
    for (const algorithm of ["oidc", "oauth2"]) {
      as = await oauth.processDiscoveryResponse(url, await oauth.discoveryRequest(url, { algorithm, ...insecure }));
      assert.equal(as.issuer, issuer);
      assert.deepEqual(as.code_challenge_methods_supported, ["S256"]);
    }
  });
  const begin = async (more = {}, ask = { state: oauth.generateRandomState(), nonce: oauth.generateRandomNonce() }) => {
    const verifier = oauth.generateRandomCodeVerifier();
    const to = new URL(as.authorization_endpoint);
    const parameters = {
      client_id: client.client_id, redirect_uri: redirectURI, response_type: "code", scope: "openid email offline_access",
      code_challenge: await oauth.calculatePKCECodeChallenge(verifier), code_challenge_method: "S256", ...ask, ...more,
    };
    for (const [name, value] of Object.entries(parameters)) if (value !== undefined) to.searchParams.append(name, value);
    const callback = await browser.authorize(to);
    return { verifier, nonce: ask.nonce, parameters: oauth.validateAuthResponse(as, client, callback instanceof URL ? callback : await oauth.formPostResponse(callback), ask.state ?? oauth.expectNoState) };
  };
  const redeem = async (flow, verifier = flow.verifier, options = insecure, by = auth) =>
    oauth.authorizationCodeGrantRequest(as, client, by, flow.parameters, redirectURI, verifier, options);
  const finish = async (flow, answer) => {
    const tokens = await oauth.processAuthorizationCodeResponse(as, client, answer, { expectedNonce: flow.nonce, requireIdToken: true });
    await oauth.validateApplicationLevelSignature(as, answer, insecure);
    return tokens;
  };

  await check("oauth4webapi: code with PKCE; iss, state, nonce, at_hash and the signature of the id_token", async () => {
    const flow = await begin();
    const tokens = await finish(flow, await redeem(flow));
    const { sub } = oauth.getValidatedIdTokenClaims(tokens);
    const info = await oauth.processUserInfoResponse(as, client, sub, await oauth.userInfoRequest(as, client, tokens.access_token, insecure));
    assert.equal(info.email, "ada@example.com");
    const again = await oauth.processRefreshTokenResponse(as, client, await oauth.refreshTokenGrantRequest(as, client, auth, tokens.refresh_token, insecure));
    assert.ok(again.refresh_token);
    const seen = await oauth.processIntrospectionResponse(as, client, await oauth.introspectionRequest(as, client, auth, again.access_token, insecure));
    assert.equal(seen.active, true);
    await oauth.processRevocationResponse(await oauth.revocationRequest(as, client, auth, again.access_token, insecure));
    const after = await oauth.processIntrospectionResponse(as, client, await oauth.introspectionRequest(as, client, auth, again.access_token, insecure));
    assert.deepEqual(after, { active: false });
  });
  await check("oauth4webapi: without state and nonce nothing is invented", async () => {
    const flow = await begin({}, {});
    const tokens = await oauth.processAuthorizationCodeResponse(as, client, await redeem(flow), { requireIdToken: true });
    assert.equal(oauth.getValidatedIdTokenClaims(tokens).nonce, undefined);
  });
  await check("oauth4webapi: a code counts once, with its verifier, and its failures are the RFC's", async () => {
    const flow = await begin();
    const refused = async (answer) => {
      await assert.rejects(oauth.processAuthorizationCodeResponse(as, client, answer), (error) => error.error === "invalid_grant" && error.status === 400);
    };
    await finish(flow, await redeem(flow));
    await refused(await redeem(flow));
    const other = await begin();
    await refused(await redeem(other, oauth.generateRandomCodeVerifier()));
    const wrong = await begin();
    const answer = await redeem(wrong, wrong.verifier, insecure, oauth.ClientSecretBasic("wrong"));
    await assert.rejects(oauth.processAuthorizationCodeResponse(as, client, answer), (error) => error.error === "invalid_client" || error.cause?.[0]?.scheme === "basic");
    await finish(wrong, await redeem(wrong));
    await assert.rejects(begin({ scope: "openid nonsense" }), (error) => error.error === "invalid_scope");
    await assert.rejects(begin({ response_type: "token" }), (error) => error.error === "unsupported_response_type");
  });
  await check("oauth4webapi: an access token for a resource is one of RFC 9068", async () => {
    const flow = await begin({ resource: "https://api.example.com" });
    const tokens = await finish(flow, await redeem(flow));
    const request = new Request("https://api.example.com/", { headers: { authorization: `Bearer ${tokens.access_token}` } });
    const claims = await oauth.validateJwtAccessToken(as, request, "https://api.example.com", insecure);
    assert.equal(claims.client_id, client.client_id);
  });
  await check("oauth4webapi: an access token that is bound to a key", async () => {
    const DPoP = oauth.DPoP(client, await oauth.generateKeyPair("ES256"));
    const flow = await begin({ resource: "https://api.example.com" });
    const tokens = await finish(flow, await redeem(flow, flow.verifier, { ...insecure, DPoP }));
    assert.equal(tokens.token_type, "dpop");
    await oauth.processUserInfoResponse(as, client, oauth.skipSubjectCheck, await oauth.userInfoRequest(as, client, tokens.access_token, { ...insecure, DPoP }));
    const bare = await oauth.userInfoRequest(as, client, tokens.access_token, insecure);
    await assert.rejects(oauth.processUserInfoResponse(as, client, oauth.skipSubjectCheck, bare), (error) => error.status === 401 && error.cause[0].scheme === "dpop");
  });
  await check("oauth4webapi: client credentials with private_key_jwt", async () => {
    const pair = await generate();
    const keyed = await browser.post("/oauth2/create-client", { redirect_uris: [redirectURI], grant_types: ["client_credentials"], token_endpoint_auth_method: "private_key_jwt", jwks: await jwks(pair, "k1") });
    const own = { client_id: keyed.client_id };
    const sign = oauth.PrivateKeyJwt({ key: pair.privateKey, kid: "k1" });
    const answer = await oauth.clientCredentialsGrantRequest(as, own, sign, new URLSearchParams({ scope: "read" }), insecure);
    assert.equal((await oauth.processClientCredentialsResponse(as, own, answer)).scope, "read");
  });
  await check("oauth4webapi: dynamic registration", async () => {
    const answer = await oauth.dynamicClientRegistrationRequest(as, { redirect_uris: ["com.example.app:/callback"], token_endpoint_auth_method: "none" }, insecure);
    const registered = await oauth.processDynamicClientRegistrationResponse(answer);
    assert.equal(registered.token_endpoint_auth_method, "none");
  });
}

let server;
try {
  server = await startServer("oauthop", ["go", "run", "./wirecheck/cmd/oauthop"], { cwd: repository });
  const issuer = `${server.url}/api/auth`;
  const browser = new Browser(issuer);
  await browser.post("/sign-up/email", { name: "Ada Lovelace", email: "ada@example.com", password: "correct horse" });
  browser.administer = (id) => fetch(`${server.url}/test/administer?client_id=${id}`, { method: "POST" });
  await openidClient(issuer, browser);
  await oauth4webapi(issuer, browser);
  console.log(`all ${step} steps hold with openid-client and oauth4webapi`);
} catch (error) {
  console.error(error);
  process.exitCode = 1;
} finally {
  await server?.stop();
  closeConnections();
}
