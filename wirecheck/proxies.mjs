/**
 * The official client through reverse proxies, with the configurations of docs/proxies.md.
 *
 *     node proxies.mjs [--required]
 *
 * nginx and Caddy are started where they are installed; with --required they must be. The
 * proxy of Go's standard library always is. Exit code 0: every step held.
 */
import assert from "node:assert/strict";
import { execFile, spawn } from "node:child_process";
import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { request } from "node:https";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { createAuthClient } from "better-auth/client";
import { Jar } from "./runner/jar.mjs";
import { closeConnections, startServer } from "./runner/servers.mjs";

const run = promisify(execFile);
const repository = dirname(dirname(fileURLToPath(import.meta.url)));
const host = "app.example.com";
const origin = `https://${host}`;
const visitor = "127.0.0.5"; // another address than that of the proxy
const made = { "x-forwarded-for": "8.8.8.8", "x-real-ip": "8.8.8.8", "x-forwarded-proto": "http", "x-forwarded-host": "evil.example", "x-forwarded-prefix": "/evil" };

/** The code block after a comment `<!-- run: … -->`. */
async function configuration(name) {
  const text = await readFile(join(repository, "docs/proxies.md"), "utf8");
  const found = text.split(`<!-- run: ${name} -->`)[1]?.match(/```\w+\n([\s\S]*?)```/);
  assert.ok(found, `docs/proxies.md has no block ${name}`);
  return found[1];
}

async function freePort() {
  const server = createServer();
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address();
  await new Promise((resolve) => server.close(resolve));
  return port;
}

/** Starts a proxy in front of a server and waits until it accepts. */
async function startProxy(name, folder, command, args, port) {
  const child = spawn(command, args, { cwd: folder, stdio: ["ignore", "inherit", "pipe"], env: { ...process.env, HOME: folder, XDG_DATA_HOME: folder, XDG_CONFIG_HOME: folder } });
  let said = "";
  child.stderr.on("data", (chunk) => (said += chunk));
  const ended = new Promise((resolve) => child.once("exit", resolve));
  for (const end = Date.now() + 30_000; ; await wait(50)) {
    if (child.exitCode !== null || Date.now() > end) throw new Error(`${name} does not listen: ${said}`);
    const open = await new Promise((resolve) => {
      const probe = request({ host: "127.0.0.1", port, servername: host, rejectUnauthorized: false, path: "/", headers: { host } }, (res) => (res.resume(), resolve(true)));
      probe.once("error", () => resolve(false));
      probe.end();
    });
    if (open) break;
  }
  return {
    port,
    stop: async () => {
      child.kill("SIGTERM");
      await ended;
    },
  };
}

const proxies = {
  nginx: async (kind, folder, to, tls) => {
    const port = await freePort();
    let site = await configuration(`nginx, ${kind}`);
    site = replace(site, { "app:3000": to, "listen 443 ssl": `listen 127.0.0.1:${port} ssl`, "/etc/ssl/app.crt": tls.cert, "/etc/ssl/app.key": tls.key });
    const temp = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"].map((t) => `${t}_temp_path ${folder}/${t};`).join(" ");
    await writeFile(join(folder, "nginx.conf"), `daemon off; master_process off; pid ${folder}/pid; error_log stderr warn; events {} http { access_log off; ${temp}\n${site}\n}\n`);
    return startProxy("nginx", folder, "nginx", ["-c", join(folder, "nginx.conf"), "-e", "stderr"], port);
  },
  caddy: async (kind, folder, to, tls) => {
    const port = await freePort();
    let site = await configuration(`caddy, ${kind}`);
    site = replace(site, { "app:3000": to, "app.example.com {": `${origin}:${port} {\n\ttls ${tls.cert} ${tls.key}` });
    await writeFile(join(folder, "Caddyfile"), `{\n\tadmin off\n\tauto_https disable_redirects\n}\n${site}`);
    return startProxy("caddy", folder, "caddy", ["run", "--config", join(folder, "Caddyfile"), "--adapter", "caddyfile"], port);
  },
  go: async (kind, folder, to, tls) => {
    assert.equal(kind, "prefix");
    const binary = join(folder, "stripproxy");
    await run("go", ["build", "-o", binary, "./cmd/stripproxy"], { cwd: join(repository, "wirecheck") });
    const server = await startServer("stripproxy", [binary, "-to", `http://${to}`, "-strip", "/svc", "-cert", tls.cert, "-key", tls.key], { cwd: folder });
    return { port: Number(new URL(server.url).port), stop: server.stop };
  },
};

function replace(text, pairs) {
  for (const [from, to] of Object.entries(pairs)) {
    assert.ok(text.includes(from), `the configuration lacks ${from}`);
    text = text.replaceAll(from, to);
  }
  return text;
}

/** A browser at the visitor's address that reaches app.example.com through a port. */
class Browser {
  jar = new Jar();

  constructor(port, ca, path, headers = {}) {
    Object.assign(this, { port, ca, headers });
    this.client = createAuthClient({ baseURL: origin + path, fetchOptions: { customFetchImpl: (url, init) => this.fetch(url, init) } });
  }

  async fetch(url, init = {}) {
    const { pathname, search, origin: at } = new URL(url);
    assert.equal(at, origin, "the client leaves the public address");
    const cookie = this.jar.header({ secure: true, now: Date.now() });
    const headers = { ...Object.fromEntries(new Headers(init.headers)), host, origin, "user-agent": "wirecheck proxies", ...(cookie ? { cookie } : {}), ...this.headers };
    const body = init.body ?? undefined;
    if (body !== undefined) headers["content-length"] = String(Buffer.byteLength(body));
    const answer = await new Promise((resolve, reject) => {
      const req = request({ host: "127.0.0.1", port: this.port, servername: host, ca: this.ca, localAddress: visitor, method: init.method ?? "GET", path: pathname + search, headers, agent: false }, (res) => {
        const chunks = [];
        res.on("data", (chunk) => chunks.push(chunk));
        res.on("end", () => resolve({ status: res.statusCode, headers: res.headers, body: Buffer.concat(chunks).toString() }));
      });
      req.on("error", reject);
      req.end(body);
    });
    this.lines = answer.headers["set-cookie"] ?? [];
    this.jar.store(this.lines, Date.now());
    const kept = Object.entries(answer.headers).filter(([name]) => !["set-cookie", "content-length", "transfer-encoding", "connection", "content-encoding"].includes(name));
    return new Response([204, 304].includes(answer.status) ? null : answer.body, { status: answer.status, headers: kept });
  }
}

async function data(promise) {
  const { data, error } = await promise;
  assert.equal(error, null, `refused: ${JSON.stringify(error)}`);
  return data;
}

async function prove(name, kind, port, ca, mails) {
  const prefix = kind === "prefix" ? "/svc" : "";
  const path = `${prefix}/api/auth`;
  const browser = new Browser(port, ca, path, made);
  const email = `${name}-${kind}@example.com`;
  const mail = async (wanted) => {
    for (const end = Date.now() + 30_000; Date.now() < end; await wait(20)) {
      const at = mails.findIndex((m) => m.kind === wanted && m.to === email);
      if (at >= 0) return mails.splice(at, 1)[0];
    }
    throw new Error(`no ${wanted} mail`);
  };
  const step = async (what, f) => {
    try {
      await f();
      console.log(`✓ ${name}, ${kind}: ${what}`);
    } catch (error) {
      console.log(`✗ ${name}, ${kind}: ${what}`);
      throw error;
    }
  };

  await step("readiness", async () => assert.equal((await browser.fetch(`${origin}${prefix}/ready`)).status, 200));
  await step("sign-up sets Secure cookies", async () => {
    await data(browser.client.signUp.email({ email, password: "correct horse 1", name: "Ada", callbackURL: `${prefix}/welcome` }));
    const session = browser.lines.find((line) => line.startsWith("__Secure-better-auth.session_token="));
    assert.match(session ?? "", /; Secure/);
    assert.match(session, /; Path=\/;/);
  });
  await step("the session has the visitor's address, not one that the visitor made up", async () => {
    const { user, session } = await data(browser.client.getSession());
    assert.equal(user.email, email);
    assert.equal(session.ipAddress, visitor);
  });
  await step("RED-08 the link of the mail is public, and works", async () => {
    const { url } = await mail("verify-email");
    assert.ok(url.startsWith(`${origin}${path}/verify-email?token=`), url);
    const answer = await browser.fetch(url);
    assert.equal(answer.status, 302, await answer.text());
    assert.equal(answer.headers.get("location"), `${prefix}/welcome`);
    assert.equal((await data(browser.client.getSession({ query: { disableCookieCache: true } }))).user.emailVerified, true);
  });
  await step("a reset", async () => {
    await data(browser.client.requestPasswordReset({ email, redirectTo: `${prefix}/reset` }));
    const { url } = await mail("reset-password");
    assert.ok(url.startsWith(`${origin}${path}/reset-password/`), url);
    const answer = await browser.fetch(url);
    assert.equal(answer.status, 302);
    const to = new URL(answer.headers.get("location"), origin);
    assert.equal(to.origin + to.pathname, `${origin}${prefix}/reset`);
    await data(browser.client.resetPassword({ token: to.searchParams.get("token"), newPassword: "battery staple 2" }));
    await data(browser.client.signIn.email({ email, password: "battery staple 2" }));
  });
  await step("a failed link leads to the public page of errors", async () => {
    const answer = await browser.fetch(`${origin}${path}/callback/nobody?error=access_denied`);
    assert.equal(answer.status, 302);
    const to = new URL(answer.headers.get("location"), origin);
    assert.equal(to.origin + to.pathname, `${origin}${path}/error`);
    assert.equal((await browser.fetch(to.href)).status, 200);
  });
  await step("the application's own routes", async () => {
    const answer = await browser.fetch(`${origin}${prefix}/me`);
    assert.equal((await answer.json()).email, email);
  });
  await step("the OpenAPI document names the public address", async () => {
    const document = await (await browser.fetch(`${origin}${path}/openapi.json`)).json();
    assert.equal(document.servers[0].url, origin + path);
  });
  await step("escapes in paths", async () => {
    // With a path behind the name in proxy_pass, nginx decodes.
    assert.equal((await browser.fetch(`${origin}${path}/%6Fk`)).status, name === "nginx" && kind === "prefix" ? 200 : 404);
  });
  await step("another site is refused", async () => {
    const other = new Browser(port, ca, path, { origin: "https://evil.example" });
    other.jar = browser.jar;
    const { error } = await other.client.signOut();
    assert.equal(error?.status, 403);
  });
  await step("sign-out", async () => {
    await data(browser.client.signOut());
    assert.equal(await data(browser.client.getSession()), null);
    assert.equal((await browser.fetch(`${origin}${prefix}/me`)).status, 401);
  });
}

async function installed(name) {
  if (name === "go") return true;
  const found = await run("sh", ["-c", `command -v ${name}`]).then(() => true, () => false);
  if (!found) {
    if (process.argv.includes("--required")) throw new Error(`${name} is not installed`);
    console.log(`- ${name} is not installed: its configuration was not tried`);
  }
  return found;
}

const folder = await mkdtemp(join(tmpdir(), "kernia-proxies-"));
try {
  const tls = { cert: join(folder, "app.crt"), key: join(folder, "app.key") };
  await run("openssl", ["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2", "-subj", `/CN=${host}`, "-addext", `subjectAltName=DNS:${host}`, "-keyout", tls.key, "-out", tls.cert]);
  const ca = await readFile(tls.cert);
  const binary = join(folder, "quickstart");
  await run("go", ["build", "-o", binary, "./gin"], { cwd: join(repository, "examples") });
  for (const [kind, names] of Object.entries({ prefix: ["go", "nginx", "caddy"], whole: ["nginx", "caddy"] })) {
    const mails = [];
    const env = {
      ...process.env, PORT: "0", HOST: "localhost", DATABASE: join(folder, `${kind}.sqlite`), DATABASE_URL: "", REDIS_URL: "", KERNIA_SECRET: "",
      KERNIA_NO_RATE_LIMIT: "1", BASE_URL: origin, PUBLIC_PATH: kind === "prefix" ? "/svc/api/auth" : "", TRUSTED_PROXIES: "127.0.0.1/32,::1/128",
    };
    const server = await startServer("quickstart", [binary], { cwd: folder, env, onLine: (line) => line.startsWith('{"mail"') && mails.push(JSON.parse(line).mail) });
    try {
      for (const name of names) {
        if (!(await installed(name))) continue;
        const own = join(folder, `${name}-${kind}`);
        await mkdir(own);
        const proxy = await proxies[name](kind, own, new URL(server.url).host, tls);
        try {
          await prove(name, kind, proxy.port, ca, mails);
        } finally {
          await proxy.stop();
        }
      }
    } finally {
      await server.stop();
    }
  }
} finally {
  closeConnections();
  await rm(folder, { recursive: true, force: true });
}
