/**
 * The conformance suite of the Model Context Protocol for authorization servers (npm's
 * @modelcontextprotocol/conformance, an alpha version) against examples/mcp.
 *
 *     make conformance
 *
 * installs the suite, and the Node.js 22 that it needs, beside the other packages, without
 * writing them down. This script is the browser of the user who agrees. Exit code 0: every
 * check of the suite passed.
 */
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { createServer } from "node:net";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { Jar } from "./runner/jar.mjs";
import { closeConnections, startServer } from "./runner/servers.mjs";

const here = dirname(fileURLToPath(import.meta.url));
const node = join(here, "node_modules/node/bin/node");
const suite = join(here, "node_modules/@modelcontextprotocol/conformance/dist/index.js");
if (!existsSync(node) || !existsSync(suite)) {
  console.error("The suite is not installed: run make conformance.");
  process.exit(1);
}

const credentials = { email: "ada@example.com", password: "correct horse battery" };
const jar = new Jar();

async function browse(url, init = {}) {
  const cookie = jar.header({ secure: false, now: Date.now() });
  const answer = await fetch(url, { ...init, redirect: "manual", headers: { ...(cookie && { cookie }), origin: new URL(url).origin, ...init.headers } });
  jar.store(answer.headers.getSetCookie(), Date.now());
  return answer;
}

async function post(url, body, status = 200) {
  const answer = await browse(url, { method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify(body) });
  const json = await answer.json();
  assert.equal(answer.status, status, JSON.stringify(json));
  return json;
}

/** Opens an authorization request, signs in and agrees where it must, and goes back to the suite. */
async function authorize(url) {
  const base = new URL("/api/auth", url).href;
  let at = new URL((await (await browse(url)).json()).url, url);
  while (at.origin === new URL(url).origin) {
    const oauth_query = at.search.slice(1);
    const answer = at.pathname.endsWith("/login")
      ? await post(`${base}/sign-in/email`, { ...credentials, oauth_query })
      : await post(`${base}/oauth2/consent`, { accept: true, oauth_query });
    at = new URL(answer.redirectURI ?? answer.url, url);
  }
  await fetch(at);
}

/** A port of this machine that is free now: the suite wants to be told one. */
async function freePort() {
  const probe = createServer();
  await new Promise(resolve => probe.listen(0, "127.0.0.1", resolve));
  const { port } = probe.address();
  await new Promise(resolve => probe.close(resolve));
  return port;
}

const server = await startServer("mcp", ["go", "run", "./examples/mcp"], { cwd: dirname(here), env: { ...process.env, PORT: "0" } });
let code = 1;
try {
  const base = `${server.url}/api/auth`;
  const port = await freePort();
  await post(`${base}/sign-up/email`, { name: "Ada", ...credentials });
  const client = await post(`${base}/oauth2/register`, {
    client_name: "Conformance", redirect_uris: [`http://127.0.0.1:${port}/callback`], token_endpoint_auth_method: "none",
    grant_types: ["authorization_code", "refresh_token"], response_types: ["code"], scope: "openid offline_access notes:read",
  }, 201);
  const run = spawn(node, [suite, "authorization", "--url", base, "--client-id", client.client_id, "--port", `${port}`, "--resource", `${server.url}/mcp`]);
  let said = "";
  let opened = false;
  run.stderr.pipe(process.stderr);
  run.stdout.on("data", text => {
    process.stdout.write(text);
    said += text;
    const url = said.match(/https?:\/\/\S+\/oauth2\/authorize\?\S+/);
    if (url && !opened) {
      opened = true;
      authorize(url[0]).catch(error => { console.error(error); run.kill(); });
    }
  });
  code = await new Promise(resolve => run.on("close", resolve));
  if (!opened) {
    console.error("the suite has not asked for an authorization");
    code ||= 1;
  }
} finally {
  await server.stop();
  closeConnections();
}
process.exit(code);
