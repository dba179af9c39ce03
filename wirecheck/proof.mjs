/**
 * The first proof: the unchanged official client against the Gin quickstart.
 *
 *     node proof.mjs                        starts `go run ./examples/gin`
 *     node proof.mjs -- COMMAND ARGS…       starts another server
 *     BASE_URL=… MAIL_LOG=FILE node proof.mjs
 *                                           uses a running server whose output goes to FILE
 *
 * The server prints `listening on URL` and every mail as a line
 * `{"mail":{"kind","to","url","token"}}`. Exit code 0: every step held.
 */
import assert from "node:assert/strict";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { createAuthClient } from "better-auth/client";
import { organizationClient } from "better-auth/client/plugins";
import { Jar } from "./runner/jar.mjs";
import { closeConnections, exchange, startServer } from "./runner/servers.mjs";

const repository = dirname(dirname(fileURLToPath(import.meta.url)));

/** Mails the server has logged, in order. */
const mails = [];

function readMail(line) {
  if (!line.startsWith('{"mail"')) return;
  mails.push(JSON.parse(line).mail);
}

/** Waits for a mail that was not looked at yet. */
async function mail(kind, to) {
  for (const end = Date.now() + 60_000; Date.now() < end; await wait(50)) {
    if (process.env.MAIL_LOG) {
      mails.length = 0;
      for (const line of (await readFile(process.env.MAIL_LOG, "utf8")).split("\n")) readMail(line);
    }
    const found = mails.findLast((m) => m.kind === kind && m.to === to && !seen.has(m.token));
    if (found) {
      seen.add(found.token);
      return found;
    }
  }
  throw new Error(`no ${kind} mail to ${to} after 10 s`);
}
const seen = new Set();

/** A browser: cookies, and the official client on top of them. */
class Browser {
  jar = new Jar();

  /** @param {string} base */
  constructor(base) {
    this.base = base;
    this.client = createAuthClient({ baseURL: base, plugins: [organizationClient()], fetchOptions: { customFetchImpl: (url, init) => this.fetch(url, init) } });
  }

  async fetch(url, init = {}) {
    const { pathname, search } = new URL(url, this.base);
    const cookie = this.jar.header({ secure: this.base.startsWith("https:"), now: Date.now() });
    const message = {
      method: init.method ?? "GET",
      path: pathname + search,
      headers: { ...Object.fromEntries(new Headers(init.headers)), host: new URL(this.base).host, "user-agent": "wirecheck proof", origin: this.base, ...(cookie ? { cookie } : {}) },
      body: init.body ?? undefined,
    };
    let answer = await exchange(this.base, message);
    if (answer.status === 429) {
      const seconds = Number(answer.headers.find(([name]) => name === "x-retry-after")?.[1] ?? 10);
      console.log(`  … ${message.path} is limited, waiting ${seconds} s as asked`);
      await wait(seconds * 1000 + 100);
      answer = await exchange(this.base, message);
    }
    this.jar.store(answer.headers.filter(([name]) => name === "set-cookie").map(([, line]) => line), Date.now());
    const headers = answer.headers.filter(([name]) => !["set-cookie", "content-length", "transfer-encoding", "connection"].includes(name));
    return new Response([204, 304].includes(answer.status) ? null : answer.body, { status: answer.status, headers });
  }
}

/** The data of an answer that must be a success. */
async function data(promise) {
  const { data, error } = await promise;
  assert.equal(error, null, `refused: ${JSON.stringify(error)}`);
  return data;
}

/** The error of an answer that must be a refusal with this status. */
async function refused(status, promise) {
  const { error } = await promise;
  assert.ok(error, "was not refused");
  assert.equal(error.status, status, JSON.stringify(error));
  assert.ok(error.code && error.message, "a refusal carries code and message");
  return error;
}

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

async function prove(base) {
  const one = new Browser(base);
  const two = new Browser(base);
  const email = `alice-${Date.now()}@example.com`;
  const [first, second, third] = ["correct horse 1", "battery staple 2", "purple monkey 3"];

  await check("sign up", async () => {
    const answer = await data(one.client.signUp.email({ email, password: first, name: "Alice" }));
    assert.equal(answer.user.email, email);
    assert.equal(answer.user.name, "Alice");
    assert.equal(answer.user.emailVerified, false);
    assert.ok(answer.token);
    assert.ok(one.jar.names().some((name) => name.endsWith("better-auth.session_token")), "sets the session cookie");
  });
  await check("a second sign-up with the address is refused", async () => {
    const { error } = await two.client.signUp.email({ email, password: first, name: "Mallory" });
    assert.ok(error && [409, 422].includes(error.status), JSON.stringify(error));
  });
  await check("a short password is refused", async () => {
    const error = await refused(400, two.client.signUp.email({ email: `x${email}`, password: "short", name: "X" }));
    assert.equal(error.code, "PASSWORD_TOO_SHORT");
  });
  await check("get session", async () => {
    const { user, session } = await data(one.client.getSession());
    assert.equal(user.email, email);
    assert.equal(session.userId, user.id);
    assert.ok(new Date(session.expiresAt) > new Date());
  });
  await check("sign out", async () => {
    assert.equal((await data(one.client.signOut())).success, true);
    assert.equal(await data(one.client.getSession()), null);
    await refused(401, one.client.listSessions());
  });
  await check("a wrong password is refused", () => refused(401, one.client.signIn.email({ email, password: "wrong password" })));
  await check("sign in", async () => {
    assert.equal((await data(one.client.signIn.email({ email, password: first }))).user.email, email);
    assert.equal((await data(one.client.getSession())).user.email, email);
  });
  await check("list sessions", async () => {
    await data(two.client.signIn.email({ email, password: first }));
    assert.equal((await data(one.client.listSessions())).length, 2);
  });
  await check("revoke a session", async () => {
    const other = (await data(two.client.getSession())).session;
    assert.equal((await data(one.client.revokeSession({ token: other.token }))).status, true);
    assert.equal(await data(two.client.getSession()), null);
    assert.equal((await data(one.client.listSessions())).length, 1);
  });
  await check("list accounts", async () => {
    assert.deepEqual((await data(one.client.listAccounts())).map((account) => account.providerId), ["credential"]);
  });
  await check("change password", async () => {
    await refused(400, one.client.changePassword({ currentPassword: "wrong password", newPassword: second }));
    await data(one.client.changePassword({ currentPassword: first, newPassword: second, revokeOtherSessions: true }));
    assert.equal((await data(one.client.getSession())).user.email, email);
    await refused(401, two.client.signIn.email({ email, password: first }));
  });
  await check("request and reset password", async () => {
    await data(two.client.requestPasswordReset({ email, redirectTo: "/?view=reset" }));
    const letter = await mail("reset-password", email);
    const landed = await two.fetch(letter.url);
    assert.equal(landed.status, 302);
    const target = new URL(landed.headers.get("location"), base);
    assert.equal(target.origin, base);
    assert.equal(target.searchParams.get("view"), "reset");
    const token = target.searchParams.get("token");
    assert.equal(token, letter.token);
    assert.equal((await data(two.client.resetPassword({ newPassword: third, token }))).status, true);
    assert.equal((await refused(400, two.client.resetPassword({ newPassword: second, token }))).code, "INVALID_TOKEN");
    assert.equal((await data(two.client.signIn.email({ email, password: third }))).user.email, email);
  });
  await check("no mail to strangers, the same answer", async () => {
    const before = mails.length;
    await data(new Browser(base).client.requestPasswordReset({ email: `nobody-${email}`, redirectTo: "/" }));
    await wait(200);
    assert.equal(mails.filter((m) => m.to === `nobody-${email}`).length, 0);
    assert.ok(mails.length >= before);
  });
  await check("verify e-mail", async () => {
    for (const { token } of mails) seen.add(token); // the link of the sign-up ended with the password's change
    await data(two.client.sendVerificationEmail({ email, callbackURL: "/" }));
    const letter = await mail("verify-email", email);
    const landed = await two.fetch(letter.url);
    assert.equal(landed.status, 302);
    assert.equal((await data(two.client.getSession({ query: { disableCookieCache: true } }))).user.emailVerified, true);
  });
  await check("update user", async () => {
    assert.equal((await data(two.client.updateUser({ name: "Alice B." }))).status, true);
    assert.equal((await data(two.client.getSession())).user.name, "Alice B.");
  });
  await check("create and list organizations", async () => {
    const slug = `acme-${Date.now()}`;
    const { id, members } = await data(two.client.organization.create({ name: "Acme", slug }));
    assert.deepEqual(members.map((member) => member.role), ["owner"]);
    assert.deepEqual((await data(two.client.organization.list())).map((organization) => organization.slug), [slug]);
    assert.equal((await data(two.client.getSession())).session.activeOrganizationId, id);
    assert.equal((await (await two.fetch("/organization")).json()).slug, slug, "the application's own route knows it");
    await refused(400, two.client.organization.checkSlug({ slug }));
  });
  await check("invite somebody to an organization", async () => {
    const guest = new Browser(base);
    const address = `bob-${Date.now()}@example.com`;
    await data(guest.client.signUp.email({ email: address, password: first, name: "Bob" }));
    assert.equal((await guest.fetch("/organization")).status, 400, "no organization is active");
    const { organizationId } = await data(two.client.organization.inviteMember({ email: address, role: "member" }));
    const invitationId = (await mail("invitation", address)).token;
    assert.equal((await refused(403, guest.client.organization.acceptInvitation({ invitationId }))).code, "EMAIL_VERIFICATION_REQUIRED_BEFORE_ACCEPTING_OR_REJECTING_INVITATION");
    await guest.fetch((await mail("verify-email", address)).url);
    await data(guest.client.organization.acceptInvitation({ invitationId }));
    assert.equal((await data(two.client.organization.listMembers())).total, 2);
    await refused(400, two.client.organization.leave({ organizationId }));
    await data(two.client.organization.delete({ organizationId }));
  });
  await check("delete user", async () => {
    const { message } = await data(two.client.deleteUser({ password: third, callbackURL: "/" }));
    if (message !== "User deleted") {
      const letter = await mail("delete-account", email);
      await two.fetch(letter.url);
    }
    assert.equal(await data(two.client.getSession()), null);
    await refused(401, new Browser(base).client.signIn.email({ email, password: third }));
  });
}

const separator = process.argv.indexOf("--");
const command = separator === -1 ? ["go", "run", "./examples/gin"] : process.argv.slice(separator + 1);
let server;
let folder;
try {
  let base = process.env.BASE_URL?.replace(/\/$/, "");
  if (!base) {
    folder = await mkdtemp(join(tmpdir(), "kernia-proof-"));
    const env = { ...process.env, PORT: "0", DATABASE: join(folder, "quickstart.sqlite") };
    server = await startServer("quickstart", command, { cwd: repository, env, onLine: readMail });
    base = server.url;
  }
  await prove(base);
  console.log(`all ${step} steps hold`);
} catch (error) {
  console.error(error);
  process.exitCode = 1;
} finally {
  await server?.stop();
  closeConnections();
  if (folder) await rm(folder, { recursive: true, force: true });
}
