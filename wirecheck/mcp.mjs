/**
 * A client of the Model Context Protocol that nobody here wrote, npm's @modelcontextprotocol/sdk, against examples/mcp: it finds the
 * authorization server, registers, authorizes, calls tools and refreshes, with the plugin oauth-provider and with mcp.
 *
 *     node mcp.mjs
 *
 * The test is the browser: it signs in and consents by HTTP. Exit code 0: every step held.
 */
import assert from "node:assert/strict";
import { dirname } from "node:path";
import { fileURLToPath } from "node:url";
import { UnauthorizedError } from "@modelcontextprotocol/sdk/client/auth.js";
import { Client } from "@modelcontextprotocol/sdk/client/index.js";
import { StreamableHTTPClientTransport } from "@modelcontextprotocol/sdk/client/streamableHttp.js";
import { Jar } from "./runner/jar.mjs";
import { closeConnections, startServer } from "./runner/servers.mjs";

const repository = dirname(dirname(fileURLToPath(import.meta.url)));
const callback = "http://127.0.0.1:7777/callback";
const credentials = { email: "ada@example.com", password: "correct horse battery" };

let step = 0;
async function check(name, f) {
  step++;
  try {
    const result = await f();
    console.log(`✓ ${step} ${name}`);
    return result;
  } catch (error) {
    console.log(`✗ ${step} ${name}`);
    throw error;
  }
}

/** The user's browser, with its cookies. */
class Browser {
  #jar = new Jar();

  constructor(site) {
    this.site = site;
  }

  async fetch(url, init = {}) {
    const cookie = this.#jar.header({ secure: false, now: Date.now() });
    const answer = await fetch(new URL(url, this.site), { ...init, redirect: "manual", headers: { ...(cookie && { cookie }), origin: this.site, ...init.headers } });
    this.#jar.store(answer.headers.getSetCookie(), Date.now());
    return answer;
  }

  async post(path, body) {
    const answer = await this.fetch(`/api/auth${path}`, { method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify(body) });
    const json = await answer.json();
    assert.equal(answer.status, 200, JSON.stringify(json));
    return json;
  }

  /** Opens an authorization request, signs in where it must, agrees, and returns the code. The pages are those of either plugin. */
  async authorize(url) {
    const answer = await this.fetch(url); // Node's fetch says that it is a script's
    assert.equal(answer.status, 200);
    let at = new URL((await answer.json()).url, this.site);
    const pages = [];
    while (at.origin === this.site) {
      pages.push(at.pathname);
      assert.ok(pages.length < 4, pages.join(" "));
      const oauth_query = at.search.slice(1);
      if (at.pathname.endsWith("/login")) {
        at = new URL((await this.post("/sign-in/email", { ...credentials, oauth_query: at.pathname === "/login" ? undefined : oauth_query })).url, this.site);
      } else {
        const shown = await this.fetch(at);
        assert.match(await shown.text(), /Wire check.*asks to act for.*Ada/s);
        const consent_code = at.searchParams.get("consent_code") ?? undefined;
        const json = await this.post("/oauth2/consent", { accept: true, ...(consent_code ? { consent_code } : { oauth_query }) });
        at = new URL(json.redirectURI ?? json.url, this.site);
      }
    }
    assert.equal(at.origin + at.pathname, callback);
    return { code: at.searchParams.get("code"), state: at.searchParams.get("state"), iss: at.searchParams.get("iss"), pages };
  }
}

/** What the client remembers, as the SDK wants it. */
class Memory {
  constructor(method = "none") {
    this.method = method;
    this.redirectUrl = callback;
  }

  get clientMetadata() {
    return {
      client_name: "Wire check", redirect_uris: [callback], token_endpoint_auth_method: this.method,
      grant_types: ["authorization_code", "refresh_token"], response_types: ["code"],
    };
  }

  state = () => "state-1";
  clientInformation = () => this.client;
  saveClientInformation = (client) => { this.client = client; };
  tokens = () => this.saved;
  saveTokens = (tokens) => { this.saved = tokens; };
  redirectToAuthorization = (url) => { this.url = url; };
  saveCodeVerifier = (verifier) => { this.verifier = verifier; };
  codeVerifier = () => this.verifier;
  /** The server has refused what was remembered. */
  invalidateCredentials = (which) => {
    if (which === "all" || which === "tokens") this.saved = undefined;
    if (which === "all" || which === "client") this.client = undefined;
  };
}

const connection = (server, authProvider) => new StreamableHTTPClientTransport(new URL(`${server}/mcp`), { authProvider });

async function connect(server, memory) {
  const client = new Client({ name: "wirecheck", version: "1.0.0" });
  await client.connect(connection(server, memory));
  return client;
}

const call = async (client, name, args = {}) => (await client.callTool({ name, arguments: args })).structuredContent;

for (const [plugin, flags] of [["oauth-provider", []], ["mcp", ["-older"]]]) {
  const { url: server, stop } = await startServer("mcp", ["go", "run", "./examples/mcp", ...flags], { cwd: repository, env: { ...process.env, PORT: "0" } });
  try {
    const browser = new Browser(server);
    const signUp = new Browser(server);
    await signUp.post("/sign-up/email", { name: "Ada Lovelace", ...credentials });
    for (const method of plugin === "mcp" ? ["none", "client_secret_basic", "client_secret_post"] : ["none"]) {
      const memory = new Memory(method);
      await check(`${plugin}, ${method}: a client without a token finds the server, registers and asks for the user`, async () => {
        await assert.rejects(connect(server, memory), UnauthorizedError);
        assert.ok(memory.client.client_id);
        assert.equal(Boolean(memory.client.client_secret), method !== "none");
        assert.equal(memory.url.searchParams.get("resource"), `${server}/mcp`);
        assert.equal(memory.url.searchParams.get("code_challenge_method"), "S256");
        assert.match(memory.url.searchParams.get("scope"), /notes:read/);
      });
      await check(`${plugin}, ${method}: the user signs in and agrees, and the client gets tokens`, async () => {
        const { code, state, iss, pages } = await browser.authorize(memory.url);
        assert.equal(state, "state-1");
        assert.equal(iss, plugin === "mcp" ? server : `${server}/api/auth`);
        assert.ok(pages.at(-1).endsWith("/consent-page"), pages.join(" "));
        await connection(server, memory).finishAuth(code);
        assert.ok(memory.saved.access_token && memory.saved.refresh_token);
        // The code is used up.
        const tokens = memory.saved;
        await assert.rejects(connection(server, memory).finishAuth(code));
        memory.saved = tokens;
      });
      // The second redemption has ended what the first has got: authorize again.
      await check(`${plugin}, ${method}: a code that came twice has ended its tokens, and the client asks again`, async () => {
        if (plugin !== "mcp") memory.saved.access_token = "gone"; // a JSON Web Token, which ends with its time
        await assert.rejects(connect(server, memory), UnauthorizedError);
        const { code } = await browser.authorize(memory.url);
        await connection(server, memory).finishAuth(code);
      });
      const before = memory.saved;
      await check(`${plugin}, ${method}: it calls tools for the user`, async () => {
        const client = await connect(server, memory);
        assert.deepEqual((await client.listTools()).tools.map(({ name }) => name).sort(), ["add", "list", "whoami"]);
        const who = await call(client, "whoami");
        assert.equal(who.name, "Ada Lovelace");
        assert.equal(who.client, memory.client.client_id);
        const { count } = await call(client, "add", { text: `by ${method}` });
        assert.equal((await call(client, "list")).notes[count - 1], `by ${method}`);
        await client.close();
      });
      await check(`${plugin}, ${method}: it refreshes a token that is refused`, async () => {
        memory.saved = { ...before, access_token: "gone" };
        const client = await connect(server, memory);
        assert.equal((await call(client, "whoami")).name, "Ada Lovelace");
        assert.notEqual(memory.saved.refresh_token, before.refresh_token);
        await client.close();
      });
      await check(`${plugin}, ${method}: a refresh token that comes again ends the tokens of the client`, async () => {
        const current = memory.saved;
        memory.saved = { ...before, access_token: "gone" };
        await assert.rejects(connect(server, memory), UnauthorizedError);
        memory.saved = plugin === "mcp" ? { ...current, refresh_token: undefined } : { ...current, access_token: "gone" };
        await assert.rejects(connect(server, memory), UnauthorizedError);
      });
    }
    await check(`${plugin}: neither a session nor nothing opens the tools`, async () => {
      for (const headers of [{}, { authorization: "Bearer unknown" }]) {
        const answer = await browser.fetch("/mcp", { method: "POST", headers: { "content-type": "application/json", ...headers }, body: "{}" });
        assert.equal(answer.status, 401);
        assert.match(answer.headers.get("www-authenticate"), /^Bearer .*resource_metadata="http:\/\/localhost:\d+\/\.well-known\/oauth-protected-resource\/mcp"$/);
      }
    });
  } finally {
    await stop();
  }
}
closeConnections();
console.log(`\n${step} steps`);
