/**
 * Two servers, one database file, one secret: what one of them begins the
 * other carries on, at the same time and both ways.
 *
 *     node runner/shared.mjs           Better Auth and the Go server
 *     node runner/shared.mjs --self    Better Auth and Better Auth
 *     … --provided                     sign-in with providers alone
 *     … --providing                    clients of the OAuth provider alone
 *
 * SQLite in WebAssembly has no write-ahead log and locks in its own way, so
 * the file must be in journal mode DELETE and the servers take turns.
 */
import { createLocalJWKSet, decodeProtectedHeader, jwtVerify } from "jose";
import { domain, siweMessage, wallet } from "./scenarios/siwe-kit.mjs";
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
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
import { asked, post as postResponse, registration, response } from "./scenarios/sso-saml-kit.mjs";
import { closeConnections, startServer } from "./servers.mjs";
import { totp } from "./totp.mjs";

const { values: flags } = parseArgs({ options: { self: { type: "boolean", default: false }, provided: { type: "boolean", default: false }, providing: { type: "boolean", default: false } } });
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

/** Plays a visit that begins at `a` and is kept at `b`. */
async function visits(name, a, b) {
  const email = `${name.replaceAll(" ", "-")}@visits.example.com`;
  const browser = a.browser();
  const { json } = await browser.post("/sign-in/anonymous", {});
  assert.ok(json?.user?.isAnonymous, `${name}: a visit`);
  const second = Object.assign(browser.twin(), { app: b });
  assert.equal((await second.get("/get-session")).json?.user?.isAnonymous, true, `${name}: the visit is known to the second`);
  assert.equal((await second.signUp({ email })).status, 200, `${name}: kept by the second`);
  assert.equal((await browser.get("/get-session?disableCookieCache=true")).json, null, `${name}: the visit is over at the first`);
  assert.equal((await Object.assign(second.twin(), { app: a }).get("/get-session")).json?.user?.email, email, `${name}: the account is known to the first`);
}

/** Plays a user name that `a` stores and both know. */
async function named(name, a, b) {
  const expect = (answer, status, what) => assert.equal(answer.status, status, `${name}: ${what}: ${answer.status} ${answer.body}`);
  const username = `User_${name.split(" ").at(-1)}`;
  const password = "password123";
  const email = `${username.toLowerCase()}@names.example.com`;
  expect(await a.browser().signUp({ email, username }), 200, "sign-up on the first");
  expect(await b.browser().signUp({ email: `x${email}`, username: username.toUpperCase() }), 400, "the name is taken on the second");
  for (const app of [a, b]) expect(await app.browser().post("/sign-in/username", { username, password }), 200, "sign-in");
}

/** Plays a wallet: a nonce that `a` makes signs in on `b`, as the user of the other. */
async function wallets(name, a, b) {
  const expect = (answer, status, what) => {
    assert.equal(answer.status, status, `${name}: ${what}: ${answer.status} ${answer.body}`);
    return answer.json;
  };
  const body = { walletAddress: wallet, chainId: 1 };
  const ids = [];
  for (const [from, to] of [[a, b], [b, a]]) {
    const { nonce } = expect(await from.browser().post("/siwe/nonce", body), 200, "a nonce");
    const proof = { ...body, message: siweMessage({ nonce }), signature: "good" };
    ids.push(expect(await to.browser().post("/siwe/verify", proof), 200, "sign-in with it on the other").user.id);
    expect(await from.browser().post("/siwe/verify", proof), 401, "it is used up");
  }
  assert.equal(ids[0], ids[1], `${name}: one user`);
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
  const plain = (uri) => uri?.replace(/issuer=[^&]*/, (issuer) => issuer.replaceAll("+", "%20")); // docs/compatibility.md#issuers-of-authenticator-apps
  assert.equal(plain((await moved.post("/two-factor/get-totp-uri", { password })).json?.totpURI), plain(totpURI), `${name}: the second reads the secret`);
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

/** Plays links in mails: each is made by one server and opened at the other. */
async function magicLinks(name, a, b) {
  const email = `${name.replaceAll(" ", "-")}@magic.example.com`;
  const target = (answer) => answer.headers.find(([header]) => header === "location")?.[1];
  /** A link of one server, opened at another. */
  const follow = async (first, second, want) => {
    const sent = await first.browser().post("/sign-in/magic-link", { email, name: "Ada", callbackURL: "/home", newUserCallbackURL: "/welcome", errorCallbackURL: "/sorry" });
    assert.equal(sent.status, 200, `${name}: a link: ${sent.body}`);
    const { url } = first.last("sendMagicLink");
    const browser = second.browser();
    const answer = await browser.open(url);
    assert.equal(target(answer), `http://localhost:3000${want}`, `${name}: ${answer.status} ${answer.body}`);
    assert.equal((await browser.get("/get-session")).json?.user?.email, email, `${name}: no session`);
    for (const app of [first, second]) {
      assert.equal(target(await app.browser().open(url)), "http://localhost:3000/sorry?error=INVALID_TOKEN", `${name}: the link is used up`);
    }
  };
  await follow(a, b, "/welcome");
  await follow(b, a, "/home");
}

/** Plays codes in mails: each is made by one server and used at the other. */
async function codesByMail(name, a, b) {
  const email = `${name.replaceAll(" ", "-")}@codes.example.com`;
  const post = async (app, path, body, status, what) => {
    const answer = await app.browser().post(path, { email, ...body });
    assert.equal(answer.status, status, `${name}: ${what}: ${answer.status} ${answer.body}`);
  };
  /** Has a code made by one server. */
  const made = async (app, type) => {
    await post(app, "/email-otp/send-verification-otp", { type }, 200, "send");
    return app.last("sendVerificationOTP").otp;
  };
  for (const [first, second] of [[a, b], [b, a]]) {
    const otp = await made(first, "sign-in");
    await post(second, "/email-otp/check-verification-otp", { type: "sign-in", otp }, first === a ? 400 : 200, "check"); // nobody at first
    await post(second, "/sign-in/email-otp", { otp, name: "Ada" }, 200, "sign-in");
    for (const app of [a, b]) await post(app, "/sign-in/email-otp", { otp }, 400, "the code is used up");
    await post(second, "/email-otp/verify-email", { otp: await made(first, "email-verification") }, 200, "verification");
    await post(second, "/email-otp/reset-password", { otp: await made(first, "forget-password"), password: "password456" }, 200, "reset");
    const spent = await made(first, "sign-in");
    for (const app of [first, second, first]) await post(app, "/sign-in/email-otp", { otp: "none" }, 400, "a wrong code");
    await post(second, "/sign-in/email-otp", { otp: spent }, 403, "the attempts of both count");
    for (const app of [a, b]) await app.at(app.now - START + minute);
  }
}

/** Plays one-time tokens: each is made by one server and used at the other. */
async function oneTimeTokens(name, a, b) {
  const email = `${name.replaceAll(" ", "-")}@once.example.com`;
  const home = a.browser();
  assert.equal((await home.signUp({ email })).status, 200, `${name}: sign-up`);
  const away = Object.assign(home.twin(), { app: b });
  for (const [maker, user] of [[home, b], [away, a]]) {
    const { json, body } = await maker.get("/one-time-token/generate");
    assert.ok(json?.token, `${name}: a token: ${body}`);
    const guest = user.browser();
    const answer = await guest.post("/one-time-token/verify", { token: json.token });
    assert.equal(answer.json?.user?.email, email, `${name}: ${answer.status} ${answer.body}`);
    assert.equal((await guest.get("/get-session")).json?.user?.email, email, `${name}: no session`);
    for (const app of [a, b]) {
      assert.equal((await app.browser().post("/one-time-token/verify", { token: json.token })).status, 400, `${name}: the token is used up`);
    }
  }
}

/** Codes for a desktop application, and requests for them in a cookie: each is made by one server and taken by the other. */
async function desktop(name, a, b) {
  const expect = (answer, status, what) => {
    assert.equal(answer.status, status, `${name}: ${what}: ${answer.status} ${answer.body}`);
    return answer.json;
  };
  // RFC 7636, appendix B.
  const asked = { client_id: "electron", code_challenge: "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM=", code_challenge_method: "S256", state: "s1" };
  const credentials = { email: `${name.replaceAll(" ", "-")}@example.com`, password: "password123" };
  expect(await a.browser().signUp(credentials), 200, "sign-up");
  for (const [first, second] of [[a, b], [b, a]]) {
    const browser = first.browser();
    expect(await browser.post(`/sign-in/email?${new URLSearchParams(asked)}`, { ...credentials, password: "wrong password" }), 401, "a request is kept");
    browser.app = second;
    const { electron_authorization_code: token } = expect(await browser.post("/sign-in/email", credentials), 200, "and found by the other");
    const application = first.browser();
    const body = { token, state: "s1", code_verifier: "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk" };
    expect(await application.post("/electron/token", body), 200, "the code of the other");
    assert.equal((await application.get("/get-session")).json?.user?.email, credentials.email, `${name}: no session`);
    for (const app of [a, b]) expect(await app.browser().post("/electron/token", body), 404, "the code is used up");
  }
}

/** A device that gets its codes from `a`, is approved on `b`, and polls both. */
async function devices(name, a, b) {
  const expect = (answer, status, what) => {
    assert.equal(answer.status, status, `${name}: ${what}: ${answer.status} ${answer.body}`);
    return answer.json;
  };
  const on = (app, browser) => Object.assign(browser.twin(), { app });
  const [grant_type, client_id] = ["urn:ietf:params:oauth:grant-type:device_code", "cli"];
  const email = `${name.replaceAll(" ", "-")}@tv.example.com`;
  const browser = a.browser();
  expect(await browser.signUp({ email }), 200, "sign-up");
  for (const [first, second, third] of [[a, b, a], [a, b, b], [a, a, b]]) {
    const { device_code, user_code } = expect(await first.browser().post("/device/code", { client_id, scope: "read" }), 200, "codes");
    const poll = (app) => app.browser().post("/device/token", { grant_type, device_code, client_id });
    assert.equal(expect(await poll(b), 400, "a poll of the second").error, "authorization_pending");
    assert.equal(expect(await poll(a), 400, "and of the first at once").error, "slow_down", `${name}: both count the same polls`);
    expect(await on(first, browser).get(`/device?user_code=${user_code}`), 200, "claimed on one");
    expect(await on(second, browser).post("/device/approve", { userCode: user_code }), 200, "approved on one");
    for (const app of [a, b]) await app.at(app.now - START + minute);
    const { access_token, scope } = expect(await poll(third), 200, "redeemed on one");
    assert.equal(scope, "read");
    assert.equal(expect(await poll(a), 400, "again").error, "invalid_grant");
    for (const app of [a, b]) {
      const sessions = expect(await on(app, browser).get("/list-sessions"), 200, "the sessions");
      assert.ok(sessions.some(({ token }) => token === access_token), `${name}: the session of the device is known to both`);
    }
  }
  const { device_code, user_code } = expect(await a.browser().post("/device/code", { client_id }), 200, "codes");
  expect(await on(b, browser).get(`/device?user_code=${user_code}`), 200, "claimed on the second");
  const stranger = a.browser();
  expect(await stranger.signUp({ email: `not-${email}` }), 200, "sign-up of a stranger");
  expect(await stranger.post("/device/approve", { userCode: user_code }), 403, "approved by a stranger on the first");
  expect(await on(a, browser).post("/device/deny", { userCode: user_code }), 200, "denied on the first");
  assert.equal(expect(await b.browser().post("/device/token", { grant_type, device_code, client_id }), 400, "polled on the second").error, "access_denied");
}

/** Tokens that `a` signs, verified at both, and keys that one has made and both sign with. */
async function jsonWebTokens(name, a, b) {
  const email = `${name.replaceAll(" ", "-")}@jwt.example.com`;
  const browser = a.browser();
  assert.equal((await browser.signUp({ email })).status, 200, `${name}: sign-up`);
  for (const [first, second] of [[a, b], [b, a]]) {
    for (const app of [a, b]) await app.at(app.now - START + minute); // what a process has read of the keys is not older
    const on = (app) => Object.assign(browser.twin(), { app });
    const { token } = (await on(first).get("/token")).json ?? {};
    assert.ok(token, `${name}: a token`);
    for (const app of [first, second]) {
      const { keys } = (await on(app).get("/jwks")).json;
      const { payload } = await jwtVerify(token, createLocalJWKSet({ keys }), { currentDate: new Date(app.now), issuer: app.origin, audience: app.origin });
      assert.equal(payload.email, email, `${name}: jose, with the keys of ${app === first ? "the first" : "the second"}`);
      const verified = await app.api("verifyJWT", { body: { token } });
      assert.equal(verified.json?.payload?.sub, payload.sub, `${name}: verified by the server: ${verified.body}`);
    }
    const { kid } = decodeProtectedHeader(token);
    const other = decodeProtectedHeader((await on(second).get("/token")).json.token).kid;
    assert.equal(other, kid, `${name}: both sign with one key`);
    assert.equal((await a.db("findMany", { model: "jwks" })).length, 1, `${name}: there is one key`);
  }
  // The key ends, and the second makes the next one.
  await a.db("updateMany", { model: "jwks", where: [], update: { expiresAt: { $date: new Date(a.now).toISOString() } } });
  for (const app of [a, b]) await app.at(app.now - START + minute);
  const on = (app) => Object.assign(browser.twin(), { app });
  const next = (await on(b).get("/token")).json.token;
  for (const app of [a, b]) await app.at(app.now - START + minute);
  assert.equal((await a.api("verifyJWT", { body: { token: next } })).json?.payload?.email, email, `${name}: a key of the second, at the first`);
  assert.equal(decodeProtectedHeader((await on(a).get("/token")).json.token).kid, decodeProtectedHeader(next).kid, `${name}: and the first signs with it`);
  await a.db("deleteMany", { model: "jwks", where: [] });
  for (const app of [a, b]) await app.at(app.now - START + minute);
}

const clientSide = { redirect: "https://rp.example/callback", verifier: "verifier-0123456789-0123456789-0123456789-abc" };
clientSide.challenge = createHash("sha256").update(clientSide.verifier).digest("base64url");

/** A client made on `a`: its consents, codes, refresh tokens, access tokens and secrets count on both, as their keys do. */
async function clients(name, a, b) {
  const done = (what, answer, status = [200]) => {
    assert.ok([status].flat().includes(answer.status), `${name}: ${what}: ${answer.status} ${answer.body}`);
    return answer.json;
  };
  const on = (app) => Object.assign(browser.twin(), { app });
  const browser = a.browser();
  done("sign-up on the first", await browser.signUp({ email: `${name.replaceAll(" ", "-")}@oauth.example.com` }));
  const scope = "openid profile email offline_access";
  const register = async (app, more = {}) => done("a client", await on(app).post("/oauth2/create-client", { redirect_uris: [clientSide.redirect], client_name: name, scope, ...more }), [200, 201]);
  const client = await register(a);
  const ask = async (app, change = {}) => {
    const query = new URLSearchParams({
      response_type: "code", client_id: client.client_id, redirect_uri: clientSide.redirect, scope, state: "s", code_challenge: clientSide.challenge, code_challenge_method: "S256", ...change,
    });
    const answer = await on(app).get(`/oauth2/authorize?${query}`);
    return new URL(answer.json?.url ?? answer.location ?? "/", "http://localhost:3000");
  };
  const consent = async (app, url) => {
    assert.equal(url.pathname, "/consent", `${name}: consent is asked for: ${url}`);
    return new URL(done("consent", await on(app).post("/oauth2/consent", { accept: true, oauth_query: url.search.slice(1) })).url);
  };
  const code = async (app, change) => {
    const url = await ask(app, change);
    assert.ok(url.searchParams.get("code"), `${name}: no consent is asked for again: ${url}`);
    return url.searchParams.get("code");
  };
  const send = (app, path, form, { client_id, client_secret } = client) =>
    app.browser().request("POST", path, {
      body: new URLSearchParams(client_secret ? form : { client_id, ...form }).toString(),
      headers: {
        "content-type": "application/x-www-form-urlencoded",
        ...(client_secret && { authorization: `Basic ${Buffer.from(`${client_id}:${client_secret}`).toString("base64")}` }),
      },
    });
  const redeem = (app, value, more, by) => send(app, "/oauth2/token", { grant_type: "authorization_code", code: value, redirect_uri: clientSide.redirect, code_verifier: clientSide.verifier, ...more }, by);
  const refresh = (app, token, by) => send(app, "/oauth2/token", { grant_type: "refresh_token", refresh_token: token }, by);
  const info = (app, token) => app.browser().request("GET", "/oauth2/userinfo", { headers: { authorization: `Bearer ${token}` } });
  const introspect = async (app, token) => done("introspection", await send(app, "/oauth2/introspect", { token })).active;

  const agreed = (await consent(a, await ask(a))).searchParams.get("code");
  const first = done("a code of the first, redeemed on the second", await redeem(b, agreed));
  assert.equal((await redeem(a, agreed)).json?.error !== undefined, true, `${name}: and used up on the first`);
  const tokens = done("a code of the second, which knows the consent, redeemed on the first", await redeem(a, await code(b)));
  for (const app of [a, b]) {
    assert.equal(done("UserInfo", await info(app, tokens.access_token)).email, `${name.replaceAll(" ", "-")}@oauth.example.com`);
    assert.equal(await introspect(app, tokens.access_token), true, `${name}: an access token of the first is active`);
    const { keys } = (await on(app).get("/jwks")).json;
    const { payload } = await jwtVerify(tokens.id_token, createLocalJWKSet({ keys }), { currentDate: new Date(app.now), audience: client.client_id });
    assert.ok(payload.sub, `${name}: the id_token`);
  }
  assert.ok(first.refresh_token || first.error, `${name}: tokens of the second`);

  const second = done("a refresh token of the first, used on the second", await refresh(b, tokens.refresh_token));
  const third = done("and what comes of it on the first", await refresh(a, second.refresh_token));
  assert.equal(await introspect(b, third.access_token), true, `${name}: an access token of the first is active on the second`);
  assert.equal((await refresh(b, second.refresh_token)).status >= 400, true, `${name}: a used one is refused`);
  assert.equal((await refresh(a, third.refresh_token)).status >= 400, true, `${name}: and has ended the family`);

  const resource = done("a token for a resource, of the second", await redeem(b, await code(a, { resource: b.origin + "/api/auth" }), { resource: b.origin + "/api/auth" }));
  assert.equal(resource.access_token.split(".").length, 3, `${name}: it is a JSON Web Token`);
  assert.equal(await introspect(a, resource.access_token), true, `${name}: which the first takes`);
  done("the first's UserInfo, too", await info(a, resource.access_token));
  done("revoked on the second", await send(b, "/oauth2/revoke", { token: resource.refresh_token }));
  assert.equal((await refresh(a, resource.refresh_token)).status >= 400, true, `${name}: gone on the first`);

  const rotated = done("a new secret, of the second", await on(b).post("/oauth2/client/rotate-secret", { client_id: client.client_id }));
  assert.equal((await send(a, "/oauth2/introspect", { token: "x" })).status, 401, `${name}: the old secret has ended on the first`);
  client.client_secret = rotated.client_secret;
  const both = [];
  for (const app of [a, b]) both.push(done("the new one counts", await redeem(app, await code(app))));

  const public_ = await register(b, { token_endpoint_auth_method: "none" });
  const of = { client_id: public_.client_id };
  const url = await consent(b, await ask(b, of));
  const mobile = done("a public client of the second, on the first", await redeem(a, url.searchParams.get("code"), {}, of));
  done("and its refresh on the second", await refresh(b, mobile.refresh_token, of));

  const consents = done("consents", await on(a).get("/oauth2/get-consents"));
  const { id } = consents.find((one) => one.clientId === client.client_id);
  done("taken back on the second", await on(b).post("/oauth2/delete-consent", { id }), [200, 204]);
  assert.equal((await ask(a)).pathname, "/consent", `${name}: asked for again on the first`);
  // Better Auth 1.6 leaves the tokens of a consent that it takes back.
  if (b.kind === "subject") assert.equal((await refresh(b, both[0].refresh_token)).status >= 400, true, `${name}: and its tokens have ended`);
  done("the client is deleted on the first", await on(a).post("/oauth2/delete-client", { client_id: client.client_id }), [200, 204]);
  assert.equal((await ask(b)).searchParams.get("error"), "invalid_client", `${name}: unknown to the second`);
}

let numbers = 0;

/** Codes that `a` sends and `b` takes, and the wrong attempts that both count. */
async function phoneNumbers(name, a, b) {
  const number = `+1555${String(++numbers).padStart(7, "0")}`;
  const expect = (answer, status, what) => {
    assert.equal(answer.status, status, `${name}: ${what}: ${answer.status} ${answer.body}`);
    return answer.json;
  };
  const password = "password123";
  const send = async (app) => {
    expect(await app.browser().post("/phone-number/send-otp", { phoneNumber: number }), 200, "send");
    return app.last("sendPhoneOTP").code;
  };
  const verify = (app, code) => app.browser().post("/phone-number/verify", { phoneNumber: number, code });
  const made = expect(await verify(b, await send(a)), 200, "code of the first, sign-up at the second");
  const again = expect(await verify(a, await send(b)), 200, "code of the second, sign-in at the first");
  assert.equal(again.user.id, made.user.id, `${name}: one user`);
  const code = await send(a);
  expect(await verify(b, "nonsense"), 400, "a wrong code at the second");
  expect(await verify(a, "nonsense"), 400, "and at the first");
  expect(await verify(b, "nonsense"), 400, "and at the second again");
  expect(await verify(a, code), 403, "too many attempts, counted by both");

  expect(await a.browser().post("/phone-number/request-password-reset", { phoneNumber: number }), 200, "reset asked of the first");
  const reset = { phoneNumber: number, otp: a.last("sendPhoneResetOTP").code, newPassword: password };
  expect(await b.browser().post("/phone-number/reset-password", reset), 200, "reset done by the second");
  const browser = a.browser();
  expect(await browser.post("/sign-in/phone-number", { phoneNumber: number, password }), 200, "password of the second at the first");
  const elsewhere = Object.assign(browser.twin(), { app: b });
  expect(await elsewhere.post("/update-user", { phoneNumber: null }), 200, "number removed at the second");
  expect(await a.browser().post("/sign-in/phone-number", { phoneNumber: number, password }), 401, "and unknown to the first");
}

/** GitHub, whose person is named in the code and whose tokens are good at both servers. */
function hub() {
  let count = 0;
  return ({ url, headers, body }) => {
    const { hostname, pathname } = new URL(url);
    const named = (headers) => /^Bearer gho_(.*)_\d+$/.exec(headers.authorization ?? headers.Authorization ?? "")?.[1];
    if (url === "https://github.com/login/oauth/access_token") {
      const form = new URLSearchParams(body);
      const name = form.get("code") ?? /^ghr_(.*)_\d+$/.exec(form.get("refresh_token"))?.[1];
      count++;
      return { json: { access_token: `gho_${name}_${count}`, refresh_token: `ghr_${name}_${count}`, token_type: "bearer", scope: "read:user,user:email", expires_in: 3600 } };
    }
    if (hostname !== "api.github.com") return undefined;
    const name = named(headers);
    const email = `${name}@hub.example.com`;
    if (pathname === "/user") return { json: { id: `${name}`, name: "Ada", login: name, email } };
    if (pathname === "/user/emails") return { json: [{ email, primary: true, verified: true }] };
    return undefined;
  };
}

const IDP = "https://idp.example.com";

/** A company's provider, whose person is named in the code, and GitHub. */
function companyAndHub() {
  const github = hub();
  return (request) => {
    const { url, headers, body } = request;
    switch (url) {
      case `${IDP}/.well-known/openid-configuration`:
        return { json: { issuer: IDP, authorization_endpoint: `${IDP}/authorize`, token_endpoint: `${IDP}/token`, userinfo_endpoint: `${IDP}/userinfo`, jwks_uri: `${IDP}/keys` } };
      case `${IDP}/token`:
        return { json: { access_token: `at_${new URLSearchParams(body).get("code")}`, token_type: "bearer", expires_in: 3600 } };
      case `${IDP}/userinfo`: {
        const name = /^Bearer at_(.*)$/.exec(headers.authorization ?? headers.Authorization ?? "")?.[1];
        return { json: { sub: name, name: "Ada", email: `${name}@company.example.com` } };
      }
    }
    return github(request);
  };
}

/** Single sign-on: a provider that `a` has registered serves both, and what one begins, the other completes. */
async function signedOn(name, a, b) {
  const providerId = `sso-${name.replaceAll(" ", "-")}`;
  const admin = a.browser();
  const email = `${providerId}@example.com`;
  assert.equal((await admin.post("/sign-up/email", { name: "Admin", email, password: "password1234" })).status, 200, `${name}: an admin`);
  const oidcConfig = { clientId: "client-1234", clientSecret: "secret-of-the-client" };
  const registered = await admin.post("/sso/register", { providerId, issuer: IDP, domain: `${providerId}.example.com`, oidcConfig });
  assert.equal(registered.status, 200, `${name}: registered: ${registered.body}`);
  const elsewhere = Object.assign(admin.twin(), { app: b });
  assert.equal((await elsewhere.get(`/sso/get-provider?providerId=${providerId}`)).json.oidcConfig.clientIdLastFour, "****1234", `${name}: seen by the second`);
  for (const [first, second, want] of [[a, b, "/welcome"], [b, a, "/dashboard"]]) {
    const browser = first.browser();
    const { json } = await browser.post("/sign-in/sso", { providerId, callbackURL: "/dashboard", errorCallbackURL: "/sorry", newUserCallbackURL: "/welcome" });
    const completing = Object.assign(browser.twin(), { app: second });
    const back = await completing.get(`/sso/callback/${providerId}?code=${providerId}-ada&state=${new URL(json.url).searchParams.get("state")}`);
    assert.equal(back.headers.find(([header]) => header === "location")?.[1], want, `${name}: completed by the other: ${back.body}`);
    assert.equal((await Object.assign(completing.twin(), { app: first }).get("/get-session")).json?.user?.email, `${providerId}-ada@company.example.com`, `${name}: the session`);
  }
  assert.equal((await elsewhere.post("/sso/update-provider", { providerId, oidcConfig: { scopes: ["openid", "email"] } })).status, 200, `${name}: changed by the second`);
  const { json } = await a.browser().post("/sign-in/sso", { providerId, callbackURL: "/dashboard" });
  assert.equal(new URL(json.url).searchParams.get("scope"), "openid email", `${name}: and read by the first`);
  assert.equal((await elsewhere.post("/sso/delete-provider", { providerId })).status, 200, `${name}: deleted by the second`);
}

/**
 * Single sign-on by SAML: the other server completes what one begins, and an assertion is used at one of them.
 * Better Auth 1.6.11 stores a request and never looks it up: what a response answers is checked by the Go server alone.
 */
async function signedOnBySAML(name, a, b) {
  const provider = `saml-${name.replaceAll(" ", "-")}`;
  const admin = a.browser();
  assert.equal((await admin.post("/sign-up/email", { name: "Admin", email: `${provider}@example.com`, password: "password1234" })).status, 200, `${name}: an admin`);
  const registered = await admin.post("/sso/register", registration({}, { providerId: provider, domain: `${provider}.example.com` }));
  assert.equal(registered.status, 200, `${name}: registered: ${registered.body}`);
  const email = `ada@${provider}.example.com`;
  const on = (app, browser) => Object.assign(browser.twin(), { app });
  const target = (answer) => new URL(answer.headers.find(([header]) => header === "location")?.[1] ?? answer.body, "http://localhost:3000");
  const acs = `/sso/saml2/sp/acs/${provider}`;
  const request = async (id) => {
    const row = (await a.db("findMany", { model: "verification" })).find((row) => row.identifier === `saml-authn-request:${id}`);
    return row && JSON.parse(row.value);
  };
  const refused = async (what, request, code) => {
    const at = target(await request);
    assert.equal(at.searchParams.get("error"), code, `${name}: ${what}: ${at}`);
  };
  for (const [first, second] of [[a, b], [b, a]]) {
    const browser = first.browser();
    const begin = async () => asked((await browser.post("/sign-in/sso", { providerId: provider, callbackURL: "/welcome-back", errorCallbackURL: "/sorry" })).json.url);
    const { id, relayState } = await begin();
    const stored = await request(id);
    assert.deepEqual([stored?.id, stored?.providerId, stored?.expiresAt - stored?.createdAt], [id, provider, 5 * 60_000], `${name}: the request is stored`);
    const completing = on(second, browser);
    const back = await postResponse(completing, response(second, { provider, name: email, request: id }), relayState, acs);
    assert.equal(target(back).pathname + target(back).search, "/welcome-back", `${name}: completed by the other: ${back.body}`);
    assert.equal((await on(first, completing).get("/get-session")).json?.user?.email, email, `${name}: the session`);
    const answerAgain = (app) => postResponse(app.browser(), response(app, { provider, name: email, request: id }), undefined, acs);
    if (second.kind === "subject") {
      assert.equal(await request(id), undefined, `${name}: the request is used up`);
      await refused("another answer to it", answerAgain(second), "invalid_saml_response");
    } else if (first.kind === "subject") {
      assert.ok(await request(id), `${name}: Better Auth leaves the request`);
      assert.equal(target(await answerAgain(first)).searchParams.get("error"), null, `${name}: so another answer to it is the first that the Go server sees`);
      await refused("a third answer to it", answerAgain(first), "invalid_saml_response");
    }

    const said = response(first, { provider, name: email });
    const unasked = await postResponse(first.browser(), said, undefined, acs);
    assert.equal(target(unasked).searchParams.get("error"), null, `${name}: one that nobody has asked for: ${unasked.body}`);
    await refused("the same assertion at the other", postResponse(second.browser(), said, undefined, acs), "replay_detected");
    await refused("and where it was used", postResponse(first.browser(), said, undefined, acs), "replay_detected");
    const pending = await begin();
    for (const app of [first, second].filter((app) => app.kind === "subject"))
      await refused("an answer to a request that there is not", postResponse(app.browser(), response(app, { provider, name: email, request: `${pending.id}x` }), undefined, acs), "invalid_saml_response");
  }
  const accounts = (await a.db("findMany", { model: "account" })).filter((row) => row.providerId === provider);
  assert.equal(accounts.length, 1, `${name}: one account: ${JSON.stringify(accounts)}`);
  // The server that has accepted a response last has written the row: Better Auth an empty token, the Go server none.
  assert.ok(accounts[0].accessToken === "" || accounts[0].accessToken === null, `${name}: an account without a token: ${JSON.stringify(accounts[0])}`);
  for (const app of [a, b]) {
    const said = await postResponse(app.browser(), response(app, { provider, name: email }), undefined, acs);
    assert.equal(target(said).searchParams.get("error"), null, `${name}: the account of either's making: ${said.body}`);
  }
}

/** Sign-in with a provider: what `a` begins, `b` completes, and each reads the other's tokens. */
async function provided(name, a, b) {
  const done = async (what, request, status = 200) => {
    const answer = await request;
    assert.equal(answer.status, status, `${name}: ${what}: ${answer.status} ${answer.body}`);
    return answer;
  };
  const on = (app, browser) => Object.assign(browser.twin(), { app });
  const target = (answer) => answer.headers.find(([header]) => header === "location")?.[1];
  const person = name.replaceAll(" ", "-");
  const body = { provider: "github", callbackURL: "/dashboard", errorCallbackURL: "/sorry", newUserCallbackURL: "/welcome" };
  /** A flow begun by a browser at its server and completed at another one. */
  const flow = async (browser, second, path, want, code = person) => {
    const { json } = await done(`${path}, begun`, browser.post(path, body));
    const completing = on(second, browser);
    const back = `/callback/github?code=${code}&state=${new URL(json.url).searchParams.get("state")}`;
    const answer = await done(`${path}, completed`, completing.get(back), 302);
    assert.equal(target(answer), want, `${name}: ${path}: where the browser is sent`);
    const again = await completing.get(back);
    assert.match(target(again), /error=/, `${name}: ${path}: the state is used up`);
    return completing;
  };
  const token = async (browser, path = "/get-access-token") => (await done(path, browser.post(path, { providerId: "github" }))).json.accessToken;
  const email = `${person}@hub.example.com`;

  const there = await flow(a.browser(), b, "/sign-in/social", "/welcome");
  const home = await flow(b.browser(), a, "/sign-in/social", "/dashboard");
  for (const [app, browser] of [[a, there], [b, home]]) {
    assert.equal((await on(app, browser).get("/get-session")).json?.user?.email, email, `${name}: the session of the other server`);
  }
  const rows = async () => (await a.db("findMany", { model: "account" })).filter((row) => row.accountId === person);
  const [row] = await rows();
  assert.doesNotMatch(`${row.accessToken} ${row.refreshToken}`, /gh[or]_/, `${name}: the tokens are encrypted`);
  const first = await token(on(b, home));
  assert.match(first, /^gho_/, `${name}: the second reads what the first has encrypted`);
  const second = await token(on(b, home), "/refresh-token"); // its account cookie is the newest
  assert.notEqual(second, first, `${name}: refreshed by the second`);
  const fresh = a.browser();
  const refreshed = await flow(fresh, a, "/sign-in/social", "/dashboard");
  await done("refreshed on the second", on(b, refreshed).post("/refresh-token", { providerId: "github" }));
  assert.equal((await done("info on the first", on(a, refreshed).get(`/account-info?accountId=${person}`))).json.user.email, email);

  // The account cookie alone: the row has nothing to read any more.
  const cookie = await flow(a.browser(), b, "/sign-in/social", "/dashboard");
  assert.ok(cookie.jar.header({ secure: true, now: a.now }).includes("account_data"), `${name}: an account cookie`);
  const kept = await token(on(a, cookie));
  await a.db("update", { model: "account", where: [{ field: "id", value: row.id }], update: { accessToken: "garbage", refreshToken: null } });
  assert.equal(await token(on(a, cookie)), kept, `${name}: the first reads the account cookie of the second`);

  const linked = `linked-${person}`;
  const owner = a.browser();
  await done("sign-up", owner.signUp({ email: `${linked}@hub.example.com` }));
  const joined = await flow(owner, b, "/link-social", "/dashboard", linked);
  const list = await done("the list on the first", on(a, joined).get("/list-accounts"));
  assert.deepEqual(list.json.map((account) => account.providerId).sort(), ["credential", "github"], `${name}: linked by the second`);
  await done("unlinked on the first", on(a, joined).post("/unlink-account", { providerId: "github" }));
  assert.equal((await done("the list on the second", joined.get("/list-accounts"))).json.length, 1, `${name}: unlinked by the first`);
}

/** Plays API keys that one server makes and both verify, count and manage. */
async function apiKeys(name, a, b) {
  const on = (app, browser) => Object.assign(browser.twin(), { app });
  const done = async (what, request, status = 200) => {
    const answer = await request;
    assert.equal(answer.status, status, `${name}: ${what}: ${answer.status} ${answer.body}`);
    return answer.json;
  };
  const verify = async (app, key, want, more = {}) => {
    const { json } = await app.api("verifyApiKey", { body: { key, ...more } });
    assert.equal(json.error?.code, want, `${name}: verification: ${JSON.stringify(json)}`);
    return json.key;
  };
  const email = `${name.replaceAll(" ", "-")}@keys.example.com`;
  const browser = a.browser();
  const { user } = await done("sign-up", browser.signUp({ email }));
  const there = on(b, browser);
  const made = await done("a key made by the first", browser.post("/api-key/create", { name: "a", metadata: { plan: "pro" } }));
  assert.equal((await verify(b, made.key)).requestCount, 1, `${name}: counted by the second`);
  const seen = await verify(a, made.key);
  assert.deepEqual([seen.requestCount, seen.metadata], [2, { plan: "pro" }], `${name}: the first sees the count of the second`);
  await verify(b, made.key);
  for (const app of [a, b]) await verify(app, made.key, "RATE_LIMITED");

  const { json: few } = await b.api("createApiKey", { body: { userId: user.id, remaining: 2, permissions: { files: ["read"] } } });
  await verify(a, few.key, undefined, { permissions: { files: ["read"] } });
  await verify(b, few.key, "KEY_NOT_FOUND", { permissions: { files: ["write"] } });
  await verify(b, few.key);
  await verify(a, few.key, "USAGE_EXCEEDED");
  await verify(b, few.key, "INVALID_API_KEY");

  const changed = await done("changed on the second", there.post("/api-key/update", { keyId: made.id, enabled: false, metadata: { plan: "free" } }));
  assert.deepEqual((await done("seen by the first", browser.get(`/api-key/get?id=${made.id}`))).metadata, changed.metadata, name);
  await verify(a, made.key, "KEY_DISABLED");
  const session = await done("a key of the second", there.post("/api-key/create", {}));
  assert.equal((await a.browser().get("/get-session", { headers: { "x-api-key": session.key } })).json?.user?.email, email, `${name}: it is a session of the first`);
  assert.equal((await done("the list of the first", browser.get("/api-key/list"))).total, 2, `${name}: keys of both`);
  await done("deleted on the first", browser.post("/api-key/delete", { keyId: session.id }));
  await verify(b, session.key, "INVALID_API_KEY");
}

/** How codes in mails are stored, by the kind of cookie cache: every way is played. */
const codeStores = {
  plain: "plain",
  compact: "hashed",
  jwt: "encrypted",
  jwe: { encrypt: callback("encrypt"), decrypt: callback("decrypt") },
};
const codeHandlers = { encrypt: (text) => `<${text}>`, decrypt: (text) => text.slice(1, -1) };

/** How tokens are signed, in the same way; the last is EdDSA. */
const keyPairs = { plain: { alg: "ES256" }, hashed: { alg: "RS256" }, encrypted: { alg: "PS256" } };

const plugins = (storeToken, storeOTP) => [
  { factory: "admin", options: {} },
  { factory: "anonymous", options: {} },
  { factory: "apiKey", options: { enableMetadata: true, enableSessionForAPIKeys: true, rateLimit: { maxRequests: 3 } } },
  { factory: "deviceAuthorization", options: {} },
  { factory: "electron", options: {} },
  { factory: "emailOTP", options: { sendVerificationOTP: callback("sendVerificationOTP"), storeOTP } },
  { factory: "jwt", options: { jwks: { keyPairConfig: keyPairs[storeOTP] } } },
  { factory: "magicLink", options: { sendMagicLink: callback("sendMagicLink"), storeToken } },
  { factory: "multiSession", options: {} },
  { factory: "oneTimeToken", options: { storeToken } },
  organization(companyOptions),
  { id: "passkey", factory: "passkey" },
  {
    factory: "phoneNumber",
    options: {
      sendOTP: callback("sendPhoneOTP"),
      sendPasswordResetOTP: callback("sendPhoneResetOTP"),
      signUpOnVerification: { getTempEmail: callback("getTempEmail", { sync: true }) },
    },
  },
  { factory: "scim", options: { storeSCIMToken: storeOTP, providerOwnership: { enabled: true } } },
  { factory: "siwe", options: { domain, getNonce: callback("getNonce"), verifyMessage: callback("verifyMessage") } },
  { factory: "twoFactor", options: { otpOptions: { sendOTP: callback("sendOTP") } } },
  { factory: "username", options: {} },
];

let nonces = 0;
const handlers = {
  getTempEmail: (phoneNumber) => `${phoneNumber.slice(1)}@phone.example.com`,
  getNonce: () => `sharedNonce${++nonces}`,
  verifyMessage: ({ signature }) => signature === "good",
};

/** Two people in one browser: the cookies of one server are chosen and ended on the other. */
async function household(name, a, b) {
  const browser = a.browser();
  const address = (who) => `${who}-${name.replaceAll(" ", "-")}@example.com`;
  const tokens = [];
  for (const who of ["ada", "bob"]) tokens.push((await browser.signUp({ email: address(who), name: who })).json.token);
  const carried = browser.twin();
  carried.app = b;
  const listed = await carried.get("/multi-session/list-device-sessions");
  assert.deepEqual(listed.json?.map(({ user }) => user.name).sort(), ["ada", "bob"], `${name}: ${listed.body}`);
  const chosen = await carried.post("/multi-session/set-active", { sessionToken: tokens[0] });
  assert.equal(chosen.json?.user?.name, "ada", `${name}: chosen on the second: ${chosen.body}`);
  const back = carried.twin();
  back.app = a;
  const ended = await back.post("/multi-session/revoke", { sessionToken: tokens[0] });
  assert.equal(ended.status, 200, `${name}: ended on the first: ${ended.body}`);
  assert.equal((await back.get("/get-session?disableCookieCache=true")).json?.user?.name, "bob", `${name}: the other one follows`);
}

/** An administrator of `a`, whom both know: bans, roles and impersonations that one begins and the other ends. */
async function office(name, a, b) {
  const expect = (answer, status, what) => {
    assert.equal(answer.status, status, `${name}: ${what}: ${answer.status} ${answer.body}`);
    return answer.json;
  };
  const on = (app, browser) => Object.assign(browser.twin(), { app });
  const address = (who) => `${who}-${name.replaceAll(" ", "-")}@example.com`;
  const [admin, bob] = [a.browser(), b.browser()];
  const root = expect(await admin.signUp({ email: address("root"), name: "root" }), 200, "sign-up of the administrator");
  const { user } = expect(await bob.signUp({ email: address("bob"), name: "bob" }), 200, "sign-up of a user");
  await a.db("update", { model: "user", where: [{ field: "id", value: root.user.id }], update: { role: "admin" } });
  expect(await admin.get("/get-session?disableCookieCache=true"), 200, "the role in the cookie cache");
  const there = on(b, admin);
  const ask = (browser, path, body = { userId: user.id }) => browser.post(`/admin/${path}`, body);

  expect(await ask(admin, "ban-user"), 200, "a ban by the first");
  expect(await b.browser().signIn({ email: address("bob") }), 403, "known to the second");
  expect(await ask(there, "unban-user"), 200, "ended by the second");
  expect(await a.browser().signIn({ email: address("bob") }), 200, "known to the first");

  const visit = on(a, admin);
  const data = expect(await ask(visit, "impersonate-user"), 200, "an impersonation by the first");
  assert.equal(data.session.impersonatedBy, root.user.id);
  const away = on(b, visit);
  assert.equal((await away.get("/get-session")).json?.user?.id, user.id, `${name}: the second knows it`);
  expect(await ask(away, "stop-impersonating", {}), 200, "ended by the second");
  assert.equal((await on(a, away).get("/get-session")).json?.user?.id, root.user.id, `${name}: she is herself at the first`);

  const made = expect(await ask(admin, "create-user", { email: address("new"), name: "New", password: "password123", role: "user" }), 200, "a user made by the first");
  expect(await b.browser().signIn({ email: address("new") }), 200, "signs in at the second");
  expect(await ask(there, "set-user-password", { userId: made.user.id, newPassword: "password456" }), 200, "a password set by the second");
  expect(await a.browser().signIn({ email: address("new"), password: "password456" }), 200, "known to the first");
  expect(await ask(there, "remove-user", { userId: made.user.id }), 200, "removed by the second");
  expect(await a.browser().signIn({ email: address("new"), password: "password456" }), 401, "gone at the first");
}

/** A directory: the connection and the users that one server makes are those of the other. */
async function directory(name, a, b) {
  const slug = name.replaceAll(" ", "-");
  const done = async (what, request, status = 200) => {
    const answer = await request;
    assert.equal(answer.status, status, `${name}: ${what}: ${answer.status} ${answer.body}`);
    return answer.json;
  };
  const scim = (app, token) => {
    const browser = app.browser();
    return (method, path, json) => browser.request(method, `/scim/v2/Users${path}`, { json, headers: { origin: null, authorization: `Bearer ${token}`, ...(json ? { "content-type": "application/json" } : {}) } });
  };
  const schemas = ["urn:ietf:params:scim:schemas:core:2.0:User"];
  const person = (who) => {
    const userName = `${who}-${slug}@corp.example`;
    return { schemas, userName, externalId: `${who}-${slug}`, name: { formatted: who }, emails: [{ value: userName, primary: true }] };
  };
  const alice = a.browser();
  await done("Alice's sign-up", alice.signUp({ email: `alice-${slug}@example.com` }));
  const { id: organizationId } = await done("an organization made by the first", alice.post("/organization/create", { name: "Acme", slug }));
  const elsewhere = Object.assign(alice.twin(), { app: b });

  for (const bound of [true, false]) {
    const providerId = `${slug}-${bound ? "of-acme" : "of-alice"}`;
    const of = { providerId, ...(bound ? { organizationId } : {}) };
    const { scimToken } = await done("a token made by the first", alice.post("/scim/generate-token", of), 201);
    const [first, second] = [scim(a, scimToken), scim(b, scimToken)];
    assert.equal((await done("the connection on the second", elsewhere.get(`/scim/get-provider-connection?providerId=${providerId}`))).providerId, providerId, name);
    assert.equal((await done("no users on the second", second("GET", ""))).totalResults, 0, name);

    const ada = person(`ada${bound}`);
    const bob = person(`bob${bound}`);
    const { id } = await done("a user made by the first", first("POST", "", ada), 201);
    const seen = await done("seen by the second", second("GET", `/${id}`));
    assert.deepEqual([seen.userName, seen.externalId, seen.name.formatted, seen.emails[0].value], [ada.userName, ada.externalId, ada.name.formatted, ada.userName], name);
    assert.equal((await done("found by the second", second("GET", `?filter=${encodeURIComponent(`userName eq "${ada.userName}"`)}`))).Resources[0].id, id, name);
    await done("the same user on the second", second("POST", "", ada), 409);
    const other = await done("a user made by the second", second("POST", "", bob), 201);
    assert.equal((await done("all users on the first", first("GET", ""))).totalResults, 2, name);
    assert.equal((await done("the second's user on the first", first("GET", `/${other.id}`))).userName, bob.userName, name);

    const patch = (value) => ({ schemas: ["urn:ietf:params:scim:api:messages:2.0:PatchOp"], Operations: [{ op: "replace", path: "/name/formatted", value }] });
    await done("a name changed by the second", second("PATCH", `/${id}`, patch("Countess")), 204);
    assert.equal((await done("seen by the first", first("GET", `/${id}`))).name.formatted, "Countess", name);
    await done("changed by the first", first("PATCH", `/${id}`, patch("Lovelace")), 204);
    assert.equal((await done("seen by the second", second("GET", `/${id}`))).name.formatted, "Lovelace", name);
    const next = await done("another token, made by the second", elsewhere.post("/scim/generate-token", of), 201);
    await done("the former one on the first", first("GET", ""), 401);
    await done("the new one on the first", scim(a, next.scimToken)("GET", `/${id}`));
    await done("a user removed by the first", scim(a, next.scimToken)("DELETE", `/${other.id}`), 204);
    await done("gone at the second", scim(b, next.scimToken)("GET", `/${other.id}`), 404);
    await done("a user removed by the second", scim(b, next.scimToken)("DELETE", `/${id}`), 204);
    await done("gone at the first", scim(a, next.scimToken)("GET", `/${id}`), 404);
    await done("the connection deleted on the second", elsewhere.post("/scim/delete-provider-connection", { providerId }));
    for (const app of [a, b]) await done("its end", scim(app, next.scimToken)("GET", ""), 401);
  }
}

/** What is played on two servers, each way. The names keep the people apart. */
const plays = [
  ["", relay],
  ["organization ", company],
  ["passkeys ", passkeys],
  ["", secondFactor],
  ["", magicLinks],
  ["", codesByMail],
  ["", oneTimeTokens],
  ["desktop ", desktop],
  ["api keys ", apiKeys],
  ["devices ", devices],
  ["tokens ", jsonWebTokens],
  ["names ", named],
  ["visits ", visits],
  ["wallets ", wallets],
  ["phone number ", phoneNumbers],
  ["household ", household],
  ["office ", office],
  ["directory ", directory],
];

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
      apps.push(await run.app(options, { database: { kind: "sqlite", path }, plugins: plugins(strategy ? "hashed" : "plain", codeStores[strategy ?? "plain"]), handlers: { ...codeHandlers, ...handlers } }));
    }
    const label = strategy ? `cookie cache ${strategy}` : "no cookie cache";
    for (const [prefix, play] of plays) {
      await play(`${prefix}${label} from the reference`, apps[0], apps[1]);
      await play(`${prefix}${label} from the subject`, apps[1], apps[0]);
    }
    console.log(`✓ ${label}, both ways`);
  };
  const bothProvided = async (storeStateStrategy) => {
    const path = join(folder, `provided-${storeStateStrategy}.sqlite`);
    const options = { socialProviders: { github: { clientId: "cid", clientSecret: "sec" } }, account: { encryptOAuthTokens: true, storeAccountCookie: true, storeStateStrategy }, emailAndPassword: { enabled: true }, trustedOrigins: ["http://localhost:3000", IDP] };
    const world = companyAndHub();
    const apps = [];
    for (const server of servers) {
      const run = new Run(server, outside);
      runs.push(run);
      apps.push(await run.app(options, { database: { kind: "sqlite", path }, world, plugins: [{ factory: "sso", options: {} }] }));
    }
    if (!flags.self) apps[1].kind = "subject";
    await provided(`${storeStateStrategy} from the reference`, apps[0], apps[1]);
    await provided(`${storeStateStrategy} from the subject`, apps[1], apps[0]);
    await signedOn(`${storeStateStrategy} from the reference`, apps[0], apps[1]);
    await signedOn(`${storeStateStrategy} from the subject`, apps[1], apps[0]);
    if (storeStateStrategy === "database") {
      // No browser sends a cookie along with the response, which comes from another site.
      await signedOnBySAML("from the reference", apps[0], apps[1]);
      await signedOnBySAML("from the subject", apps[1], apps[0]);
    }
    console.log(`✓ sign-in with a provider, state in the ${storeStateStrategy}, both ways`);
  };
  const bothProviding = async () => {
    const path = join(folder, "providing.sqlite");
    const plugins = [{ factory: "jwt", options: { disableSettingJwtHeader: true } }, { factory: "oauthProvider", options: { loginPage: "/login", consentPage: "/consent" } }];
    const apps = [];
    for (const server of servers) {
      const run = new Run(server, outside);
      runs.push(run);
      apps.push(await run.app({ emailAndPassword: { enabled: true } }, { database: { kind: "sqlite", path }, plugins, clientPlugins: () => [] }));
    }
    if (!flags.self) apps[1].kind = "subject";
    await clients("clients from the reference", apps[0], apps[1]);
    await clients("clients from the subject", apps[1], apps[0]);
    console.log("✓ clients of the OAuth provider, both ways");
  };
  const played = await Promise.allSettled([...(flags.providing ? [] : ["database", "cookie"].map(bothProvided)), ...(flags.provided ? [] : [bothProviding()]), ...(flags.provided || flags.providing ? [] : [null, "compact", "jwt", "jwe"].map(both))]);
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
