/**
 * The reference side of a comparison: real Better Auth behind the control
 * protocol.
 *
 *     node reference/server.mjs --addr 127.0.0.1:0
 *
 * (with `--quick-hashing`, passwords cost a thousandth) prints one line, `listening http://127.0.0.1:PORT`, and stops when its
 * standard input closes or on SIGTERM.
 */
import { createServer } from "node:http";
import { randomUUID } from "node:crypto";
import { parseArgs } from "node:util";
import { Worker } from "node:worker_threads";

const { values: flags } = parseArgs({
  options: { addr: { type: "string", default: "127.0.0.1:0" }, "quick-hashing": { type: "boolean", default: false } },
});

/** Instances of one NODE_ENV, in a thread of their own. */
class Group {
  #calls = new Map();
  #next = 0;

  /** @param {string} nodeEnv */
  constructor(nodeEnv) {
    const env = Object.fromEntries(Object.entries(process.env).filter(([key]) => !/^(BETTER_AUTH_.*|AUTH_SECRET|NODE_ENV|TEST|CI)$/.test(key)));
    if (nodeEnv) env.NODE_ENV = nodeEnv;
    this.worker = new Worker(new URL("./worker.mjs", import.meta.url), { env, workerData: { quickHashing: flags["quick-hashing"] } });
    this.ready = new Promise((resolve, reject) => {
      this.worker.on("error", reject);
      this.worker.on("message", (message) => (message.ready ? resolve() : this.#settle(message)));
    });
    this.ready.catch((error) => {
      console.error(error);
      process.exit(1);
    });
  }

  #settle({ call, value, failure }) {
    const { resolve, reject } = this.#calls.get(call);
    this.#calls.delete(call);
    if (failure) reject(failure);
    else resolve(value);
  }

  async run(action, id, message) {
    await this.ready;
    return new Promise((resolve, reject) => {
      const call = this.#next++;
      this.#calls.set(call, { resolve, reject });
      this.worker.postMessage({ call, action, id, message });
    });
  }
}

/** @type {Map<string, Group>} by NODE_ENV */
const groups = new Map();
/** @type {Map<string, Group>} by instance id */
const owners = new Map();

function groupFor(nodeEnv) {
  if (!groups.has(nodeEnv)) groups.set(nodeEnv, new Group(nodeEnv));
  return groups.get(nodeEnv);
}

async function readBody(req) {
  const chunks = [];
  for await (const chunk of req) chunks.push(chunk);
  return Buffer.concat(chunks);
}

function sendJSON(res, status, value) {
  const body = JSON.stringify(value);
  res.writeHead(status, { "content-type": "application/json", "content-length": Buffer.byteLength(body) });
  res.end(body);
}

async function control(req, res, parts, body) {
  const message = body.length > 0 ? JSON.parse(body.toString("utf8")) : {};
  if (parts.length === 0 && req.method === "POST") {
    const id = message.id ?? randomUUID();
    if (owners.has(id)) throw { status: 409, error: { $error: { message: `instance ${id} exists` } } };
    const group = groupFor(message.env?.NODE_ENV ?? "");
    await group.run("create", id, message);
    owners.set(id, group);
    return sendJSON(res, 200, { id, url: origin });
  }
  const [id, action, name] = parts;
  const group = owners.get(id);
  if (!group) throw { status: 404, error: { $error: { message: `no instance ${id}` } } };
  if (parts.length === 1 && req.method === "DELETE") {
    owners.delete(id);
    await group.run("remove", id);
    return sendJSON(res, 200, {});
  }
  if (req.method === "POST" && action === "clock") {
    await group.run("clock", id, message);
    return sendJSON(res, 200, {});
  }
  if (req.method === "POST" && action === "db") {
    try {
      return sendJSON(res, 200, await group.run("db", id, message));
    } catch (failure) {
      if (failure.status === 501) throw failure;
      return sendJSON(res, 200, { error: failure.error });
    }
  }
  if (req.method === "POST" && action === "api" && name) {
    const answer = await group.run("api", id, { name: decodeURIComponent(name), input: message.input });
    return sendJSON(res, 200, { ...answer, body: Buffer.from(answer.body).toString("utf8") });
  }
  throw { status: 404, error: { $error: { message: `no control call ${req.method} ${req.url}` } } };
}

async function forward(req, res, body) {
  const { "x-ba-instance": id, "x-ba-original-url": originalURL, ...headers } = req.headers;
  const group = owners.get(id);
  if (!group) throw { status: 404, error: { $error: { message: `no instance ${id}` } } };
  const answer = await group.run("handle", id, { method: req.method, originalURL, headers, body });
  for (const [key, value] of answer.headers) res.appendHeader(key, value);
  res.writeHead(answer.status);
  res.end(answer.body);
}

const server = createServer(async (req, res) => {
  try {
    const body = await readBody(req);
    const path = req.url.split("?")[0];
    if (!req.headers["x-ba-instance"] && (path === "/__instances" || path.startsWith("/__instances/"))) {
      await control(req, res, path.split("/").slice(2), body);
    } else {
      await forward(req, res, body);
    }
  } catch (failure) {
    if (process.env.WIRECHECK_DEBUG) console.error(failure);
    if (res.headersSent) return res.destroy();
    sendJSON(res, failure.status ?? 500, { error: failure.error ?? { $error: { message: String(failure) } } });
  }
});
server.keepAliveTimeout = 600_000;

let origin;
const [host, port] = flags.addr.split(/:(?=\d+$)/);
server.listen(Number(port), host, () => {
  const address = server.address();
  origin = `http://${host}:${address.port}`;
  console.log(`listening ${origin}`);
});

const stop = () => process.exit(0);
process.on("SIGTERM", stop);
process.on("SIGINT", stop);
process.stdin.on("end", stop).on("error", stop).resume();
