/**
 * Better Auth 1.6.11 as one runs it in production on Node: node:http, the
 * Node handler, SQLite in a file or PostgreSQL.
 *
 *     node bench/node-server.mjs -addr 127.0.0.1:0 -database FILE|postgres://… [-cookie-cache] [-jwt] [-oauth] [-provider HOST:PORT] [-api-keys]
 */
import { apiKey } from "@better-auth/api-key";
import { oauthProvider } from "@better-auth/oauth-provider";
import { createServer } from "node:http";
import { betterAuth } from "better-auth";
import { getMigrations } from "better-auth/db/migration";
import { toNodeHandler } from "better-auth/node";
import { jwt } from "better-auth/plugins";
import { sqliteDatabase } from "../reference/sqlite.mjs";

const flag = (name) => (process.argv.includes(name) ? process.argv[process.argv.indexOf(name) + 1] : undefined);
const path = flag("-database");

// The provider stands in for GitHub.
const provider = flag("-provider");
if (provider) {
  const { fetch } = globalThis;
  globalThis.fetch = (input, init) => fetch(String(input?.url ?? input).replace(/^https:\/\/(api\.)?github\.com/, `http://${provider}`), init);
}

async function open() {
  if (path.startsWith("postgres://")) {
    const { default: pg } = await import("pg");
    return { database: new pg.Pool({ connectionString: path }), driver: "pg" };
  }
  try {
    const { default: Database } = await import("better-sqlite3");
    const database = new Database(path);
    database.pragma("journal_mode = wal");
    return { database, driver: "better-sqlite3" };
  } catch {
    return { database: sqliteDatabase(path).option, driver: "SQLite in WebAssembly" };
  }
}

const keys = process.argv.includes("-api-keys");
const { database, driver } = await open();
const server = createServer();
const [host, port] = flag("-addr").split(":");
server.listen(Number(port), host, async () => {
  const baseURL = `http://${host}:${server.address().port}`;
  const options = {
    database,
    baseURL,
    secret: process.env.BETTER_AUTH_SECRET,
    emailAndPassword: { enabled: true },
    plugins: process.argv.includes("-oauth") ? [jwt(), oauthProvider({ loginPage: "/login", consentPage: "/consent", silenceWarnings: { oauthAuthServerConfig: true, openidConfig: true } })] : process.argv.includes("-jwt") ? [jwt()] : [],
    ...(provider && { socialProviders: { github: { clientId: "bench", clientSecret: "bench" } } }),
    rateLimit: { enabled: false },
    logger: { disabled: true },
    ...(keys && { plugins: [apiKey({ rateLimit: { maxRequests: 1_000_000_000 } })] }),
    session: { cookieCache: { enabled: process.argv.includes("-cookie-cache"), maxAge: 3600 } },
  };
  const { runMigrations } = await getMigrations(options);
  await runMigrations();
  const auth = betterAuth(options);
  const handler = toNodeHandler(auth);
  const verify = async (req, res) => {
    const { valid, key } = await auth.api.verifyApiKey({ body: { key: req.headers["x-api-key"] ?? "" } });
    const body = JSON.stringify({ valid, id: key?.id });
    res.writeHead(valid ? 200 : 401, { "content-type": "application/json", "content-length": body.length }).end(body);
  };
  server.on("request", (req, res) => (keys && req.url === "/verify" ? verify(req, res) : handler(req, res)));
  console.log(`driver ${driver}`);
  console.log(`listening ${baseURL}`);
});
