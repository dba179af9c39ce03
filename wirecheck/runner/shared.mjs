/**
 * Two servers, one database file, one secret: what one of them begins the
 * other carries on, at the same time and both ways.
 *
 *     node runner/shared.mjs           Better Auth and the Go server
 *     node runner/shared.mjs --self    Better Auth and Better Auth
 *
 * SQLite in WebAssembly has no write-ahead log and locks in its own way, so
 * the file must be in journal mode DELETE and the servers take turns.
 */
import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { Run } from "./app.mjs";
import { Authenticator } from "./authenticator.mjs";
import { Outside } from "./outside.mjs";
import { callback, minute, START, withMail } from "./scenarios/kit.mjs";
import { organization, shop } from "./scenarios/organization-kit.mjs";
import { closeConnections, startServer } from "./servers.mjs";
import { totp } from "./totp.mjs";

const { values: flags } = parseArgs({ options: { self: { type: "boolean", default: false } } });
const wirecheck = dirname(dirname(fileURLToPath(import.meta.url)));
const repository = dirname(wirecheck);
const referenceCommand = [process.execPath, join(wirecheck, "reference", "server.mjs"), "--addr", "127.0.0.1:0"];
const goCommand = ["go", "run", "./wirecheck/cmd/control", "-addr", "127.0.0.1:0", "-framework", "gin", "-adapter", "gorm-sqlite"];

const companyOptions = { ...shop.options, teams: { enabled: true }, dynamicAccessControl: { enabled: true } };

/** Plays the whole relay with `a` opening every leg. */
async function relay(name, a, b) {
  const [one, two] = [a.browser(), b.browser()];
  const expect = (answer, status, what) => assert.equal(answer.status, status, `${name}: ${what}: ${answer.status} ${answer.body}`);
  const email = `${name.replaceAll(" ", "-")}@example.com`;
  expect(await one.signUp({ email }), 200, "sign-up on the first");
  expect(await two.signIn({ email }), 200, "password made by the first, checked by the second");

  const carried = one.twin();
  carried.app = b;
  const session = await carried.get("/get-session");
  assert.equal(session.json?.user?.email, email, `${name}: the second knows the cookie of the first: ${session.body}`);
  const listed = await carried.get("/list-sessions");
  assert.equal(listed.json?.length, 2, `${name}: sessions made by both: ${listed.body}`);

  expect(await carried.post("/update-user", { name: "Changed" }), 200, "update on the second");
  assert.equal((await one.get("/get-session?disableCookieCache=true")).json.user.name, "Changed", `${name}: the first sees the update`);

  expect(await one.post("/request-password-reset", { email }), 200, "reset asked of the first");
  const { token } = a.last("sendResetPassword");
  expect(await two.post("/reset-password", { token, newPassword: "password456" }), 200, "reset done by the second");
  expect(await a.browser().signIn({ email, password: "password456" }), 200, "new password checked by the first");
  expect(await a.browser().signIn({ email }), 401, "old password refused by the first");

  expect(await one.post("/send-verification-email", { email }), 200, "verification asked of the first");
  expect(await b.browser().get(`/verify-email?token=${a.last("sendVerificationEmail").token}`), 200, "verification done by the second");
  assert.equal((await one.get("/get-session?disableCookieCache=true")).json.user.emailVerified, true, `${name}: the first sees it`);

  expect(await carried.post("/sign-out"), 200, "sign-out on the second");
  assert.equal((await one.get("/get-session?disableCookieCache=true")).body, "null", `${name}: the first knows`);
}

/** Plays the life of an organization: what `a` begins, `b` carries on, and the other way around. */
async function company(name, a, b) {
  const [alice, bob] = [a.browser(), b.browser()];
  const path = (route) => `/organization/${route}`;
  const done = async (what, request, status = 200) => {
    const answer = await request;
    assert.equal(answer.status, status, `${name}: ${what}: ${answer.status} ${answer.body}`);
    return answer.json;
  };
  const slug = name.replaceAll(" ", "-");
  await done("Alice's sign-up", alice.signUp({ email: `alice-${slug}@example.com` }));
  const { user } = await done("Bob's sign-up", bob.signUp({ email: `bob-${slug}@example.com`, name: "Bob" }));
  await a.db("update", { model: "user", where: [{ field: "id", value: user.id }], update: { emailVerified: true } });
  await done("Bob's session, as it is now", bob.get("/get-session?disableCookieCache=true"));

  const org = await done("an organization made by the first", alice.post(path("create"), { name: "Acme", slug, metadata: { plan: "pro" } }));
  const elsewhere = alice.twin();
  elsewhere.app = b;
  assert.equal((await elsewhere.get("/get-session?disableCookieCache=true")).json.session.activeOrganizationId, org.id, `${name}: the second knows which is active`);
  assert.deepEqual((await done("its list", elsewhere.get(path("list")))).map((o) => [o.id, o.metadata]), [[org.id, '{"plan":"pro"}']]);
  // A cookie cache does not know of the new organization yet, so it is named.
  const organizationId = org.id;
  const at = `?organizationId=${org.id}`;
  assert.equal((await done("its full form", elsewhere.get(path("get-full-organization") + at))).teams.length, 1, `${name}: the default team`);

  const team = await done("a team made by the second", elsewhere.post(path("create-team"), { name: "Blue", organizationId }));
  const role = { organizationId, role: "helper", permission: { project: ["share"] } };
  await done("a role made by the second", elsewhere.post(path("create-role"), role));
  const invitation = await done("an invitation made by the first", alice.post(path("invite-member"), { email: `bob-${slug}@example.com`, role: "helper", teamId: team.id, organizationId }));
  assert.equal((await done("invitations of Bob", bob.get(path("list-user-invitations")))).length, 1, `${name}: Bob is invited`);
  await done("its acceptance on the second", bob.post(path("accept-invitation"), { invitationId: invitation.id }));
  await done("the same on the first", alice.post(path("cancel-invitation"), { invitationId: "unknown" }), 400);

  const bobElsewhere = bob.twin();
  bobElsewhere.app = a;
  assert.equal((await done("Bob's membership on the first", bobElsewhere.get(path("get-active-member-role") + at))).role, "helper");
  assert.equal((await done("Bob's permission by the role", bobElsewhere.post(path("has-permission"), { permissions: role.permission, organizationId }))).success, true, `${name}: the role counts`);
  assert.equal((await done("Bob's team", bobElsewhere.get(`${path("list-team-members")}?teamId=${team.id}`))).length, 1, `${name}: Bob is in the team`);
  await done("a second acceptance", bobElsewhere.post(path("accept-invitation"), { invitationId: invitation.id }), 400);

  await done("no active organization, set on the second", elsewhere.post(path("set-active"), { organizationId: null }));
  assert.equal((await alice.get("/get-session?disableCookieCache=true")).json.session.activeOrganizationId, null, `${name}: the first sees it`);
  await done("Bob leaves on the first", bobElsewhere.post(path("leave"), { organizationId }));
  await done("and is gone on the second", bob.get(path("get-full-organization") + at), 403);
  await done("the end on the second", elsewhere.post(path("delete"), { organizationId }));
  assert.deepEqual(await done("nothing left on the first", alice.get(path("list"))), []);
}

/** Passkeys made on `a` sign in on `b`, and ceremonies begun on one are finished on the other. */
async function passkeys(name, a, b) {
  const done = async (what, request, status = 200) => {
    const answer = await request;
    assert.ok([status].flat().includes(answer.status), `${name}: ${what}: ${answer.status} ${answer.body}`);
    return answer.json;
  };
  const register = "/passkey/generate-register-options";
  const authenticate = "/passkey/generate-authenticate-options";
  const on = (app, browser) => Object.assign(browser.twin(), { app });
  const email = `${name.replaceAll(" ", "-")}@example.com`;
  const browser = a.browser();
  const key = new Authenticator(name);
  await done("sign-up on the first", browser.signUp({ email }));
  const options = await done("registration begun on the first", browser.get(register));
  const made = await done("and finished there", browser.post("/passkey/verify-registration", { response: key.create(options), name: "first" }));

  const there = b.browser();
  const request = await done("sign-in begun on the second", there.get(authenticate));
  const signedIn = await done("and finished there", there.post("/passkey/verify-authentication", { response: key.get(request) }));
  assert.equal(signedIn.user.email, email, `${name}: the second knows the passkey of the first`);
  const back = await done("the list on the second", on(b, browser).get("/passkey/list-user-passkeys"));
  assert.deepEqual(back.map(({ id, counter }) => [id, counter]), [[made.id, 2]], `${name}: with the counter`);
  await done("a counter that the second has seen, on the first", signIn(a.browser(), key, { counter: 2 }), [400, 401]);

  const other = new Authenticator(`${name} again`);
  const begun = await done("registration begun on the first", on(a, browser).get(register));
  const crossing = on(a, browser);
  const challenge = await done("another", crossing.get(register));
  assert.equal(begun.excludeCredentials.length, 1, `${name}: the first passkey is excluded`);
  await done("and finished on the second", on(b, crossing).post("/passkey/verify-registration", { response: other.create(challenge) }));
  const visitor = a.browser();
  const half = await done("sign-in begun on the first", visitor.get(authenticate));
  await done("and finished on the second", on(b, visitor).post("/passkey/verify-authentication", { response: other.get(half) }));
  await done("the same again on the first", visitor.post("/passkey/verify-authentication", { response: other.get(half) }), 400);

  await done("renamed on the second", on(b, browser).post("/passkey/update-passkey", { id: made.id, name: "second" }));
  assert.ok((await done("seen by the first", browser.get("/passkey/list-user-passkeys"))).some((k) => k.name === "second"));
  await done("deleted on the second", on(b, browser).post("/passkey/delete-passkey", { id: made.id }));
  await done("unknown to the first", signIn(a.browser(), key), 401);
}

async function signIn(browser, key, forge) {
  const { json } = await browser.get("/passkey/generate-authenticate-options");
  return browser.post("/passkey/verify-authentication", { response: key.get(json, forge) });
}

/** Plays a second factor that `a` makes and both verify. */
async function secondFactor(name, a, b) {
  const expect = (answer, status, what) => assert.equal(answer.status, status, `${name}: ${what}: ${answer.status} ${answer.body}`);
  const email = `${name.replaceAll(" ", "-")}@two.example.com`;
  const password = "password123";
  /** No code is used twice: the clock of both goes on. */
  const later = async () => {
    for (const app of [a, b]) await app.at(app.now - START + minute);
  };
  const on = (browser, app) => Object.assign(browser.twin(), { app });
  /** A sign-in whose steps are done by two servers. */
  const signIn = async (first, second, path, body, what) => {
    const browser = first.browser();
    const challenge = await browser.signIn({ email });
    assert.equal(challenge.json?.twoFactorRedirect, true, `${name}: ${what}: no challenge: ${challenge.body}`);
    const guest = on(browser, second);
    expect(await guest.post(`/two-factor/${path}`, typeof body === "function" ? await body(on(browser, first)) : body), 200, what);
    assert.equal((await guest.get("/get-session")).json?.user?.email, email, `${name}: ${what}: no session`);
    await later();
    return guest;
  };

  const home = a.browser();
  expect(await home.signUp({ email }), 200, "sign-up");
  const { json } = await home.post("/two-factor/enable", { password });
  const { totpURI, backupCodes } = json;
  const moved = on(home, b);
  expect(await moved.post("/two-factor/verify-totp", { code: totp(b, totpURI) }), 200, "secret of the first, switched on by the second");
  await later();
  assert.equal((await moved.post("/two-factor/get-totp-uri", { password })).json?.totpURI, totpURI, `${name}: the second reads the secret`);
  await signIn(a, b, "verify-totp", { code: totp(b, totpURI) }, "challenge of the first, code at the second");
  await signIn(b, a, "verify-totp", { code: totp(a, totpURI) }, "challenge of the second, code at the first");
  await signIn(a, b, "verify-backup-code", { code: backupCodes[0] }, "backup code of the first at the second");
  await signIn(b, a, "verify-backup-code", { code: backupCodes[1] }, "and what the second has left of them at the first");
  const sent = (app) => async (browser) => {
    expect(await browser.post("/two-factor/send-otp"), 200, "send");
    return { code: app.last("sendOTP").otp };
  };
  await signIn(a, b, "verify-otp", sent(a), "code sent by the first at the second");
  await signIn(b, a, "verify-otp", sent(b), "code sent by the second at the first");
  const device = await signIn(a, b, "verify-totp", { code: totp(b, totpURI), trustDevice: true }, "a device is trusted by the second");
  for (const app of [a, b, a]) {
    device.app = app;
    const answer = await device.signIn({ email });
    assert.ok(answer.json?.token, `${name}: a trusted device: ${answer.body}`);
  }
  const renewed = await moved.post("/two-factor/generate-backup-codes", { password });
  await signIn(a, a, "verify-backup-code", { code: renewed.json.backupCodes[0] }, "new codes of the second at the first");
  expect(await moved.post("/two-factor/disable", { password }), 200, "disabled by the second");
  assert.ok((await a.browser().signIn({ email })).json?.token, `${name}: the first knows that it is off`);
}

const plugins = [{ factory: "twoFactor", options: { otpOptions: { sendOTP: callback("sendOTP") } } }];
const outside = new Outside();
const folder = await mkdtemp(join(tmpdir(), "wirecheck-shared-"));
const servers = [];
const runs = [];
try {
  await outside.start();
  const started = await Promise.allSettled([
    startServer("reference", referenceCommand, { cwd: wirecheck }),
    startServer("subject", flags.self ? referenceCommand : goCommand, { cwd: flags.self ? wirecheck : repository }),
  ]);
  for (const { value } of started) if (value) servers.push(value);
  for (const { reason } of started) if (reason) throw reason;
  const both = async (strategy) => {
    const path = join(folder, `${strategy ?? "plain"}.sqlite`);
    const options = { ...withMail, ...(strategy ? { session: { cookieCache: { enabled: true, strategy } } } : {}) };
    const apps = [];
    for (const server of servers) {
      const run = new Run(server, outside);
      runs.push(run);
      apps.push(await run.app(options, { database: { kind: "sqlite", path }, plugins: [...plugins, organization(companyOptions), { id: "passkey", factory: "passkey" }] }));
    }
    const label = strategy ? `cookie cache ${strategy}` : "no cookie cache";
    await relay(`${label} from the reference`, apps[0], apps[1]);
    await relay(`${label} from the subject`, apps[1], apps[0]);
    await company(`organization ${label} from the reference`, apps[0], apps[1]);
    await company(`organization ${label} from the subject`, apps[1], apps[0]);
    await passkeys(`passkeys ${label} from the reference`, apps[0], apps[1]);
    await passkeys(`passkeys ${label} from the subject`, apps[1], apps[0]);
    await secondFactor(`${label} from the reference`, apps[0], apps[1]);
    await secondFactor(`${label} from the subject`, apps[1], apps[0]);
    console.log(`✓ ${label}, both ways`);
  };
  const played = await Promise.allSettled([null, "compact", "jwt", "jwe"].map(both));
  for (const { reason } of played) if (reason) throw reason;
} catch (error) {
  console.error(error);
  process.exitCode = 1;
} finally {
  for (const run of runs) await run.close().catch(() => {});
  await Promise.all(servers.map((server) => server.stop()));
  outside.stop();
  closeConnections();
  await rm(folder, { recursive: true, force: true });
}
