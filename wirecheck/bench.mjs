/**
 * Requests per second of GET /get-session, of /token and /jwks of the plugin jwt, of the verification of an API key, of the
 * token endpoint and introspection of the plugin oauth-provider, and of the callback of a sign-in with a provider: Better Auth 1.6.11 on Node against the Go server, each alone on one
 * core, the load and the provider on another.
 *
 *     node bench.mjs
 *
 * BENCH_BINARY   a built Go server; without it ./examples/benchserver is built
 * BENCH_SECONDS  time per measurement, default 5
 * BENCH_ONLY     the beginning of the name of what is measured: get-session, token, jwks, API key, OAuth, callback
 * KERNIA_TEST_POSTGRES_DSN  a PostgreSQL server for the API keys, which are measured there too if the package pg is installed
 * BENCH_ROUNDS   measurements per server, taken in turn, default 3; the median counts
 *
 * The Go server takes `-addr 127.0.0.1:0 -database FILE|postgres://… [-cookie-cache] [-jwt]`,
 * reads BETTER_AUTH_SECRET, keeps its SQLite in FILE, has rate limits and logs
 * off, a cookie cache of an hour, and prints `listening URL`. With `-hub` it is
 * the provider, and with `-provider HOST:PORT` it signs in with that one. With
 * `-api-keys` it has API keys, and GET /verify counts a use of the one in the header
 * x-api-key. With `-oauth` it is an OAuth provider. wrk is used for the load of get-session if it is installed.
 */
import { execFile, spawnSync } from "node:child_process";
import { randomBytes } from "node:crypto";
import { existsSync } from "node:fs";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { availableParallelism, tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { spent } from "./bench/spent.mjs";
import { Jar } from "./runner/jar.mjs";
import { closeConnections, exchange, startServer } from "./runner/servers.mjs";

const run = promisify(execFile);
const wirecheck = dirname(fileURLToPath(import.meta.url));
const repository = dirname(wirecheck);
const seconds = Number(process.env.BENCH_SECONDS ?? 5);
const rounds = Number(process.env.BENCH_ROUNDS ?? 3);
const connections = 32;
const warmup = 2;
const env = { ...process.env, NODE_ENV: "production", BETTER_AUTH_SECRET: randomBytes(32).toString("base64"), BETTER_AUTH_TELEMETRY: "0", GIN_MODE: "release" };

const installed = (program) => spawnSync("which", [program], { stdio: "ignore" }).status === 0;
const wrk = installed("wrk");

/** A session's cookies, from signing up. */
async function signUp(base) {
  const answer = await exchange(base, {
    method: "POST",
    path: "/api/auth/sign-up/email",
    headers: { "content-type": "application/json", origin: base },
    body: JSON.stringify({ email: `${Date.now()}@example.com`, password: "password123", name: "Bench" }),
  });
  if (answer.status !== 200) throw new Error(`sign-up answered ${answer.status}: ${answer.body}`);
  const jar = new Jar();
  jar.store(answer.headers.filter(([name]) => name === "set-cookie").map(([, line]) => line), Date.now());
  return jar.header({ secure: true, now: Date.now() });
}

async function measure({ url: base, pid }, cookie, folder, path = "/get-session", least = 300) {
  const url = `${base}/api/auth${path}`;
  if (!wrk) {
    const { stdout } = await run("taskset", ["-c", "1", process.execPath, join(wirecheck, "bench", "load.mjs"), JSON.stringify({ url, cookie, connections, seconds, warmup, least, pid })]);
    return JSON.parse(stdout);
  }
  const script = join(folder, "report.lua");
  await writeFile(script, `done = function(s, l, r) io.write(string.format('\\nJSON{"rate":%f,"p50":%f,"p99":%f,"failures":%d,"generator":0}\\n', s.requests / s.duration * 1e6, l:percentile(50) / 1000, l:percentile(99) / 1000, s.errors.status)) end`);
  const args = ["-c", "1", "wrk", "-t", "1", "-c", String(connections), "-s", script, "-H", `Cookie: ${cookie}`];
  await run("taskset", [...args, "-d", `${warmup}s`, url]);
  const before = spent(pid);
  const { stdout } = await run("taskset", [...args, "-d", `${seconds}s`, url]);
  const used = spent(pid) - before;
  const result = JSON.parse(/^JSON(.*)$/m.exec(stdout)[1]);
  return { ...result, work: used / (result.rate * seconds) };
}

async function once(name, command, cache, folder) {
  let driver = "";
  const file = join(folder, `${name}-${Date.now()}.sqlite`);
  const args = ["taskset", "-c", "0", ...command, "-addr", "127.0.0.1:0", "-database", file, ...(cache ? ["-cookie-cache"] : [])];
  const server = await startServer(name, args, { cwd: repository, env, onLine: (line) => (driver ||= /^driver (.*)/.exec(line)?.[1] ?? "") });
  try {
    const cookie = await signUp(server.url);
    if (cache !== cookie.includes("session_data=")) throw new Error(`${name}: the cookie cache is not as asked`);
    const result = await measure(server, cookie, folder);
    // Signed in to the end: an answer of `null` is fast, and worth nothing.
    const last = await exchange(server.url, { method: "GET", path: "/api/auth/get-session", headers: { cookie } });
    if (!last.body.includes('"session"')) throw new Error(`${name}: no session at the end: ${last.status} ${last.body}`);
    return { ...result, driver };
  } finally {
    await server.stop();
  }
}

/** A route of the plugin jwt. Every answer has a body of this form, the last as the first. */
async function tokens(path, form, name, command, folder) {
  const file = join(folder, `${name}-jwt-${Date.now()}.sqlite`);
  const server = await startServer(name, ["taskset", "-c", "0", ...command, "-addr", "127.0.0.1:0", "-database", file, "-jwt"], { cwd: repository, env });
  try {
    const cookie = await signUp(server.url);
    const check = async () => {
      const { status, body } = await exchange(server.url, { method: "GET", path: `/api/auth${path}`, headers: { cookie } });
      if (status !== 200 || !form.test(body)) throw new Error(`${name}: ${path} answered ${status}: ${body}`);
    };
    await check();
    const result = await measure(server, cookie, folder, path, 200);
    await check();
    return result;
  } finally {
    await server.stop();
  }
}

/** A database of its own on a PostgreSQL server, as long as use runs. */
async function onPostgres(dsn, use) {
  const { default: pg } = await import("pg");
  const name = `kernia_bench_${randomBytes(6).toString("hex")}`;
  const administer = async (statement) => {
    const client = new pg.Client({ connectionString: dsn });
    await client.connect();
    await client.query(statement).finally(() => client.end());
  };
  await administer(`create database ${name}`);
  try {
    const database = new URL(dsn);
    database.pathname = name;
    return await use(String(database));
  } finally {
    await administer(`drop database ${name} with (force)`);
  }
}

/** Uses of API keys, which have a limit that is never reached. Connections have the keys in turn. */
async function verifications(name, command, database, count) {
  const server = await startServer(name, ["taskset", "-c", "0", ...command, "-addr", "127.0.0.1:0", "-database", database, "-api-keys"], { cwd: repository, env });
  try {
    const headers = { cookie: await signUp(server.url), origin: server.url };
    const post = (path, body) => exchange(server.url, { method: "POST", path: `/api/auth/api-key/${path}`, headers: { ...headers, "content-type": "application/json" }, body });
    const keys = [];
    for (let i = 0; i < count; i++) keys.push(JSON.parse((await post("create", "{}")).body));
    const load = { url: `${server.url}/verify`, headers: keys.map(({ key }) => `X-Api-Key: ${key}`), least: 50, connections, seconds, warmup, pid: server.pid };
    const { stdout } = await run("taskset", ["-c", "1", process.execPath, join(wirecheck, "bench", "load.mjs"), JSON.stringify(load)]);
    const result = JSON.parse(stdout);
    // Every use was counted: a verification that forgets is fast, and worth nothing.
    let counted = 0;
    for (const { id } of keys) counted += JSON.parse((await exchange(server.url, { method: "GET", path: `/api/auth/api-key/get?id=${id}`, headers })).body).requestCount;
    return { ...result, counted: counted / (result.rate * seconds) };
  } finally {
    await server.stop();
  }
}

/** Callbacks of known users, each with its three requests of the provider. */
async function callbacks(name, command, binary, folder) {
  const hub = await startServer("provider", ["taskset", "-c", "1", binary, "-hub", "-addr", "127.0.0.1:0"], { cwd: repository, env });
  try {
    const file = join(folder, `${name}-callback-${Date.now()}.sqlite`);
    const args = ["taskset", "-c", "0", ...command, "-addr", "127.0.0.1:0", "-database", file, "-provider", new URL(hub.url).host];
    const server = await startServer(name, args, { cwd: repository, env });
    try {
      const load = { url: server.url, connections, flows: seconds * (name === "node" ? 200 : 2000), users: 200, pid: server.pid };
      const { stdout } = await run("taskset", ["-c", "1", process.execPath, join(wirecheck, "bench", "flows.mjs"), JSON.stringify(load)]);
      return JSON.parse(stdout);
    } finally {
      await server.stop();
    }
  } finally {
    await hub.stop();
  }
}

/** What a client of the OAuth provider asks: "code", "refresh" or "introspection". */
async function provides(what, name, command, folder) {
  const file = join(folder, `${name}-oauth-${Date.now()}.sqlite`);
  const server = await startServer(name, ["taskset", "-c", "0", ...command, "-addr", "127.0.0.1:0", "-database", file, "-oauth"], { cwd: repository, env });
  try {
    const cookie = await signUp(server.url);
    const post = async (path, body) => {
      const answer = await exchange(server.url, { method: "POST", path: `/api/auth/oauth2/${path}`, headers: { cookie, origin: server.url, "content-type": "application/json" }, body: JSON.stringify(body) });
      if (answer.status >= 300) throw new Error(`${name}: ${path} answered ${answer.status}: ${answer.body}`);
      return JSON.parse(answer.body);
    };
    const redirect = "https://rp.example/callback";
    const made = await post("create-client", { redirect_uris: [redirect], grant_types: ["authorization_code", "refresh_token"] });
    // The user agrees once.
    const query = new URLSearchParams({ response_type: "code", client_id: made.client_id, redirect_uri: redirect, scope: "openid offline_access", state: "s", code_challenge: "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM", code_challenge_method: "S256" });
    const asked = await exchange(server.url, { method: "GET", path: `/api/auth/oauth2/authorize?${query}`, headers: { cookie, accept: "application/json" } });
    const page = JSON.parse(asked.body).url;
    await post("consent", { accept: true, oauth_query: page.slice(page.indexOf("?") + 1) });
    const load = { url: server.url, connections, count: seconds * (name === "node" ? 100 : 1000), what, cookie, client: { id: made.client_id, secret: made.client_secret }, pid: server.pid };
    const { stdout } = await run("taskset", ["-c", "1", process.execPath, join(wirecheck, "bench", "oauth.mjs"), JSON.stringify(load)]);
    return JSON.parse(stdout);
  } finally {
    await server.stop();
  }
}

const median = (values) => [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)];

async function main(folder) {
  if (!installed("taskset") || availableParallelism() < 2) throw new Error("this needs taskset and two cores");
  let binary = process.env.BENCH_BINARY;
  if (!binary && existsSync(join(repository, "examples", "benchserver"))) {
    binary = join(folder, "benchserver");
    await run("go", ["build", "-o", binary, "./examples/benchserver"], { cwd: repository });
  }
  const servers = [["node", [process.execPath, join(wirecheck, "bench", "node-server.mjs")]]];
  if (binary) servers.push(["go", [binary]]);
  else console.log("no Go server: set BENCH_BINARY");
  console.log(`load: ${wrk ? "wrk" : "bench/load.mjs"}, ${connections} connections, ${rounds} × ${seconds} s after ${warmup} s of warm-up, one core each`);

  const rows = [];
  const measurements = [
    ["get-session, database", (name, command) => once(name, command, false, folder)],
    ["get-session, cookie cache", (name, command) => once(name, command, true, folder)],
  ];
  measurements.push(["token", (name, command) => tokens("/token", /^{"token":"eyJ[\w-]+\.[\w-]+\.[\w-]+"}$/, name, command, folder)]);
  measurements.push(["jwks", (name, command) => tokens("/jwks", /^{"keys":\[{"alg":"EdDSA",.*}\]}$/, name, command, folder)]);
  for (const what of ["code", "refresh", "introspection"]) measurements.push([`OAuth ${what}`, (name, command) => provides(what, name, command, folder)]);
  const dsn = process.env.KERNIA_TEST_POSTGRES_DSN;
  const pg = dsn && (await import("pg").catch(() => undefined));
  for (const [what, count] of [["API key", 1], ["API keys", connections]]) {
    measurements.push([`${what}, SQLite`, (name, command) => verifications(name, command, join(folder, `${name}-keys-${Date.now()}.sqlite`), count)]);
    if (pg) measurements.push([`${what}, PostgreSQL`, (name, command) => onPostgres(dsn, (database) => verifications(name, command, database, count))]);
  }
  if (!pg) console.log("API keys are not measured on PostgreSQL: set KERNIA_TEST_POSTGRES_DSN, and npm install --no-save pg");
  if (binary) measurements.push(["callback of a provider", (name, command) => callbacks(name, command, binary, folder)]);
  for (const [what, measured] of measurements) {
    if (process.env.BENCH_ONLY && !what.startsWith(process.env.BENCH_ONLY)) continue;
    const results = { node: [], go: [] };
    for (let round = 0; round < rounds; round++) {
      for (const [name, command] of servers) {
        const result = await measured(name, command);
        if (result.failures > 0) throw new Error(`${name}: ${result.failures} answers were no sessions`);
        if (result.driver && round === 0 && what === measurements[0][0]) console.log(`${name}: ${result.driver}`);
        results[name].push(result);
      }
    }
    const of = (name, key) => (results[name].length ? median(results[name].map((r) => r[key])) : NaN);
    const ratio = of("go", "rate") / of("node", "rate");
    for (const name of Object.keys(results)) {
      // Below this, the rate is the server's; above it, the generator's.
      if (of(name, "generator") > 0.95) console.log(`note: the load generator was the limit for ${name}; the true rate is higher (install wrk)`);
    }
    for (const name of Object.keys(results)) {
      // Better Auth counts in memory, and parallel uses are lost.
      if (of(name, "counted") < 1) console.log(`note: ${name} has counted ${(100 * of(name, "counted")).toFixed(0)} % of the uses`);
    }
    const cells = (name) => (results[name].length ? [of(name, "rate").toFixed(0), of(name, "p50").toFixed(2), of(name, "p99").toFixed(2)] : ["–", "–", "–"]);
    // What else runs on the machine does not change the processor time.
    let work = ["–", "–", "–"];
    if (results.node[0] && results.go[0]) {
      const [node, go] = [of("node", "work"), of("go", "work")];
      work = [node, go, node / go].map((n, i) => (i < 2 ? n.toFixed(3) : `${n.toFixed(1)}×`));
    }
    rows.push([what, ...cells("node"), ...cells("go"), Number.isNaN(ratio) ? "–" : `${ratio.toFixed(1)}×`, ...work]);
  }
  const lines = [["", "Node req/s", "p50 ms", "p99 ms", "Go req/s", "p50 ms", "p99 ms", "ratio", "Node CPU ms", "Go CPU ms", "ratio"], ...rows];
  const widths = lines[0].map((_, i) => Math.max(...lines.map((line) => line[i].length)));
  for (const line of lines) console.log(line.map((cell, i) => (i === 0 ? cell.padEnd(widths[i]) : cell.padStart(widths[i]))).join("  "));
}

const folder = await mkdtemp(join(tmpdir(), "kernia-bench-"));
try {
  await main(folder);
} catch (error) {
  console.error(error);
  process.exitCode = 1;
} finally {
  closeConnections();
  await rm(folder, { recursive: true, force: true });
}
