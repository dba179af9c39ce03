/** Modules of npm packages for a page that loads them from a CDN: they come from node_modules here, as they were published. */
import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { dirname, join } from "node:path";

/** The file of a package's subpath, with the conditions of a browser. */
async function resolve(name, folder) {
  const [, pkg, rest] = /^((?:@[^/]+\/)?[^/]+)(.*)$/.exec(name);
  while (!existsSync(join(folder, "node_modules", pkg, "package.json"))) {
    if (folder === dirname(folder)) throw new Error(`${pkg} is not installed`);
    folder = dirname(folder);
  }
  const root = join(folder, "node_modules", pkg);
  const { exports: map, module, main } = JSON.parse(await readFile(join(root, "package.json"), "utf8"));
  if (!map) return join(root, rest ? rest : module ?? main ?? "index.js");
  const subpath = `.${rest}`;
  const targets = typeof map === "string" || !Object.keys(map)[0].startsWith(".") ? { ".": map } : map;
  const key = Object.keys(targets).find((key) => key === subpath) ?? Object.keys(targets).find((key) => key.endsWith("*") && subpath.startsWith(key.slice(0, -1)));
  if (!key) throw new Error(`${name} is not exported`);
  let target = targets[key];
  while (typeof target !== "string") target = target[Object.keys(target).find((condition) => ["browser", "import", "module", "default"].includes(condition))];
  return join(root, target.replace("*", key.endsWith("*") ? subpath.slice(key.length - 1) : ""));
}

/**
 * Answers a page's requests to a CDN.
 * @param {import("playwright-core").BrowserContext} context
 * @param {string} cdn its address, with the package and version
 * @param {string} name of the package
 * @param {string} folder where it is installed
 */
export async function serveModules(context, cdn, name, folder) {
  const origin = new URL(cdn).origin;
  await context.route(`${origin}/**`, async (route) => {
    const address = route.request().url();
    const { pathname } = new URL(address);
    const file = address.startsWith(cdn) ? await resolve(name + address.slice(cdn.length), folder) : decodeURIComponent(pathname);
    // Relative imports are relative to the file, so every module has the address of its file.
    if (file !== decodeURIComponent(pathname)) {
      return route.fulfill({ contentType: "text/javascript", headers: { "access-control-allow-origin": "*" }, body: `export * from ${JSON.stringify(origin + file)};` });
    }
    const text = await readFile(file, "utf8");
    const names = new Set([...text.matchAll(/(?:from|import)\s*\(?\s*"([^".][^"]*)"/g)].map(([, found]) => found).filter((found) => !/^(https?|node):/.test(found)));
    let body = text.replaceAll("process.env.NODE_ENV", '"production"'); // as a CDN does
    for (const found of names) {
      const target = await resolve(found, dirname(file)).catch(() => undefined);
      if (target) body = body.replaceAll(`"${found}"`, JSON.stringify(origin + target));
    }
    return route.fulfill({ contentType: "text/javascript", headers: { "access-control-allow-origin": "*" }, body });
  });
}
