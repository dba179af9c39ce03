/** One Better Auth server with its own database, clock, environment and outside world. */
import { createAccessControl, role } from "better-auth/plugins/access";
import { betterAuth } from "better-auth";
import { APIError, createAuthMiddleware } from "better-auth/api";
import { memoryAdapter } from "better-auth/adapters/memory";
import { getAuthTables } from "better-auth/db";
import { getMigrations } from "better-auth/db/migration";
import { kAPIErrorHeaderSymbol, toResponse } from "better-call";
import { getRequest } from "better-call/node";
import { Readable } from "node:stream";
import { buildPlugins } from "./plugins.mjs";
import { postAndWait } from "./sync-post.mjs";
import { sqliteDatabase } from "./sqlite.mjs";
import { decode, encode } from "./tagged.mjs";
import { outsideFetch, scope } from "./world.mjs";

/** An answer that asks for something this server does not have. */
export class Unsupported extends Error {}

export class Instance {
  rateLimits = new Map();

  /** @param {any} spec the body of `POST /__instances` */
  constructor(spec) {
    this.id = spec.id;
    this.callbackURL = spec.callbackURL?.replace(/\/$/, "");
    this.env = { ...spec.env };
    this.now = spec.now ?? undefined;
  }

  /** @param {any} spec */
  static async create(spec) {
    const instance = new Instance(spec);
    await instance.inside(() => instance.#build(spec));
    return instance;
  }

  async #build(spec) {
    const make = this.#decoders();
    const options = decode(spec.options ?? {}, make);
    if (options.hooks) {
      for (const when of ["before", "after"]) {
        if (typeof options.hooks[when] === "function" && !options.hooks[when].options) {
          options.hooks[when] = createAuthMiddleware(options.hooks[when]);
        }
      }
    }
    options.plugins = await buildPlugins(spec.plugins ?? [], (value) => decode(value, make));
    const database = spec.database ?? { kind: "default" };
    switch (database.kind) {
      case "none":
        break;
      case "default":
      case "memory": {
        options.database = memoryAdapter(this.#emptyTables(options));
        break;
      }
      case "sqlite": {
        this.sqlite = sqliteDatabase(database.path);
        options.database = this.sqlite.option;
        break;
      }
      default:
        throw new Unsupported(`no database of kind ${database.kind}`);
    }
    if (this.sqlite) {
      const { runMigrations } = await getMigrations(options);
      await runMigrations();
    }
    this.auth = betterAuth(options);
    this.context = await this.auth.$context;
    if (database.kind === "memory" && database.data) await this.#load(decode(database.data));
  }

  #emptyTables(options) {
    this.tables = {};
    // A plugin's init may add options, but never tables: schemas are read before init runs.
    for (const [key, table] of Object.entries(getAuthTables(options))) {
      this.tables[key] = [];
      this.tables[table.modelName] = this.tables[key];
    }
    return this.tables;
  }

  async #load(data) {
    for (const [model, rows] of Object.entries(data)) {
      for (const row of rows) await this.context.adapter.create({ model, data: row, forceAllowId: true });
    }
  }

  /**
   * Runs f in this instance's world and waits until every callback that it
   * caused has been answered.
   * @template T
   * @param {() => Promise<T>} f
   */
  async inside(f) {
    const pending = new Set();
    return scope.run({ instance: this, pending }, async () => {
      try {
        return await f();
      } finally {
        while (pending.size > 0) {
          await Promise.allSettled([...pending]);
          await new Promise((resolve) => setImmediate(resolve));
        }
      }
    });
  }

  /** @param {number | null} now */
  setClock(now) {
    this.now = now ?? undefined;
  }

  async close() {
    await this.sqlite?.close();
  }

  /**
   * Posts to the outside world.
   * @param {string} path
   * @param {object} message
   */
  call(path, message) {
    const pending = scope.getStore()?.pending;
    const promise = this.#post(path, message).finally(() => pending?.delete(promise));
    pending?.add(promise);
    return promise;
  }

  async #post(path, message) {
    const response = await outsideFetch(this.callbackURL + path, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ instance: this.id, ...message }),
    });
    if (response.status !== 200) throw new Error(`the outside world answered ${response.status} to ${path}`);
    return response.json();
  }

  #decoders() {
    return {
      callback: (name, flags) => this.#callback(name, flags),
      schema: (name) => this.#validator(name),
      role: (statements) => role(statements),
      ac: (statements) => createAccessControl(statements),
    };
  }

  #callback(name, { sync, middleware }) {
    if (sync) {
      return (...args) => {
        const plain = args.map((arg) => (typeof arg === "object" && arg !== null ? JSON.parse(JSON.stringify(arg)) : arg));
        return result(postAndWait(`${this.callbackURL}/`, { instance: this.id, name, args: plain.map((a) => a ?? { $undefined: 1 }) }));
      };
    }
    if (middleware) {
      return createAuthMiddleware(async (ctx) => {
        const answer = await this.call("/", { name, args: [await encode(ctx)], middleware: true });
        for (const [key, value] of answer.headers ?? []) ctx.setHeader(key, value);
        return result(answer);
      });
    }
    return async (...args) => {
      const pending = scope.getStore()?.pending;
      const promise = (async () => {
        const encoded = [];
        for (const arg of args) encoded.push(await encode(arg));
        return this.call("/", { name, args: encoded });
      })();
      pending?.add(promise);
      promise.catch(() => {}).finally(() => pending?.delete(promise));
      return result(await promise);
    };
  }

  #validator(name) {
    return {
      "~standard": {
        version: 1,
        vendor: "wirecheck",
        validate: async (value) => result(await this.call("/", { name, args: [await encode(value)] })),
      },
    };
  }

  /**
   * Answers a request as Better Auth's handler for Node would.
   * @param {{method: string, originalURL: string, headers: Record<string, string | string[]>, body: Uint8Array}} message
   */
  async handle({ method, originalURL, headers, body }) {
    const [, base, rest] = /^(https?:\/\/[^/?#]+)(.*)$/i.exec(originalURL) ?? [];
    if (!base) throw new Error(`not an absolute URL: ${originalURL}`);
    return this.inside(async () => {
      const incoming = Object.assign(Readable.from(body.length > 0 ? [Buffer.from(body)] : []), {
        method,
        url: rest || "/",
        httpVersionMajor: 1,
        headers: { ...headers, host: base.replace(/^https?:\/\//i, "") },
      });
      return readResponse(await this.auth.handler(getRequest({ base, request: incoming })));
    });
  }

  /**
   * Calls an operation on the server side.
   * @param {string} name
   * @param {any} input
   */
  async api(name, input) {
    const operation = this.auth.api[name];
    if (typeof operation !== "function") throw new Unsupported(`no operation ${name}`);
    const decoded = decode(input ?? {}, this.#decoders());
    if (decoded.headers && !(decoded.headers instanceof Headers)) decoded.headers = new Headers(decoded.headers);
    return this.inside(async () => {
      try {
        return await readResponse(await operation({ ...decoded, asResponse: true }));
      } catch (error) {
        if (!(error instanceof APIError) && error?.name !== "APIError") throw error;
        return readResponse(toResponse(error, { headers: error[kAPIErrorHeaderSymbol] }));
      }
    });
  }

  /** @param {any} message the body of `POST /__instances/{id}/db` */
  async db({ op, ...rest }) {
    const args = decode(rest);
    return this.inside(async () => {
      const adapter = this.context.adapter;
      if (op === "replaceAll") {
        for (const model of Object.keys(getAuthTables(this.context.options))) await adapter.deleteMany({ model, where: [] });
        await this.#load(args.data ?? {});
        return { result: null };
      }
      if (typeof adapter[op] !== "function") throw new Unsupported(`no database operation ${op}`);
      return { result: (await encode((await adapter[op](args)) ?? null)) };
    });
  }
}

/** @param {any} answer what the outside world said to a callback */
function result(answer) {
  if (answer.error === undefined) return decode(answer.result);
  const v = answer.error.$error ?? { message: String(answer.error) };
  if (v.status === undefined && v.statusCode === undefined) throw decode({ $error: v });
  const headers = v.headers ? new Headers(decode(v.headers)) : {};
  throw new APIError(v.status ?? v.statusCode, v.body ?? (v.message ? { message: v.message } : undefined), headers, v.statusCode);
}

/** @param {Response} response */
async function readResponse(response) {
  return {
    status: response.status,
    headers: [...response.headers],
    body: new Uint8Array(await response.arrayBuffer()),
  };
}
