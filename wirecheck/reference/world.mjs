/**
 * What an instance sees of the world outside: clock, environment, outgoing
 * HTTP, DNS and the in-memory rate limit store. Better Auth reads all of them
 * from globals, so the globals are replaced once per thread by versions that
 * look up the instance whose code is running.
 */
import { AsyncLocalStorage } from "node:async_hooks";
import dns from "node:dns/promises";
import { register, syncBuiltinESMExports } from "node:module";

/** @typedef {{instance: import("./instance.mjs").Instance, pending: Set<Promise<unknown>>}} Scope */

/** @type {AsyncLocalStorage<Scope>} */
export const scope = new AsyncLocalStorage();

const RealDate = globalThis.Date;
const realFetch = globalThis.fetch;

/** Fetch that really leaves the process: callbacks go through it. */
export const outsideFetch = realFetch;

function now() {
  return scope.getStore()?.instance.now ?? RealDate.now();
}

function installClock() {
  function FakeDate(...args) {
    if (!new.target) return new RealDate(now()).toString();
    return Reflect.construct(RealDate, args.length === 0 ? [now()] : args, new.target);
  }
  Object.setPrototypeOf(FakeDate, RealDate);
  FakeDate.prototype = RealDate.prototype;
  FakeDate.now = now;
  Object.defineProperty(RealDate.prototype, "constructor", { value: FakeDate, writable: true, configurable: true });
  globalThis.Date = FakeDate;
}

function installEnvironment() {
  const real = process.env;
  const current = () => scope.getStore()?.instance.env ?? real;
  process.env = new Proxy({}, {
    get: (_, key) => current()[key],
    has: (_, key) => key in current(),
    set: (_, key, value) => ((current()[key] = String(value)), true),
    deleteProperty: (_, key) => delete current()[key],
    ownKeys: () => Reflect.ownKeys(current()),
    getOwnPropertyDescriptor: (_, key) =>
      key in current() ? { value: current()[key], writable: true, enumerable: true, configurable: true } : undefined,
  });
}

function installFetch() {
  globalThis.fetch = async function fetch(input, init) {
    const store = scope.getStore();
    if (!store) return realFetch(input, init);
    const request = new Request(input, init);
    const hasBody = request.body !== null;
    const answer = await store.instance.call("/fetch", {
      url: request.url,
      method: request.method,
      headers: [...request.headers],
      body: hasBody ? Buffer.from(await request.arrayBuffer()).toString("base64") : null,
      redirect: request.redirect,
    });
    if (answer.networkError !== undefined) throw new TypeError("fetch failed", { cause: new Error(String(answer.networkError)) });
    const empty = [101, 204, 205, 304].includes(answer.status);
    return new Response(empty ? null : Buffer.from(answer.body ?? "", "base64"), { status: answer.status, headers: answer.headers });
  };
}

function installDNS() {
  const real = dns.resolveTxt;
  dns.resolveTxt = async (name) => {
    const store = scope.getStore();
    if (!store) return real(name);
    const answer = await store.instance.call("/dns", { op: "resolveTxt", args: [name] });
    if (answer.error !== undefined) throw Object.assign(new Error(String(answer.error)), { code: answer.code });
    return answer.result;
  };
  syncBuiltinESMExports();
}

function installConsole() {
  if (process.env.WIRECHECK_DEBUG) return;
  for (const level of ["log", "info", "warn", "error", "debug"]) {
    const real = console[level].bind(console);
    console[level] = (...args) => {
      if (!scope.getStore()) real(...args);
    };
  }
}

/**
 * The map behind the in-memory rate limits is one per module in Better Auth;
 * here it must be one per instance. The loader swaps in this constructor.
 */
function installRateLimitMap(quickHashing) {
  globalThis.__wirecheckRateLimitMap = () => ({
    get: (key) => scope.getStore().instance.rateLimits.get(key),
    set: (key, value) => scope.getStore().instance.rateLimits.set(key, value),
    delete: (key) => scope.getStore().instance.rateLimits.delete(key),
  });
  register("./loader.mjs", { parentURL: import.meta.url, data: { quickHashing } });
}

/**
 * Replaces the globals. Call it before the first import of Better Auth.
 * @param {{quickHashing?: boolean}} [options]
 */
export function install({ quickHashing = false } = {}) {
  installConsole();
  installClock();
  installEnvironment();
  installFetch();
  installDNS();
  installRateLimitMap(quickHashing);
}
