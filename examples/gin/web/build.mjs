/** Bundles the page into dist/, ready to be served as it is. */
import { cp, mkdir, rm } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";

const at = (path) => fileURLToPath(new URL(path, import.meta.url));

await rm(at("dist"), { recursive: true, force: true });
await mkdir(at("dist"));
await build({
  entryPoints: [at("src/app.js")],
  outfile: at("dist/app.js"),
  bundle: true,
  format: "esm",
  target: "es2022",
  minify: true,
  sourcemap: true,
  define: { "process.env.NODE_ENV": '"production"' },
});
await cp(at("src/index.html"), at("dist/index.html"));
await cp(at("src/style.css"), at("dist/style.css"));
