/**
 * "A frontend on another port", as docs/frontend.md has it: the npm line is run in an
 * empty folder, Vite serves a page with the official client from another port, and the
 * page signs up, signs in and reads the session in Chromium, through CORS of each
 * framework and through Vite's proxy. Needs a registry for npm.
 */
import assert from "node:assert/strict";
import { execFile, spawn } from "node:child_process";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { join } from "node:path";
import { promisify } from "node:util";
import { startServer } from "../runner/servers.mjs";
import { patience } from "./page.mjs";

const run = promisify(execFile);
const vite = "vite@7.3.8";

export async function frontend({ check, repository, folder, newPage }) {
  const page = await readFile(join(repository, "docs/frontend.md"), "utf8");
  const block = (start) => page.slice(page.indexOf(start)).split("```")[0];
  const app = join(folder, "app");
  const servers = [];
  const serve = async (framework, more) => {
    const lines = [];
    const command = ["go", "run", "./examples/frontend", "-framework", framework, "-address", "localhost:0", ...more];
    const server = await startServer(framework, command, { cwd: repository, onLine: (line) => lines.push(line) });
    servers.push(server);
    return { url: server.url, lines };
  };
  try {
    await check("the npm line of the page installs", async () => {
      await mkdir(app);
      await writeFile(join(app, "package.json"), '{"private":true,"type":"module"}\n');
      const options = { cwd: app, shell: true };
      await run(block("npm install better-auth@").trim(), options);
      await run(`npm install --save-dev ${vite}`, options);
      const { dependencies } = JSON.parse(await readFile(join(app, "package.json"), "utf8"));
      assert.equal(dependencies["better-auth"].replace("^", ""), "1.6.11");
    });

    // "Another origin" is the same page under another name: nobody trusts it.
    const origin = `http://localhost:${await freePort()}`;
    const started = {};
    for (const framework of ["gin", "echo", "echov5", "fiber", "fiberv3", "chi"]) started[framework] = await serve(framework, ["-page", origin]);
    // A server of its own: the limits of the one that CORS is tried with are used up.
    const behind = await serve("gin", ["-page", origin]);
    await startVite(app, origin, block("import { defineConfig }"), behind.url, servers);

    for (const [framework, { url }] of Object.entries(started)) {
      await check(`${framework}: a page on another port, by CORS`, async () => {
        await use(await newPage(), `${origin}/?server=${encodeURIComponent(url)}`, url, framework);
      });
      await check(`${framework}: a page that is not trusted reads nothing`, async () => {
        const other = await newPage();
        await other.goto(`${origin.replace("localhost", "127.0.0.1")}/?server=${encodeURIComponent(url)}`);
        await other.waitForFunction(() => window.auth, undefined, { timeout: patience });
        assert.equal(await other.evaluate(() => window.auth.getSession().then(({ error }) => !!error, () => true)), true);
      });
    }
    await check("Vite's proxy, with the page's origin trusted", async () => {
      await use(await newPage(), `${origin}/`, origin, "proxy");
    });
    await check("Vite's proxy, with the page's origin as base URL", async () => {
      const own = `http://localhost:${await freePort()}`;
      const { url } = await serve("gin", ["-base", own]);
      await startVite(app, own, block("import { defineConfig }"), url, servers);
      await use(await newPage(), `${own}/`, own, "base");
    });
    for (const [framework, right] of Object.entries({
      gin: "cors.New(…), kernia.Gin(auth)",
      echo: "middleware.CORSWithConfig(kerniacors.Config(auth)), kernia.Echo(auth)",
      echov5: "middleware.CORSWithConfig(kerniacors.Config(auth)), kernia.Echo(auth)",
      fiber: "cors.New(kerniacors.Config(auth)), kernia.Fiber(auth)",
      fiberv3: "cors.New(kerniacors.Config(auth)), kernia.Fiber(auth)",
      chi: "cors.Handler(…), nethttp.Middleware(auth)",
    })) {
      await check(`${framework}: CORS behind Kernia does not work, and the log has the right order`, async () => {
        const { url, lines } = await serve(framework, ["-page", origin, "-wrong-order"]);
        const wrong = await newPage();
        await wrong.goto(`${origin}/?server=${encodeURIComponent(url)}`);
        await wrong.waitForFunction(() => window.auth, undefined, { timeout: patience });
        const person = { name: "Eve", email: "eve@example.com", password: "correct horse" };
        assert.equal(await wrong.evaluate((p) => window.auth.signUp.email(p).then(({ error }) => !!error, () => true), person), true);
        const line = lines.find((text) => text.includes("a CORS preflight reached Kernia"));
        assert.ok(line, `no such line: ${lines.join("\n")}`);
        assert.ok(line.includes(right), line);
      });
    }
  } finally {
    for (const server of servers.reverse()) await server.stop();
  }
}

/** Signs up, signs in, reads the session and a route of the application. */
async function use(page, address, server, name) {
  await page.goto(address);
  await page.waitForFunction(() => window.auth, undefined, { timeout: patience });
  const email = `${name}@example.com`;
  const got = await page.evaluate(
    async ([email, server]) => {
      const { auth } = window;
      const password = "correct horse";
      const signedUp = await auth.signUp.email({ name: "Ada", email, password });
      const first = await auth.getSession();
      const signedOut = await auth.signOut();
      const none = await auth.getSession();
      const signedIn = await auth.signIn.email({ email, password });
      const second = await auth.getSession();
      const me = await fetch(`${server}/me`, { credentials: "include" });
      const limited = [];
      for (let i = 0; i < 4; i++) {
        await auth.signIn.email({ email, password: "wrong horse" }, { onError: ({ response }) => limited.push(response.headers.get("X-Retry-After")) });
      }
      return {
        errors: [signedUp, first, signedOut, none, signedIn, second].map(({ error }) => error?.code ?? error),
        first: first.data?.user.email, none: none.data, second: second.data?.user.email,
        me: [me.status, (await me.json()).email], wait: limited.at(-1),
      };
    },
    [email, server],
  );
  assert.deepEqual(got.errors, Array(6).fill(null), JSON.stringify(got));
  assert.deepEqual([got.first, got.none, got.second, got.me], [email, null, email, [200, email]]);
  assert.match(got.wait ?? "", /^\d+$/, "the page may read how long to wait");
}

/** Starts Vite with the page's configuration and a page with the official client. */
async function startVite(app, origin, config, target, servers) {
  const folder = join(app, new URL(origin).port);
  await mkdir(folder);
  await writeFile(join(folder, "vite.config.ts"), config.replaceAll("http://localhost:3000", target));
  await writeFile(join(folder, "index.html"), '<!doctype html><title>Page</title><script type="module" src="/main.js"></script>\n');
  await writeFile(
    join(folder, "main.js"),
    `import { createAuthClient } from "better-auth/client";
const baseURL = new URLSearchParams(location.search).get("server") ?? undefined;
window.auth = createAuthClient({ baseURL });
`,
  );
  const child = spawn(process.execPath, [join(app, "node_modules/vite/bin/vite.js"), "--host", "0.0.0.0", "--port", new URL(origin).port, "--strictPort"], {
    cwd: folder, stdio: ["ignore", "pipe", "inherit"],
  });
  const ended = new Promise((resolve) => child.once("exit", resolve));
  servers.push({ stop: () => (child.kill(), ended) });
  await new Promise((resolve, reject) => {
    child.stdout.on("data", (text) => String(text).includes("ready in") && resolve());
    child.once("exit", (code) => reject(new Error(`Vite ended with code ${code}`)));
  });
}

async function freePort() {
  const server = createServer();
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address();
  await new Promise((resolve) => server.close(resolve));
  return port;
}
