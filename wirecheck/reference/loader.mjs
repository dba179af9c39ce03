/**
 * Module loader hook: changes the modules of Better Auth that keep in the module
 * what an instance must have for itself. Fails loudly if one looks different.
 */
const counters = /const memory = (\/\* @__PURE__ \*\/ )?new Map\(\);/;
const cost = /\bN: 16384,/;

let quickHashing = false;

/** @param {{quickHashing: boolean}} data whether passwords are hashed with a thousandth of the usual cost */
export async function initialize(data) {
  ({ quickHashing } = data);
}

export async function load(url, context, next) {
  const loaded = await next(url, context);
  const replaced = (pattern, text) => {
    const source = Buffer.from(loaded.source).toString("utf8");
    if (!pattern.test(source)) throw new Error(`this release of Better Auth has no ${pattern} in ${url}`);
    return { ...loaded, source: source.replace(pattern, text) };
  };
  if (url.endsWith("/better-auth/dist/api/rate-limiter/index.mjs")) return replaced(counters, "const memory = globalThis.__wirecheckRateLimitMap();");
  if (quickHashing && url.endsWith("/@better-auth/utils/dist/password.node.mjs")) return replaced(cost, "N: 16,");
  return loaded;
}
