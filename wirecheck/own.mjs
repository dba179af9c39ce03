/**
 * Plugins that are Kernia's own, which Better Auth has no server for: the official clients
 * call them, with the code of their pages in docs/plugins.
 *
 *     node own.mjs      Exit code 0: every step held.
 */
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { ORIGIN, Run, minute } from "./runner/app.mjs";
import { callback } from "./runner/scenarios/kit.mjs";
import { Outside } from "./runner/outside.mjs";
import { closeConnections, startServer } from "./runner/servers.mjs";

const repository = dirname(dirname(fileURLToPath(import.meta.url)));

let step = 0;
async function check(name, f) {
  step++;
  try {
    const value = await f();
    console.log(`✓ ${step} ${name}`);
    return value;
  } catch (error) {
    console.log(`✗ ${step} ${name}`);
    throw error;
  }
}

/** The client's code of a page, as a function of the client that returns the variables it names. */
async function snippet(page, ...returned) {
  const text = await readFile(join(repository, "docs/plugins", page), "utf8");
  const code = text.slice(text.indexOf("## Client")).split("```ts\n")[1].split("```")[0];
  const body = code.split("\n").filter((line) => !/^import |^const auth = /.test(line)).join("\n");
  const AsyncFunction = (async () => {}).constructor;
  return new AsyncFunction("auth", `${body}; return { ${returned.join(", ")} };`);
}

async function adminConfig(run) {
  const mails = [];
  const app = await run.app({}, {
    plugins: [
      { factory: "magicLink", options: { sendMagicLink: callback("sendMagicLink") } },
      { factory: "adminConfig", options: { allowAnyAuthenticated: true } },
    ],
    clientPlugins: ({ magicLinkClient }) => [magicLinkClient()],
    handlers: { sendMagicLink: (mail) => mails.push(mail) },
  });
  const [admin, visitor] = [app.browser(), app.browser()];
  const call = (browser, path, value, more = {}) =>
    browser.client.$fetch(`/admin/config${path}`, value === undefined ? undefined : { method: "POST", body: { value, ...more } });
  const data = async (promise) => {
    const { data, error } = await promise;
    assert.equal(error, null, JSON.stringify(error));
    return data;
  };
  const refused = async (status, code, promise) => {
    const { error } = await promise;
    assert.deepEqual([error?.status, error?.code], [status, code], JSON.stringify(error));
    assert.ok(error.message);
  };

  await check("admin-config: nobody but administrators manages", async () => {
    await refused(401, "UNAUTHORIZED", call(visitor, "/auth-methods"));
    await refused(401, "UNAUTHORIZED", call(visitor, "/stripe", {}));
  });
  await data(admin.client.signUp.email({ email: "ada@example.com", password: "password123", name: "Ada" }));
  await app.db("update", { model: "user", where: [{ field: "email", value: "ada@example.com" }], update: { emailVerified: true } });
  await check("admin-config: the code of the page runs", async () => {
    await data(visitor.client.signIn.magicLink({ email: "ada@example.com" }));
    const run = await snippet("admin-config.md", "buttons", "after");
    const { buttons, after } = await run(admin.client);
    assert.deepEqual(buttons.map(([name]) => name), ["email", "magic-link", "sign-up"]);
    assert.deepEqual(after.clients, [{ id: "main", kind: "postmark", fromEmail: "auth@example.com", config: { apiKey: "********" } }]);
  });
  await check("admin-config: a method that is off sends nothing and signs nobody in", async () => {
    await refused(403, "AUTH_METHOD_DISABLED", visitor.client.signIn.magicLink({ email: "ada@example.com" }));
    assert.equal(mails.length, 1);
    const { status, json } = await visitor.get(`/magic-link/verify?token=${mails[0].token}`);
    assert.deepEqual([status, json.code], [403, "AUTH_METHOD_DISABLED"]);
    assert.equal((await data(call(visitor, "/public-auth"))).methods["magic-link"].enabled, false);
    await data(visitor.client.signIn.email({ email: "ada@example.com", password: "password123" }));
  });
  await check("admin-config: it is on again, and the link of before works", async () => {
    await data(call(admin, "/auth-methods", { "magic-link": { enabled: true, label: "Link" } }));
    const { status } = await app.browser().get(`/magic-link/verify?token=${mails[0].token}`);
    assert.equal(status, 200);
    assert.deepEqual((await data(call(visitor, "/public-auth"))).methods["magic-link"], { enabled: true, label: "Link" });
  });
  await check("admin-config: an administrator does not lock herself out", async () => {
    await refused(400, "ADMIN_CONFIG_LAST_METHOD", call(admin, "/auth-methods", { email: { enabled: false }, "magic-link": { enabled: false } }));
    await refused(400, "VALIDATION_ERROR", call(admin, "/auth-methods", { telepathy: { enabled: false } }));
  });
  await check("admin-config: who has read something old reads again", async () => {
    const before = await data(call(admin, "/stripe", { mode: "test", apiKey: "sk_1" }));
    await refused(409, "ADMIN_CONFIG_CONFLICT", call(admin, "/stripe", { mode: "live" }));
    await app.at(minute);
    const after = await data(call(admin, "/stripe", { mode: "live", apiKey: "********" }, { updatedAt: before.updatedAt }));
    assert.deepEqual(after.stripe, { mode: "live", apiKey: "********" });
  });
}

async function auditLog(run) {
  const app = await run.app({}, {
    plugins: [{ factory: "admin", options: {} }, { factory: "organization", options: {} }, { factory: "auditLog", options: {} }],
    clientPlugins: ({ adminClient, organizationClient }) => [adminClient(), organizationClient()],
  });
  const [admin, visitor] = [app.browser(), app.browser()];
  const data = async (promise) => {
    const { data, error } = await promise;
    assert.equal(error, null, JSON.stringify(error));
    return data;
  };
  const refused = async (status, code, promise) => {
    const { error } = await promise;
    assert.deepEqual([error?.status, error?.code], [status, code], JSON.stringify(error));
    assert.ok(error.message);
  };
  await data(admin.client.signUp.email({ email: "ada@example.com", password: "password123", name: "Ada" }));
  await data(visitor.client.signUp.email({ email: "bob@example.com", password: "password123", name: "Bob" }));
  await check("audit-log: only administrators list the events of everybody", async () => {
    await refused(401, "UNAUTHORIZED", app.browser().client.$fetch("/audit-log/list-all"));
    await refused(403, "AUDIT_LOG_FORBIDDEN", visitor.client.$fetch("/audit-log/list-all"));
    await refused(403, "AUDIT_LOG_FORBIDDEN", visitor.client.$fetch("/audit-log/list-organization", { query: { organizationId: "x" } }));
  });
  await app.db("update", { model: "user", where: [{ field: "email", value: "ada@example.com" }], update: { role: "admin" } });
  await check("audit-log: the code of the page runs", async () => {
    assert.ok((await app.browser().client.signIn.email({ email: "bob@example.com", password: "password124" })).error);
    const run = await snippet("audit-log.md", "mine", "failed");
    const { mine, failed } = await run(admin.client);
    assert.deepEqual(mine.records.map((r) => r.event).sort(), ["sign-in", "sign-up"]);
    assert.equal(failed.total, 1);
    assert.equal(failed.records[0].data.path, "/sign-in/email");
  });
  await check("audit-log: an organization has its events", async () => {
    const organization = await data(visitor.client.organization.create({ name: "Acme", slug: "acme" }));
    const list = await data(visitor.client.$fetch("/audit-log/list-organization", { query: { organizationId: organization.id } }));
    assert.deepEqual([list.total, list.records[0].event, list.records[0].ipAddress], [1, "organization.created", null]);
  });
}

const outside = new Outside();
const servers = [];
try {
  await outside.start();
  for (const [framework, adapter] of [["gin", "memory"], ["fiber", "gorm-sqlite"]]) {
    const command = ["go", "run", "./wirecheck/cmd/control", "-addr", "127.0.0.1:0", "-framework", framework, "-adapter", adapter];
    const server = await startServer("subject", command, { cwd: repository });
    servers.push(server);
    for (const release of ["this", "next"]) {
      console.log(`${framework} on ${adapter}, the client of ${release === "this" ? "1.6" : "1.7"}, pages at ${ORIGIN}`);
      const run = new Run(server, outside, release);
      await adminConfig(run);
      await auditLog(run);
      await run.close();
    }
  }
  console.log(`all ${step} steps hold`);
} catch (error) {
  console.error(error);
  process.exitCode = 1;
} finally {
  await Promise.all(servers.map((server) => server.stop()));
  outside.stop();
  closeConnections();
}
