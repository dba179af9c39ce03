/**
 * Server-side rendering as docs/native.md describes it: the page's own code runs in Node
 * and asks a Go server for its visitors.
 *
 *     node native.mjs      Exit code 0: every step held.
 */
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { closeConnections, startServer } from "./runner/servers.mjs";

const repository = dirname(dirname(fileURLToPath(import.meta.url)));
let step = 0;
async function check(name, f) {
  step++;
  try {
    await f();
    console.log(`✓ ${step} ${name}`);
  } catch (error) {
    console.log(`✗ ${step} ${name}`);
    throw error;
  }
}

/** The page's function and its use, as one function of what a rendering server has. */
async function snippet(server) {
  const page = await readFile(join(repository, "docs/native.md"), "utf8");
  const code = page.slice(page.indexOf("function forwarded(")).split("```")[0];
  const body = code.replaceAll(/: (Request|Headers|string)\b/g, "").replace("http://auth.internal:3000", server);
  const AsyncFunction = (async () => {}).constructor;
  const run = new AsyncFunction("request", "address", "answer", `${body}; return { session, forwarded };`);
  const define = new AsyncFunction(`${body.split("\nconst res")[0]}; return forwarded;`);
  return { run, forwarded: await define() };
}

const visitor = (origin, cookie = "") => new Request(`${origin}/page`, { headers: { origin, cookie, "user-agent": "Firefox of a visitor" } });
const cookieOf = (lines) => lines.map((line) => line.split(";")[0]).join("; ");

async function prove(base, addressed) {
  const { run, forwarded } = await snippet(base);
  const person = { email: "ada@example.com", password: "correct horse" };
  const post = (path, body, request, address) => {
    const headers = forwarded(request, address);
    headers.set("content-type", "application/json");
    return fetch(`${base}/api/auth${path}`, { method: "POST", headers, body: JSON.stringify(body) });
  };
  let cookie;
  await check("a visitor signs up and in through the rendering server", async () => {
    const up = await post("/sign-up/email", { name: "Ada", ...person }, visitor(base), "203.0.113.1");
    assert.equal(up.status, 200, await up.text());
    cookie = cookieOf(up.headers.getSetCookie());
    assert.match(cookie, /session_token=/);
  });
  await check("the page's code reads the session, and without a cookie null", async () => {
    const answer = new Response();
    const { session } = await run(visitor(base, cookie), "203.0.113.1", answer);
    assert.equal(session.user.email, person.email);
    assert.equal(session.session.ipAddress, addressed ? "203.0.113.1" : "127.0.0.1");
    assert.equal(session.session.userAgent, "Firefox of a visitor");
    assert.equal((await run(visitor(base), "203.0.113.1", new Response())).session, null);
  });
  await check("a change needs the visitor's Origin, and a foreign one is refused", async () => {
    const change = async (origin) => (await post("/update-user", { name: "Ada L." }, visitor(origin, cookie), "203.0.113.1")).status;
    assert.equal(await change(base), 200);
    assert.equal(await change("https://evil.example"), 403);
    const without = forwarded(visitor(base, cookie), "203.0.113.1");
    without.delete("origin");
    without.set("content-type", "application/json");
    assert.equal((await fetch(`${base}/api/auth/update-user`, { method: "POST", headers: without, body: '{"name":"A"}' })).status, 403);
  });
  await check("the lines that end a session reach the visitor, one header each", async () => {
    const out = await post("/sign-out", {}, visitor(base, cookie), "203.0.113.1");
    assert.equal(out.status, 200);
    const answer = new Response();
    const { session } = await run(visitor(base, cookie), "203.0.113.1", answer);
    assert.equal(session, null);
    const lines = answer.headers.getSetCookie();
    assert.ok(lines.length > 0, "no line ends the session");
    for (const line of lines) assert.match(line, /^better-auth\.\w+=;[^=]*Max-Age=0(;[^,]*)?$/);
  });
  const guesses = async (address) => {
    const answers = [];
    for (let i = 0; i < 4; i++) answers.push((await post("/sign-in/email", { ...person, password: "wrong horse" }, visitor(base), address)).status);
    return answers;
  };
  if (addressed) {
    await check("visitors do not share a limit", async () => {
      assert.deepEqual(await guesses("203.0.113.2"), [401, 401, 401, 429]);
      assert.equal((await post("/sign-in/email", person, visitor(base), "203.0.113.3")).status, 200);
    });
  } else {
    await check("without TrustedProxies they share one", async () => {
      assert.deepEqual(await guesses("203.0.113.2"), [401, 401, 401, 429]);
      assert.equal((await post("/sign-in/email", person, visitor(base), "203.0.113.3")).status, 429);
    });
  }
}

async function main() {
  const servers = [];
  const start = async (...more) => {
    const lines = [];
    const command = ["go", "run", "./examples/frontend", "-framework", "chi", "-address", "localhost:0", ...more];
    const server = await startServer("frontend", command, { cwd: repository, onLine: (line) => lines.push(line) });
    servers.push(server);
    return { base: server.url, lines };
  };
  try {
    for (const addressed of [true, false]) {
      const { base, lines } = await start(...(addressed ? ["-proxy", "127.0.0.1"] : []));
      console.log(addressed ? "the rendering server's address is trusted" : "its address is not trusted");
      await prove(base, addressed);
      if (!addressed) await check("and the log names what to add", async () => assert.ok(lines.some((line) => line.includes("TrustedProxies")), lines.join("\n")));
    }
    console.log(`all ${step} steps hold`);
    return 0;
  } catch (error) {
    console.error(error);
    return 1;
  } finally {
    for (const server of servers) await server.stop();
    closeConnections();
  }
}

process.exitCode = await main();
