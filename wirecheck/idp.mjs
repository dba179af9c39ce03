/**
 * Sign-in with a provider that nobody here wrote: npm's oidc-provider, a process of its own.
 *
 *     node idp.mjs
 *
 * cmd/oidcsite is the application. Exit code 0: every step held.
 */
import assert from "node:assert/strict";
import { createServer } from "node:net";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { Jar } from "./runner/jar.mjs";
import { closeConnections, startServer } from "./runner/servers.mjs";

const repository = dirname(dirname(fileURLToPath(import.meta.url)));
const [client, secret] = ["app", "the+secret:of%the app"];

let step = 0;
async function check(name, f) {
  step++;
  try {
    await f();
    console.log(`✓ ${step} ${name}`);
  } catch (error) {
    console.log(`✗ ${step} ${name}`);
    throw error;
  }
}

/** A port that was free a moment ago: the provider knows the callback before the application starts. */
function freePort() {
  return new Promise((resolve, reject) => {
    const server = createServer().once("error", reject);
    server.listen(0, "localhost", () => {
      const { port } = server.address();
      server.close(() => resolve(port));
    });
  });
}

/** A browser with the cookies of the application and of the provider. */
class Browser {
  #jars = new Map();

  constructor(site) {
    this.site = site;
  }

  async fetch(url, init = {}) {
    const { origin } = new URL(url);
    if (!this.#jars.has(origin)) this.#jars.set(origin, new Jar());
    const jar = this.#jars.get(origin);
    const cookie = jar.header({ secure: true, now: Date.now() });
    const headers = { ...(cookie && { cookie }), origin, ...init.headers };
    const answer = await fetch(url, { ...init, headers, redirect: "manual" });
    jar.store(answer.headers.getSetCookie().filter((line) => !/expires=Thu, 01 Jan 1970/i.test(line)), Date.now());
    return answer;
  }

  /** Signs out there, so that the provider asks who it is. */
  forget(site) {
    this.#jars.delete(site);
  }

  async api(method, path, body) {
    const init = { method, headers: { "content-type": "application/json" }, ...(body && { body: JSON.stringify(body) }) };
    const answer = await this.fetch(`${this.site}/api/auth${path}`, init);
    const text = await answer.text();
    return { status: answer.status, json: text ? JSON.parse(text) : undefined };
  }

  /** The authorization URL of a new flow. */
  async begin(path = "/sign-in/social") {
    const { status, json } = await this.api("POST", path, { provider: "panva", callbackURL: "/dashboard", errorCallbackURL: "/sorry" });
    assert.equal(status, 200, JSON.stringify(json));
    return json.url;
  }

  /** Signs in on the provider's pages, and returns the callback. */
  async visit(authorize, login) {
    for (let to = authorize, form, turn = 0; turn < 10; turn++) {
      const answer = await this.fetch(to, form && { method: "POST", body: new URLSearchParams(form) });
      form = undefined;
      const next = answer.headers.get("location");
      if (next) {
        to = new URL(next, to).href;
        if (to.startsWith(this.site)) return to;
        continue;
      }
      const html = await answer.text();
      const prompt = /name="prompt" value="(\w+)"/.exec(html)?.[1];
      assert.ok(prompt, `the provider answered ${answer.status}: ${html.slice(0, 500)}`);
      to = new URL(/action="([^"]+)"/.exec(html)[1], to).href;
      form = { prompt, ...(prompt === "login" && { login, password: "any" }) };
    }
    throw new Error("the provider never sends the browser back");
  }

  /** Comes back to the application: the path and the error of the redirect. */
  async come(callback) {
    const answer = await this.fetch(callback);
    const to = new URL(answer.headers.get("location"), this.site);
    return [to.pathname, to.searchParams.get("error")];
  }

  async signIn(login) {
    return this.come(await this.visit(await this.begin(), login));
  }
}

const set = (url, pairs) => {
  const out = new URL(url);
  for (const [name, value] of Object.entries(pairs)) {
    if (value === undefined) out.searchParams.delete(name);
    else out.searchParams.set(name, value);
  }
  return out.href;
};

const servers = [];
async function start(name, command, cwd = repository) {
  const server = await startServer(name, command, { cwd });
  servers.push(server);
  return server.url;
}

async function main() {
  const ports = [await freePort(), await freePort(), await freePort()];
  const callbacks = ports.flatMap((port) => ["callback/panva", "sso/callback/company"].map((path) => `http://localhost:${port}/api/auth/${path}`));
  const provider = await start("oidc-provider", [process.execPath, join(repository, "wirecheck/idp/provider.mjs"), ...callbacks]);
  const application = (port, ...more) =>
    start("oidcsite", ["go", "run", "./wirecheck/cmd/oidcsite", "-port", String(port), "-provider", provider, "-client", client, "-secret", secret, ...more]);
  const site = await application(ports[0]);
  const counts = async () => (await fetch(`${provider}/test/counts`)).json();
  const rotate = () => fetch(`${provider}/test/rotate`, { method: "POST" });
  const advance = (seconds) => fetch(`${site}/advance?seconds=${seconds}`, { method: "POST" });
  const browser = new Browser(site);
  let user;

  await check("sign in: code, PKCE, nonce, id_token, userinfo, iss", async () => {
    const authorize = await browser.begin();
    const query = new URL(authorize).searchParams;
    assert.equal(query.get("code_challenge_method"), "S256");
    assert.ok(query.get("nonce"));
    const callback = await browser.visit(authorize, "ada");
    assert.equal(new URL(callback).searchParams.get("iss"), provider);
    assert.deepEqual(await browser.come(callback), ["/dashboard", null]);
    user = (await browser.api("GET", "/get-session")).json.user;
    assert.deepEqual([user.name, user.email, user.emailVerified], ["Ada Lovelace", "ada@example.com", true]);
    const info = await browser.api("GET", "/account-info?accountId=ada");
    assert.equal(info.json.data.sub, "ada");
  });
  await check("the callback works once", async () => {
    const other = new Browser(site);
    const callback = await other.visit(await other.begin(), "grace");
    assert.deepEqual(await other.come(callback), ["/dashboard", null]);
    assert.equal((await other.api("GET", "/get-session")).json.user.emailVerified, false);
    assert.deepEqual((await other.come(callback))[1], "please_restart_the_process");
  });
  await check("refresh: each token works once, and the account keeps the last", async () => {
    const refresh = async () => (await browser.api("POST", "/refresh-token", { providerId: "panva" })).json;
    const [first, second] = [await refresh(), await refresh()];
    assert.ok(first.refreshToken && second.refreshToken && first.refreshToken !== second.refreshToken);
    assert.notEqual(first.accessToken, second.accessToken);
    assert.equal((await browser.api("GET", "/account-info?accountId=ada")).json.user.id, "ada");
    const again = await fetch(`${provider}/token`, {
      method: "POST",
      headers: { authorization: `Basic ${Buffer.from(`${encodeURIComponent(client)}:${encodeURIComponent(secret)}`).toString("base64")}` },
      body: new URLSearchParams({ grant_type: "refresh_token", refresh_token: first.refreshToken }),
    });
    assert.equal((await again.json()).error, "invalid_grant");
    // Whoever uses a used token may have stolen it, so the provider ends them all.
    const { status, json } = await browser.api("POST", "/refresh-token", { providerId: "panva" });
    assert.deepEqual([status, json.code], [400, "FAILED_TO_REFRESH_ACCESS_TOKEN"]);
    assert.equal((await browser.api("GET", "/get-session")).json.user.id, user.id, "our session goes on");
  });
  await check("our sign-out ends our session; the next sign-in is of the same user, with new tokens", async () => {
    assert.equal((await browser.api("POST", "/sign-out", {})).status, 200);
    assert.equal((await browser.api("GET", "/get-session")).json, null);
    assert.deepEqual(await browser.signIn("ada"), ["/dashboard", null]);
    assert.equal((await browser.api("GET", "/get-session")).json.user.id, user.id);
    assert.equal((await browser.api("POST", "/refresh-token", { providerId: "panva" })).status, 200);
  });
  await check("the keys are fetched once, and at most once a minute when they change", async () => {
    const fetched = async () => (await counts())["/jwks"];
    assert.equal(await fetched(), 1);
    await rotate();
    for (let n = 0; n < 3; n++) assert.deepEqual(await new Browser(site).signIn("ada"), ["/sorry", "unable_to_get_user_info"]);
    assert.equal(await fetched(), 1, "within the minute");
    await advance(60);
    for (let n = 0; n < 3; n++) assert.deepEqual(await new Browser(site).signIn("ada"), ["/dashboard", null]);
    assert.equal(await fetched(), 2, "a minute later");
  });
  for (const [name, change, query, want] of [
    ["another nonce", { nonce: "of-another-flow" }, {}, "unable_to_get_user_info"],
    ["another challenge", { code_challenge: "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM" }, {}, "invalid_code"],
    ["a code for another application", { client_id: "another-app" }, {}, "invalid_code"],
    ["an answer that names another issuer", {}, { iss: "https://idp.example" }, "issuer_mismatch"],
    ["an answer that names no issuer", {}, { iss: undefined }, "issuer_missing"],
    ["a refused request", { prompt: "none" }, {}, "login_required"],
  ]) {
    await check(`refused: ${name}`, async () => {
      const other = new Browser(site);
      const callback = await other.visit(set(await other.begin(), change), "ada");
      assert.deepEqual(await other.come(set(callback, query)), ["/sorry", want]);
      assert.equal((await other.api("GET", "/get-session")).json, null);
    });
  }
  for (const [name, port, ...more] of [
    ["another issuer", ports[1], "-issuer", "https://idp.example"],
    ["another audience", ports[2], "-audience", "another-app"],
  ]) {
    await check(`refused: an id_token of ${name}`, async () => {
      const other = new Browser(await application(port, ...more));
      assert.deepEqual(await other.signIn("ada"), ["/sorry", "unable_to_get_user_info"]);
      assert.equal((await other.api("GET", "/get-session")).json, null);
    });
  }
  await check("link and unlink", async () => {
    const other = new Browser(site);
    const link = async (login) => other.come(await other.visit(await other.begin("/link-social"), login));
    await other.api("POST", "/sign-up/email", { name: "Emmy", email: "emmy@example.com", password: "correct horse 1" });
    assert.deepEqual(await link("max"), ["/sorry", "unable_to_link_account"], "an address that is not verified");
    other.forget(provider);
    assert.deepEqual(await link("ada"), ["/sorry", "account_already_linked_to_different_user"]);
    other.forget(provider);
    assert.deepEqual(await link("emmy"), ["/dashboard", null]);
    const accounts = async () => (await other.api("GET", "/list-accounts")).json.map(({ providerId }) => providerId).sort();
    assert.deepEqual(await accounts(), ["credential", "panva"]);
    assert.equal((await other.api("POST", "/unlink-account", { providerId: "panva" })).status, 200);
    assert.deepEqual(await accounts(), ["credential"]);
  });
  await check("single sign-on: a user registers the provider, and others sign in through it", async () => {
    const admin = new Browser(site);
    await admin.api("POST", "/sign-up/email", { name: "Admin", email: "admin@example.org", password: "correct horse 1" });
    const registered = await admin.api("POST", "/sso/register", { providerId: "company", issuer: provider, domain: "example.com", oidcConfig: { clientId: client, clientSecret: secret } });
    assert.equal(registered.status, 200, JSON.stringify(registered.json));
    assert.ok(!JSON.stringify(registered.json).includes(secret));
    const enter = async (login) => {
      const other = new Browser(site);
      const { status, json } = await other.api("POST", "/sign-in/sso", { email: `${login}@example.com`, callbackURL: "/dashboard", errorCallbackURL: "/sorry" });
      assert.equal(status, 200, JSON.stringify(json));
      return [...(await other.come(await other.visit(json.url, login))), (await other.api("GET", "/get-session")).json?.user.email];
    };
    assert.deepEqual(await enter("hilda"), ["/dashboard", null, "hilda@example.com"]);
    assert.deepEqual(await enter("hilda"), ["/dashboard", null, "hilda@example.com"]);
    assert.deepEqual(await enter("ada"), ["/sorry", "account not linked", undefined], "a user of the application");
  });
}

try {
  await main();
  console.log(`all ${step} steps hold with oidc-provider`);
} catch (error) {
  console.error(error);
  process.exitCode = 1;
} finally {
  for (const server of servers) await server.stop();
  closeConnections();
}
