/**
 * What a scenario works with: instances of the server under test, browsers
 * that talk to them, and the transcript of everything that was said.
 */
import { randomUUID } from "node:crypto";
import { clients } from "./clients.mjs";
import { contractOf } from "./contract.mjs";
import { Jar } from "./jar.mjs";
import { Mask, withoutOwn } from "./mask.mjs";
import { control, exchange } from "./servers.mjs";

export const SECRET = "9fK2mQ7xR4vT8wZ1nB6cL3hJ5gD0pSyA";
export const ORIGIN = "http://localhost:3000";
export const START = Date.UTC(2026, 0, 1);
export const second = 1000;
export const minute = 60 * second;
export const hour = 60 * minute;
export const day = 24 * hour;

/** What a function without a return value answers. */
const nothing = { $undefined: 1 };

/** Headers that belong to the transport or to the moment. */
const ignoredHeaders = new Set(["date", "connection", "keep-alive", "transfer-encoding", "content-length", "set-cookie"]);

/** @typedef {{kind: string, label: string, endpoint?: string, request?: any, aspects: Record<string, string>}} Entry */

/** One run of one scenario against one server. */
export class Run {
  /** @type {Entry[]} */
  transcript = [];
  /** @type {App[]} */
  #apps = [];

  /** Whether the scenario used the official client. */
  spoke = false;

  /** Factories of the plugins that the scenario's instances have. @type {Set<string>} */
  plugins = new Set();

  /** Exchanges that the server's own OpenAPI document does not allow. @type {string[]} */
  violations = [];

  /**
   * @param {import("./servers.mjs").ControlServer} server
   * @param {import("./outside.mjs").Outside} outside
   * @param {"this" | "next"} [release] of the official client
   */
  constructor(server, outside, release = "this") {
    this.server = server;
    this.outside = outside;
    this.clients = clients[release];
    this.mask = new Mask(SECRET);
    this.#looseMask = new Mask(SECRET);
  }

  #looseMask;
  /**
   * The same transcript, where rows made at the same moment have no order: on a database server nothing gives them one.
   * @type {Entry[]}
   */
  loose = [];

  /**
   * Creates an instance. Options are merged over: base URL, secret, e-mail and
   * password on, clock frozen at START.
   * @param {any} [options]
   * world: answers the server's outgoing requests with {status, json or text, headers}, {networkError}, or nothing
   * @param {{world?: (request: {url: string, method: string, headers: Record<string, string>, body: string}) => any, plugins?: any[], clientPlugins?: (clients: any) => any[], database?: any, env?: Record<string, string>, now?: number, handlers?: Record<string, (...args: any[]) => any>, unrecorded?: string[], unordered?: string[]}} [extra]
   *   clientPlugins: gives plugins of the official client, of the release that is played with; unrecorded: callbacks that stay out of the transcript; unordered: callbacks whose order among themselves does not matter
   */
  async app(options = {}, extra = {}) {
    const app = new App(this, options, extra);
    this.#apps.push(app);
    for (const { factory } of extra.plugins ?? []) this.plugins.add(factory);
    await app.create();
    return app;
  }

  /** A session that was written to a secondary storage, until it is known whether its list follows. */
  #held;

  /**
   * A new session and the list that names it are two writes. Better Auth makes the list first, Kernia the session, so
   * that no list is without one: the order of the two is not compared, and both are recorded as Better Auth makes them.
   */
  async recordWrite(label, aspects, [key, value], more) {
    const held = this.#held;
    if (held && String(key).startsWith("active-sessions-")) {
      this.#held = undefined;
      await this.record("callback", label, aspects, more);
      return this.record(...held);
    }
    if (!String(value).startsWith('{"session":')) return this.record("callback", label, aspects, more);
    await this.#release();
    this.#held = ["callback", label, aspects, more];
  }

  async #release() {
    const held = this.#held;
    this.#held = undefined;
    if (held) await this.record(...held);
  }

  /** @param {string} kind @param {string} label @param {Record<string, string>} aspects */
  async record(kind, label, aspects, more = {}) {
    await this.#release();
    const entries = [[this.transcript, this.mask, (value) => value], [this.loose, this.#looseMask, (value) => untied(value, this.#looseMask)]].map(([transcript, mask, change]) => {
      const entry = { kind, label: "", aspects: {}, ...more };
      transcript.push(entry);
      return { entry, mask, change };
    });
    for (const { entry, mask, change } of entries) {
      entry.label = await mask.text(label);
      for (const [name, value] of Object.entries(aspects)) entry.aspects[name] = await mask.text(change(value));
    }
  }

  /** Notes a value that a scenario looked at, to be compared too. */
  note(label, value) {
    return this.record("note", label, { value: stable(value) });
  }

  async close() {
    await this.#release();
    for (const app of this.#apps) await app.close();
    this.#sortUnordered(this.transcript);
    this.#sortUnordered(this.loose);
  }

  /** Callbacks that a server may make at the same time have no order of their own. */
  #sortUnordered(entries) {
    for (let from = 0, to; from < entries.length; from = to) {
      to = from + 1;
      if (!entries[from].unordered) continue;
      while (entries[to]?.unordered) to++;
      const text = (entry) => entry.label + entry.aspects.args;
      entries.splice(from, to - from, ...entries.slice(from, to).sort((a, b) => (text(a) < text(b) ? -1 : 1)));
    }
  }
}

export class App {
  /** @type {{name: string, args: any[]}[]} */
  calls = [];

  constructor(run, options, extra) {
    this.run = run;
    this.id = randomUUID();
    this.options = { baseURL: ORIGIN, secret: SECRET, emailAndPassword: { enabled: true }, ...options };
    this.extra = extra;
    this.handlers = extra.handlers ?? {};
    this.now = extra.now ?? START;
    this.origin = typeof this.options.baseURL === "string" ? new URL(this.options.baseURL).origin : ORIGIN;
    this.basePath = this.options.basePath ?? "/api/auth";
  }

  async create() {
    this.run.outside.register(this.id, (path, message) => this.#outside(path, message));
    const { url } = await control(this.run.server, "POST", "/__instances", {
      id: this.id,
      options: this.options,
      plugins: this.extra.plugins ?? [],
      database: this.extra.database ?? this.run.server.database ?? { kind: "default" },
      env: this.extra.env ?? {},
      callbackURL: this.run.outside.url,
      now: this.now,
    });
    this.url = url;
  }

  /** Compares an exchange with the OpenAPI document of the instance, of servers that give it. */
  async check(request, answer) {
    // What an application's own hooks answer is not the document's, and the document does not describe itself.
    if (!this.run.server.documents || this.options.hooks || this.extra.plugins?.some(({ factory }) => factory === "openAPI") || !request.path.startsWith(`${this.basePath}/`)) return;
    this.contract ??= contractOf(await control(this.run.server, "GET", `/__instances/${this.id}/openapi`));
    // A getter of the application's own takes a key out of anything.
    const carries = this.extra.plugins?.some(({ options }) => options?.customAPIKeyGetter);
    const violation = this.contract.violation({ ...request, carries, path: request.path.slice(this.basePath.length) }, answer);
    if (violation) this.run.violations.push(violation);
  }

  async close() {
    try {
      if (this.url) await control(this.run.server, "DELETE", `/__instances/${this.id}`);
    } finally {
      this.run.outside.forget(this.id);
    }
  }

  /** An outgoing request of the server, which the scenario's world answers. */
  async #fetched({ url, method, headers, body }) {
    if (!this.extra.world) return { networkError: "the outside world is closed" };
    const sent = { url, method, headers: Object.fromEntries(headers.map(([name, value]) => [name.toLowerCase(), value])), body: body ? Buffer.from(body, "base64").toString() : "" };
    const answer = await this.extra.world(sent);
    if (!answer?.unrecorded) {
      const { authorization = "", "content-type": type = "" } = sent.headers;
      const parameters = type.startsWith("application/x-www-form-urlencoded") ? [...new URLSearchParams(sent.body)].map((pair) => pair.join("=")).sort().join("&") : sent.body;
      await this.run.record("fetch", `${method} ${url}`, { authorization, type, body: parameters });
    }
    if (!answer || answer.networkError) return { networkError: answer?.networkError ?? "nobody answers" };
    const text = answer.json === undefined ? (answer.text ?? "") : JSON.stringify(answer.json);
    const type = answer.json === undefined ? "text/plain" : "application/json";
    return { status: answer.status ?? 200, headers: [["content-type", type], ...(answer.headers ?? [])], body: Buffer.from(text).toString("base64") };
  }

  async #outside(path, message) {
    if (path === "/fetch") return this.#fetched(message);
    if (path === "/dns") return { error: "not found", code: "ENOTFOUND" };
    this.calls.push({ name: message.name, args: message.args });
    if (!this.extra.unrecorded?.includes(message.name)) {
      const unordered = this.extra.unordered?.includes(message.name) ?? false;
      const said = [message.name, { args: stable(message.args.map((arg) => quiet(arg, message.middleware))) }];
      if (/\bset$/.test(message.name)) await this.run.recordWrite(...said, message.args, { unordered });
      else await this.run.record("callback", ...said, { unordered });
    }
    const handler = this.handlers[message.name];
    if (!handler) return { result: nothing };
    try {
      const value = await handler(...message.args);
      return message.middleware && value && ("headers" in value || "result" in value) ? value : { result: value === undefined ? nothing : value };
    } catch (error) {
      if (error.$error) return { error };
      throw error;
    }
  }

  /** The first argument of the latest call of a callback, with dates as text. */
  last(name) {
    return this.calls.findLast((call) => call.name === name)?.args[0];
  }

  count(name) {
    return this.calls.filter((call) => call.name === name).length;
  }

  /** Sets the clock to START plus so many milliseconds. */
  async at(milliseconds) {
    this.now = START + milliseconds;
    await control(this.run.server, "POST", `/__instances/${this.id}/clock`, { now: this.now });
  }

  /** A database operation; the result is not part of the transcript. */
  async db(op, message) {
    const answer = await control(this.run.server, "POST", `/__instances/${this.id}/db`, { op, ...message });
    if (answer.error) throw new Error(`db ${op}: ${answer.error.$error.message}`);
    // Kernia notes for a minute that a session was replaced (docs/compatibility.md#late-answers), and for a month
    // when what was sent to a user has ended (#links-that-recovery-ends).
    if (op === "findMany" && message.model === "verification") {
      const rows = answer.result.filter((row) => !/^(session-replaced|verifications-ended)-/.test(row.identifier ?? ""));
      return rows.map((row) => (typeof row.value === "string" ? { ...row, value: withoutOwn(row.value) } : row));
    }
    return answer.result;
  }

  /** Puts the rows of tables into the transcript. They have no order of their own: MySQL gives them by their ids. */
  async rows(...models) {
    for (const model of models) {
      const found = (await this.db("findMany", { model })).map((row) => ({ row, text: this.run.mask.known(stable(row)) }));
      const rows = found.sort((a, b) => (a.text < b.text ? -1 : 1)).map(({ row }) => row);
      await this.run.record("rows", model, { rows: stable(rows) });
    }
  }

  /** Calls an operation on the server side. */
  async api(name, input = null) {
    const answer = await control(this.run.server, "POST", `/__instances/${this.id}/api/${name}`, { input });
    await this.run.record("api", name, answerAspects(answer), { endpoint: `api ${name}`, request: { input: stable(input) } });
    return { ...answer, json: parse(answer.body) };
  }

  browser(jar = new Jar()) {
    return new Browser(this, jar);
  }
}

export class Browser {
  constructor(app, jar) {
    this.app = app;
    this.jar = jar;
  }

  /** Another browser with the same cookies. */
  twin() {
    return new Browser(this.app, this.jar.copy());
  }

  /** The unchanged official client, with this browser's cookies. */
  get client() {
    this.app.run.spoke = true;
    return (this._client ??= this.#makeClient());
  }

  #makeClient() {
    const { run, extra, origin, basePath } = this.app;
    return run.clients.createAuthClient({
      baseURL: origin + basePath,
      plugins: extra.clientPlugins?.(run.clients) ?? [],
      fetchOptions: { customFetchImpl: (url, init) => this.#fetch(url, init), retry: 0 },
    });
  }

  async #fetch(url, init = {}) {
    const { pathname, search } = new URL(url);
    const answer = await this.send({
      method: init.method ?? "GET",
      path: pathname + search,
      headers: Object.fromEntries(new Headers(init.headers)),
      body: init.body ?? undefined,
      client: true,
    });
    const headers = new Headers(answer.headers.filter(([name]) => name !== "set-cookie" && name !== "content-length"));
    const empty = [204, 304].includes(answer.status);
    return new Response(empty ? null : answer.body, { status: answer.status, headers });
  }

  /**
   * A request with a path below the base path.
   * @param {string} method
   * @param {string} path
   * @param {{json?: unknown, body?: string, headers?: Record<string, string | null>, until?: Promise<unknown>}} [options] a header set to null is not sent; until: under way for as long, with the cookies of now
   */
  request(method, path, { json, body, headers = {}, until } = {}) {
    const sent = json === undefined ? headers : { "content-type": "application/json", ...headers };
    return this.send({ method, path: this.app.basePath + path, headers: sent, body: json === undefined ? body : JSON.stringify(json), until });
  }

  get(path, options) {
    return this.request("GET", path, options);
  }

  post(path, json = {}, options = {}) {
    return this.request("POST", path, { json, ...options });
  }

  /** Follows a link to the server, as from a mail. */
  open(link) {
    const url = new URL(link, this.app.origin);
    return this.send({ method: "GET", path: url.pathname + url.search, headers: {} });
  }

  async send({ method, path, headers, body, client = false, until }) {
    const { app } = this;
    const sent = { "user-agent": "wirecheck" };
    if (method !== "GET" && method !== "HEAD") sent.origin = app.origin;
    const cookies = this.jar.header({ secure: app.origin.startsWith("https:"), now: app.now });
    if (cookies) sent.cookie = cookies;
    for (const [name, value] of Object.entries(headers)) {
      if (value === null) delete sent[name.toLowerCase()];
      else sent[name.toLowerCase()] = value;
    }
    await until;
    const answer = await exchange(app.url, {
      method,
      path,
      headers: { ...sent, "x-ba-instance": app.id, "x-ba-original-url": app.origin + path },
      body,
    });
    const setCookies = answer.headers.filter(([name]) => name === "set-cookie").map(([, line]) => line);
    this.jar.store(setCookies, app.now);
    await app.check({ method, path, headers: sent, body }, answer);
    await app.run.record("http", `${method} ${path}`, answerAspects(answer), {
      endpoint: `${method} ${pathname(path, app.basePath)}`,
      request: { method, path, headers: sent, body },
      client,
    });
    return { ...answer, setCookies, json: parse(answer.body), location: answer.headers.find(([name]) => name === "location")?.[1] };
  }

  signUp(more = {}) {
    return this.post("/sign-up/email", { email: "alice@example.com", password: "password123", name: "Alice", ...more });
  }

  signIn(more = {}) {
    return this.post("/sign-in/email", { email: "alice@example.com", password: "password123", ...more });
  }
}

function pathname(path, basePath) {
  const plain = path.split("?")[0];
  return plain.startsWith(`${basePath}/`) ? plain.slice(basePath.length) : plain;
}

function parse(text) {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** Shows a value that was cut over several cookies in one piece, after the cookies. */
function joinChunks(lines) {
  const whole = new Map();
  const shown = lines.map((line) => {
    const [, name, index, value, rest] = /^([^=]+)\.(\d+)=([^;]+)(.*)$/.exec(line) ?? [];
    if (value === undefined) return line;
    whole.set(name, (whole.get(name) ?? "") + value);
    return `${name}.${index}=(${value.length} characters)${rest}`;
  });
  return [...shown, ...[...whole].map(([name, value]) => `${name} joined: ${value}`)];
}

/** JSON in which rows of the same moment are in an order of their own. @param {string} text @param {Mask} mask */
function untied(text, mask) {
  if (!/^[[{]/.test(text)) return text;
  const value = parse(text);
  if (value === undefined || JSON.stringify(value) !== text) return text;
  const moment = (row) => JSON.stringify(row?.createdAt ?? row?.session?.createdAt);
  const order = (inner) => {
    if (inner === null || typeof inner !== "object") return inner;
    if (!Array.isArray(inner)) return Object.fromEntries(Object.entries(inner).map(([name, member]) => [name, order(member)]));
    const rows = inner.map((row) => ({ row: order(row), text: mask.known(JSON.stringify(row)) }));
    for (let from = 0, to; from < rows.length; from = to) {
      to = from + 1;
      if (moment(rows[from].row) === undefined) continue;
      while (to < rows.length && moment(rows[to].row) === moment(rows[from].row)) to++;
      rows.splice(from, to - from, ...rows.slice(from, to).sort((a, b) => (a.text < b.text ? -1 : 1)));
    }
    return rows.map(({ row }) => row);
  };
  return JSON.stringify(order(value));
}

function answerAspects(answer) {
  const aspects = { status: String(answer.status) };
  const setCookies = answer.headers.filter(([name]) => name === "set-cookie").map(([, line]) => line);
  const name = (line) => line.slice(0, line.indexOf("="));
  // What a browser never keeps is named apart: its value would count in what is random.
  const replaced = setCookies.filter((line, at) => setCookies.slice(at + 1).some((later) => later !== line && name(later) === name(line)));
  const kept = setCookies.filter((line) => !replaced.includes(line));
  if (kept.length > 0) aspects["set-cookie"] = joinChunks(kept).join("\n");
  if (replaced.length > 0) aspects["replaced cookies"] = replaced.map(name).join(", ");
  for (const [name, value] of answer.headers) {
    if (ignoredHeaders.has(name)) continue;
    const key = `header ${name}`;
    aspects[key] = key in aspects ? `${aspects[key]}, ${value}` : value;
  }
  aspects.body = answer.body;
  return aspects;
}

/** What a callback was given, without what only the transport knows. */
function quiet(arg, middleware) {
  if (arg?.$request) return { request: `${arg.$request.method} ${arg.$request.url}` };
  if (arg?.$ctx) {
    const { path, method, body, query, params, context } = arg.$ctx;
    const call = { path, method, body, query, params };
    // Whether the session has been looked at yet is a server's own business; what a
    // hook of the database is told of the answer depends on when rows are committed.
    return middleware ? { ...call, newSession: context?.newSession, returned: quiet(context?.returned) } : call;
  }
  if (arg?.ctx?.$ctx) return { ...arg, ctx: quiet(arg.ctx, middleware) };
  if (arg?.$error) {
    const { status, statusCode, body } = arg.$error;
    return { error: { status, statusCode, body } };
  }
  return arg;
}

/** JSON with sorted keys, null and absent being the same: for what is not on the wire. */
export function stable(value) {
  return JSON.stringify(value, (_, inner) => {
    if (Array.isArray(inner) || inner === null || typeof inner !== "object") return inner;
    if (inner.$undefined) return undefined;
    return Object.fromEntries(
      Object.entries(inner)
        .filter(([, v]) => v !== null && v !== undefined && !v?.$undefined)
        .sort(([a], [b]) => (a < b ? -1 : 1)),
    );
  }) ?? "undefined";
}
