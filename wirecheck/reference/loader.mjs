/**
 * Module loader hook: gives Better Auth's rate limiter a store per instance in
 * place of its module-wide map. Fails loudly if the module looks different.
 */
const declaration = /const memory = (\/\* @__PURE__ \*\/ )?new Map\(\);/;

export async function load(url, context, next) {
  const loaded = await next(url, context);
  if (!url.endsWith("/better-auth/dist/api/rate-limiter/index.mjs")) return loaded;
  const source = Buffer.from(loaded.source).toString("utf8");
  if (!declaration.test(source)) throw new Error("the rate limiter of this Better Auth release keeps its counters elsewhere");
  return { ...loaded, source: source.replace(declaration, "const memory = globalThis.__wirecheckRateLimitMap();") };
}
