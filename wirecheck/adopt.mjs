/**
 * Moving in: a database file, a secret and a browser's cookie from a real
 * Better Auth 1.6.11 server, taken over by the Gin quickstart as it is.
 *
 *     node adopt.mjs
 *
 * The session goes on, the scrypt password is accepted, and after the first
 * sign-in the row holds Argon2id. Exit code 0: all of it held.
 */
import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { mkdtemp, rm } from "node:fs/promises";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { betterAuth } from "better-auth";
import { getMigrations } from "better-auth/db/migration";
import { sqliteDatabase } from "./reference/sqlite.mjs";
import { Jar } from "./runner/jar.mjs";
import { closeConnections, exchange, startServer } from "./runner/servers.mjs";

const { Database } = createRequire(import.meta.url)("node-sqlite3-wasm");
const repository = dirname(dirname(fileURLToPath(import.meta.url)));
const email = "mover@example.com";
const password = "moved with the furniture";

/** Signs up on Better Auth and returns its Set-Cookie lines. */
async function live(path, secret) {
  const database = sqliteDatabase(path);
  const options = { database: database.option, secret, baseURL: "http://localhost:3000", emailAndPassword: { enabled: true }, logger: { disabled: true } };
  await (await getMigrations(options)).runMigrations();
  const answer = await betterAuth(options).handler(
    new Request("http://localhost:3000/api/auth/sign-up/email", {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ name: "Mover", email, password }),
    }),
  );
  assert.equal(answer.status, 200, "sign-up on Better Auth");
  await database.close?.();
  return answer.headers.getSetCookie();
}

/** The stored password hash. The file is in WAL mode by now, which SQLite in WebAssembly reads only alone. */
function storedHash(path) {
  const db = new Database(path);
  try {
    db.exec("pragma locking_mode = exclusive");
    return db.get("select password from account where providerId = 'credential'").password;
  } finally {
    db.close();
  }
}

const folder = await mkdtemp(join(tmpdir(), "kernia-adopt-"));
let server;
try {
  const path = join(folder, "app.sqlite");
  const secret = randomBytes(32).toString("base64");
  const jar = new Jar();
  jar.store(await live(path, secret), Date.now());
  assert.match(storedHash(path), /^[0-9a-f]{32}:[0-9a-f]{128}$/, "Better Auth stores scrypt");

  const env = { ...process.env, PORT: "0", DATABASE: path, KERNIA_SECRET: secret, KERNIA_NO_RATE_LIMIT: "1" };
  server = await startServer("quickstart", ["go", "run", "./examples/gin"], { cwd: repository, env });
  const ask = (method, route, { cookie, body } = {}) =>
    exchange(server.url, {
      method,
      path: `/api/auth${route}`,
      headers: { origin: server.url, ...(cookie ? { cookie } : {}), ...(body ? { "content-type": "application/json" } : {}) },
      body: body && JSON.stringify(body),
    });

  const session = await ask("GET", "/get-session", { cookie: jar.header({ now: Date.now() }) });
  assert.equal(JSON.parse(session.body)?.user?.email, email, `the session of the old server goes on: ${session.body}`);
  console.log("✓ 1 the browser stays signed in");

  assert.equal((await ask("POST", "/sign-in/email", { body: { email, password: "not this one" } })).status, 401);
  for (const round of ["first", "second"]) {
    const answer = await ask("POST", "/sign-in/email", { body: { email, password } });
    assert.equal(answer.status, 200, `the ${round} sign-in: ${answer.body}`);
  }
  console.log("✓ 2 the password made by Better Auth is accepted");

  await server.stop();
  server = undefined;
  assert.match(storedHash(path), /^\$argon2id\$v=19\$m=65536,t=3,p=4\$/, "the hash was upgraded");
  console.log("✓ 3 its hash is Argon2id now");
} catch (error) {
  console.error(error);
  process.exitCode = 1;
} finally {
  await server?.stop();
  closeConnections();
  await rm(folder, { recursive: true, force: true });
}
