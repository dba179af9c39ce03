/** Passkeys: a soft authenticator registers and signs in, and forges what it can. */
import { Authenticator, BE, BS, UP, UV, cbor } from "../authenticator.mjs";
import { ORIGIN, alice, callback, day, minute, second, table } from "./kit.mjs";

const plugins = (options) => [{ id: "passkey", factory: "passkey", options }];
const bob = { email: "bob@example.com", name: "Bob" };

/** Alice, signed in, with the plugin and an authenticator. */
async function start(t, options, { core = {}, nature, ...extra } = {}) {
  const made = await alice(t, core, { plugins: plugins(options), clientPlugins: ({ passkeyClient }) => [passkeyClient()], ...extra });
  return { ...made, key: new Authenticator("alice's", nature) };
}

/** Registers a passkey with raw requests. */
async function register(browser, key, forge = {}, { query = "", body = {}, headers } = {}) {
  const { json } = await browser.get(`/passkey/generate-register-options${query}`);
  return browser.post("/passkey/verify-registration", { response: key.create(json, forge), ...body }, { headers });
}

/** Signs in with raw requests; the browser may be signed in already. */
async function signIn(browser, key, forge = {}, { body = {}, headers } = {}) {
  const { json } = await browser.get("/passkey/generate-authenticate-options");
  return browser.post("/passkey/verify-authentication", { response: key.get(json, forge), ...body }, { headers });
}

/** Takes away what else a user could sign in with. */
async function onlyPasskeys(app, user) {
  await app.db("deleteMany", { model: "account", where: [{ field: "userId", value: user.id }] });
}

export default [
  {
    name: "passkey: a life with the official client",
    async run(t) {
      const { app, browser, key } = await start(t);
      const { client } = browser;
      await t.note("add", await key.use(() => client.passkey.addPasskey({ name: "Laptop" })));
      await t.note("again", await key.use(() => client.passkey.addPasskey({ name: "Laptop" })));
      const other = new Authenticator("alice's phone");
      const { data } = await other.use(() => client.passkey.addPasskey({ authenticatorAttachment: "platform", returnWebAuthnResponse: true }));
      await t.note("list", await client.$fetch("/passkey/list-user-passkeys"));
      await t.note("rename", await client.passkey.updatePasskey({ id: data.id, name: "Phone" }));
      await t.note("sign out", await client.signOut());
      await t.note("sign in", await key.use(() => client.signIn.passkey()));
      await t.note("session", await client.getSession());
      const fresh = app.browser().client;
      await t.note("autofill", await other.use(() => fresh.signIn.passkey({ autoFill: true })));
      await t.note("session there", await fresh.getSession());
      await t.note("delete", await client.passkey.deletePasskey({ id: data.id }));
      await t.note("gone", await other.use(() => app.browser().client.signIn.passkey()));
      await t.note("no key", await new Authenticator("empty").use(() => app.browser().client.signIn.passkey()));
      await app.rows("passkey", "session");
    },
  },
  ...table("passkey registration options", [
    ["plain", ""],
    ["named", "?name=Alice+Laptop"],
    ["empty name", "?name="],
    ["platform", "?authenticatorAttachment=platform"],
    ["cross-platform", "?authenticatorAttachment=cross-platform"],
    ["unknown attachment", "?authenticatorAttachment=usb"],
    ["two attachments", "?authenticatorAttachment=platform&authenticatorAttachment=platform"],
    ["two names", "?name=a&name=b"],
    ["with context", "?context=x"],
    ["unknown parameter", "?colour=red"],
  ], async (t, query) => {
    const { app, browser } = await start(t);
    await browser.get(`/passkey/generate-register-options${query}`);
    await app.browser().get(`/passkey/generate-register-options${query}`);
  }),
  ...table("passkey options", [
    ["relying party", { rpID: "example.com", rpName: "An example" }],
    ["resident key required", { authenticatorSelection: { residentKey: "required" } }],
    ["resident key discouraged", { authenticatorSelection: { residentKey: "discouraged", userVerification: "discouraged" } }],
    ["attachment", { authenticatorSelection: { authenticatorAttachment: "cross-platform" } }],
    ["user verification required", { authenticatorSelection: { userVerification: "required" } }],
    ["extensions", { registration: { extensions: { largeBlob: { support: "preferred" } } }, authentication: { extensions: { largeBlob: { read: true } } } }],
    ["credProps off", { registration: { extensions: { credProps: false, minPinLength: true } } }],
    ["extensions by function", { registration: { extensions: callback("more") }, authentication: { extensions: callback("more") } }],
    ["no extensions by function", { registration: { extensions: callback("none") }, authentication: { extensions: callback("none") } }],
    ["cookie", { advanced: { webAuthnChallengeCookie: "ceremony" } }],
  ], async (t, options) => {
    const { app, browser } = await start(t, options, { handlers: { more: () => ({ uvm: true }) }, unrecorded: ["more", "none"] });
    await browser.get("/passkey/generate-register-options");
    await browser.get("/passkey/generate-register-options?authenticatorAttachment=platform");
    await browser.get("/passkey/generate-authenticate-options");
    await app.browser().get("/passkey/generate-authenticate-options");
  }),
  {
    name: "passkey options: require resident key",
    async run(t) {
      const { browser } = await start(t, { authenticatorSelection: { requireResidentKey: true } });
      await browser.get("/passkey/generate-register-options");
    },
  },
  ...table("passkey addresses", [
    ["https", { baseURL: "https://app.example.com" }],
    ["port", { baseURL: "http://localhost:4000" }],
    ["app name", { appName: "My app" }],
    ["cookie prefix", { advanced: { cookiePrefix: "my" } }],
    ["sub-domains", { baseURL: "https://app.example.com", advanced: { crossSubDomainCookies: { enabled: true, domain: "example.com" } } }],
  ], async (t, core) => {
    const { app, browser, key } = await start(t, undefined, { core, nature: { origin: core.baseURL ?? ORIGIN } });
    await register(browser, key);
    await signIn(app.browser(), key);
  }),
  {
    name: "passkey options: lists of credentials",
    async run(t) {
      const { browser, key } = await start(t);
      await register(browser, key, {}, { body: { name: "one" } });
      await register(browser, key, { id: Buffer.from("two"), transports: [] });
      await register(browser, key, { id: Buffer.from("three"), transports: ["usb"] });
      await browser.get("/passkey/generate-register-options");
      await browser.get("/passkey/generate-authenticate-options");
      await browser.get("/passkey/list-user-passkeys");
    },
  },
  {
    name: "passkey registration: session",
    async run(t) {
      const { app, browser, key } = await start(t);
      const { json } = await browser.get("/passkey/generate-register-options");
      const response = key.create(json);
      await app.browser().post("/passkey/verify-registration", { response });
      await app.at(day);
      await browser.get("/passkey/generate-register-options");
      await browser.post("/passkey/verify-registration", { response });
      await browser.get("/passkey/list-user-passkeys");
    },
  },
  {
    name: "passkey registration: challenges",
    async run(t) {
      const { app, browser, key } = await start(t);
      await browser.post("/passkey/verify-registration", { response: {} });
      const { json } = await browser.get("/passkey/generate-register-options");
      const response = key.create(json);
      const other = app.browser();
      await other.signUp(bob);
      await other.post("/passkey/verify-registration", { response });
      await browser.post("/passkey/verify-registration", { response });
      await browser.post("/passkey/verify-registration", { response });
      const { json: late } = await browser.get("/passkey/generate-register-options");
      await app.at(5 * minute + second);
      await browser.post("/passkey/verify-registration", { response: new Authenticator("late").create(late) });
      await app.rows("passkey");
    },
  },
  {
    name: "passkey registration: challenge of somebody else",
    async run(t) {
      const { app, browser, key } = await start(t);
      const { json } = await browser.get("/passkey/generate-register-options");
      const other = app.browser();
      await other.signUp(bob);
      other.jar.set("better-auth.better-auth-passkey", browser.jar.get("better-auth.better-auth-passkey"));
      await other.post("/passkey/verify-registration", { response: key.create(json) });
      await app.rows("passkey");
    },
  },
  {
    name: "passkey: challenge of the other ceremony at registration",
    async run(t) {
      const { app, browser, key } = await start(t);
      const { json } = await browser.get("/passkey/generate-authenticate-options");
      const { json: options } = await browser.twin().get("/passkey/generate-register-options");
      await browser.post("/passkey/verify-registration", { response: key.create({ ...options, challenge: json.challenge }) });
      await app.rows("passkey");
    },
  },
  {
    name: "passkey: challenge of the other ceremony at sign-in",
    async run(t) {
      const { app, browser, key } = await start(t);
      await register(browser, key);
      const { json } = await browser.get("/passkey/generate-register-options");
      await browser.post("/passkey/verify-authentication", { response: key.get({ challenge: json.challenge }) });
      await app.rows("session");
    },
  },
  ...table("passkey registration refused", [
    ["type", { clientData: { type: "webauthn.get" } }],
    ["challenge", { clientData: { challenge: "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA" } }],
    ["no challenge", { clientData: { challenge: undefined } }],
    ["origin", { clientData: { origin: "http://evil.example" } }],
    ["scheme", { clientData: { origin: "https://localhost:3000" } }],
    ["port", { clientData: { origin: "http://localhost:3001" } }],
    ["sub-domain", { clientData: { origin: "http://a.localhost:3000" } }],
    ["letter case of the origin", { clientData: { origin: "http://LOCALHOST:3000" } }],
    ["relying party", { rpId: "evil.example" }],
    ["no user presence", { flags: UV }],
    ["backed up, but not eligible", { flags: UP | UV | BS }],
    ["format", { fmt: "made-up" }],
    ["statement of none", { attStmt: new Map([["sig", "x"]]) }],
    ["unsigned packed attestation", { fmt: "packed", attStmt: new Map([["alg", -7], ["sig", Buffer.alloc(70)]]) }],
    ["bytes after the key", { tail: Buffer.from([0]) }],
    ["key that is no key", { key: cbor("key") }],
    ["client data that are no JSON", { clientDataText: "{" }],
  ], async (t, forge) => {
    const { app, browser, key } = await start(t);
    await register(browser, key, forge);
    await app.rows("passkey");
  }),
  ...table("passkey registration accepted by 1.6.11 alone", [
    ["in a foreign page", { clientData: { crossOrigin: true } }],
    ["below a foreign page", { clientData: { crossOrigin: true, topOrigin: "https://evil.example" } }],
    ["a point on no curve", { key: cbor(new Map([[1, 2], [3, -7], [-1, 1], [-2, Buffer.alloc(32, 1)], [-3, Buffer.alloc(32, 2)]])) }],
    ["a short RSA key", { key: cbor(new Map([[1, 3], [3, -257], [-1, Buffer.alloc(64, 0xaf)], [-2, Buffer.from([1, 0, 1])]])) }],
    ["an algorithm nobody offered", { key: cbor(new Map([[1, 3], [3, -65535], [-1, Buffer.alloc(256, 0xaf)], [-2, Buffer.from([1, 0, 1])]])) }],
  ], async (t, forge) => {
    const { app, browser, key } = await start(t);
    await register(browser, key, forge);
    await app.rows("passkey");
  }),
  ...table("passkey registration body", [
    ["empty", {}],
    ["null", { response: null }],
    ["text", { response: "x" }],
    ["list", { response: [] }],
    ["empty object", { response: {} }],
    ["without response", { response: { id: "AA", rawId: "AA", type: "public-key" } }],
    ["ids differ", { response: { id: "AA", rawId: "AB", type: "public-key", response: {} } }],
    ["name that is no text", { response: {}, name: 5 }],
    ["name null", { response: {}, name: null }],
  ], async (t, body) => {
    const { browser } = await start(t);
    await browser.get("/passkey/generate-register-options");
    await browser.post("/passkey/verify-registration", body);
  }),
  ...table("passkey registration accepted", [
    ["single device", {}, UP | UV],
    ["several devices", {}, UP | UV | BE],
    ["backed up", {}, UP | UV | BE | BS],
    ["without user verification", {}, UP],
    ["counter of the authenticator", { counter: 4096 }, UP],
    ["no transports", { transports: [] }, UP],
    ["hidden model", {}, UP, "00000000-0000-0000-0000-000000000000"],
  ], async (t, forge, flags, aaguid) => {
    const { app, browser, key } = await start(t, undefined, { nature: { flags, ...(aaguid ? { aaguid } : {}) } });
    await register(browser, key, forge, { body: { name: "Key \u{1F511}" } });
    await app.rows("passkey");
    await signIn(app.browser(), key);
  }),
  ...table("passkey registration: transports", [
    ["absent", undefined],
    ["null", null],
    ["numbers", [1]],
    ["a text", "usb"],
    ["no name", ["a,b"]],
  ], async (t, transports) => {
    const { app, browser, key } = await start(t);
    await register(browser, key, { transports });
    await app.rows("passkey");
  }),
  {
    name: "passkey registration: credential of somebody else",
    async run(t) {
      const { app, browser, key } = await start(t);
      await register(browser, key);
      const other = app.browser();
      await other.signUp(bob);
      await register(other, new Authenticator("bob's"), { id: key.credentials[0].id });
      await app.rows("passkey");
    },
  },
  {
    name: "passkey registration: required user verification",
    async run(t) {
      const { app, browser, key } = await start(t, { authenticatorSelection: { userVerification: "required" } });
      await register(browser, key, { flags: UP });
      await app.rows("passkey");
    },
  },
  {
    name: "passkey registration: without an origin",
    async run(t) {
      const { browser, key } = await start(t, undefined, { core: { advanced: { disableCSRFCheck: true } } });
      await register(browser, key, {}, { headers: { origin: null } });
    },
  },
  {
    name: "passkey: sign-in without an origin",
    async run(t) {
      const { app, browser, key } = await start(t, undefined, { core: { advanced: { disableCSRFCheck: true } } });
      await register(browser, key);
      await signIn(app.browser(), key, {}, { headers: { origin: null } });
    },
  },
  {
    name: "passkey: several origins",
    async run(t) {
      const origins = ["http://localhost:3000", "http://localhost:3001", "android:apk-key-hash:abc"];
      const { app, browser, key } = await start(t, { origin: origins, rpID: "localhost" }, { core: { trustedOrigins: origins.slice(0, 2) } });
      await register(browser, key, { clientData: { origin: origins[1] } }, { headers: { origin: origins[1] } });
      await signIn(app.browser(), key, { clientData: { origin: origins[0] } });
      await signIn(app.browser(), key, { clientData: { origin: origins[2] } }, { headers: { origin: null } });
      await signIn(app.browser(), key, { clientData: { origin: "http://localhost:3002" } });
      await signIn(app.browser(), key, {}, { headers: { origin: "http://localhost:3002" } });
    },
  },
  {
    name: "passkey: one origin",
    async run(t) {
      const { app, browser, key } = await start(t, { origin: "http://localhost:3000" });
      await register(browser, key);
      await signIn(app.browser(), key);
      await signIn(app.browser(), key, { clientData: { origin: "http://localhost:3001" } });
    },
  },
  {
    name: "passkey sign-in: challenges",
    async run(t) {
      const { app, browser, key } = await start(t);
      await register(browser, key);
      const visitor = app.browser();
      await visitor.post("/passkey/verify-authentication", { response: {} });
      const { json } = await visitor.get("/passkey/generate-authenticate-options");
      const response = key.get(json);
      await app.browser().post("/passkey/verify-authentication", { response });
      await visitor.post("/passkey/verify-authentication", { response });
      await visitor.post("/passkey/verify-authentication", { response });
      const { json: late } = await visitor.get("/passkey/generate-authenticate-options");
      await app.at(5 * minute + second);
      await visitor.post("/passkey/verify-authentication", { response: key.get(late) });
      await app.rows("session");
    },
  },
  {
    name: "passkey sign-in: a failed one uses the challenge up",
    async run(t) {
      const { app, browser, key } = await start(t);
      await register(browser, key);
      const visitor = app.browser();
      const { json } = await visitor.get("/passkey/generate-authenticate-options");
      await visitor.post("/passkey/verify-authentication", { response: key.get(json, { signature: Buffer.alloc(70) }) });
      await visitor.post("/passkey/verify-authentication", { response: key.get(json) });
    },
  },
  ...table("passkey sign-in refused", [
    ["type", { clientData: { type: "webauthn.create" } }],
    ["challenge", { clientData: { challenge: "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA" } }],
    ["origin", { clientData: { origin: "http://evil.example" } }],
    ["scheme", { clientData: { origin: "https://localhost:3000" } }],
    ["port", { clientData: { origin: "http://localhost:3001" } }],
    ["relying party", { rpId: "evil.example" }],
    ["no user presence", { flags: UV }],
    ["backed up, but not eligible", { flags: UP | UV | BS }],
    ["signature", { signature: Buffer.from("30060201010201017f", "hex") }],
    ["unknown credential", { id: Buffer.from("nobody's") }],
    ["client data that are no JSON", { clientDataText: "{" }],
    ["counter", { counter: 1 }],
    ["no counter any more", { counter: 0 }],
  ], async (t, forge) => {
    const { app, browser, key } = await start(t);
    await register(browser, key);
    await signIn(app.browser(), key, forge);
    await app.rows("passkey", "session");
  }),
  ...table("passkey sign-in accepted by 1.6.11 alone", [
    ["in a foreign page", { clientData: { crossOrigin: true } }],
    ["below a foreign page", { clientData: { crossOrigin: true, topOrigin: "https://evil.example" } }],
    ["changed eligibility", { flags: UP | UV | BE }],
    ["foreign user handle", { userHandle: Buffer.from("somebody else") }],
  ], async (t, forge) => {
    const { app, browser, key } = await start(t);
    await register(browser, key);
    await signIn(app.browser(), key, forge);
  }),
  ...table("passkey sign-in body", [
    ["empty", {}],
    ["null", { response: null }],
    ["text", { response: "x" }],
    ["list", { response: [] }],
    ["empty object", { response: {} }],
    ["id that is no text", { response: { id: 5 } }],
    ["id of another type", { response: { id: { a: 1 } } }],
  ], async (t, body) => {
    const { app, browser, key } = await start(t);
    await register(browser, key);
    const visitor = app.browser();
    await visitor.get("/passkey/generate-authenticate-options");
    await visitor.post("/passkey/verify-authentication", body);
  }),
  {
    name: "passkey sign-in: response without its parts",
    async run(t) {
      const { app, browser, key } = await start(t);
      await register(browser, key);
      for (const part of ["clientDataJSON", "authenticatorData", "signature"]) {
        const visitor = app.browser();
        const { json } = await visitor.get("/passkey/generate-authenticate-options");
        const response = key.get(json);
        delete response.response[part];
        await visitor.post("/passkey/verify-authentication", { response });
      }
    },
  },
  {
    name: "passkey sign-in: without a user handle",
    async run(t) {
      const { app, browser, key } = await start(t);
      await register(browser, key);
      await signIn(app.browser(), key, { userHandle: null });
    },
  },
  {
    name: "passkey sign-in: counters",
    async run(t) {
      const { app, browser, key } = await start(t);
      await register(browser, key);
      await signIn(app.browser(), key, { counter: 10 });
      await app.rows("passkey");
      await signIn(app.browser(), key, { counter: 10 });
      await signIn(app.browser(), key, { counter: 9 });
      await app.rows("passkey");
      await signIn(app.browser(), key, { counter: 4294967295 });
      await app.rows("passkey");
    },
  },
  {
    name: "passkey sign-in: an authenticator without counter",
    async run(t) {
      const { app, browser, key } = await start(t, undefined, { nature: { counts: false } });
      await register(browser, key);
      await signIn(app.browser(), key);
      await signIn(app.browser(), key);
      await app.rows("passkey");
    },
  },
  {
    name: "passkey sign-in: backup state changes",
    async run(t) {
      const { app, browser, key } = await start(t, undefined, { nature: { flags: UP | UV | BE } });
      await register(browser, key);
      await signIn(app.browser(), key, { flags: UP | UV | BE | BS });
      await app.rows("passkey");
    },
  },
  {
    name: "passkey sign-in: signed in already",
    async run(t) {
      const { app, browser, key } = await start(t);
      await register(browser, key);
      await signIn(browser, key);
      await browser.get("/get-session");
      const other = app.browser();
      await other.signUp(bob);
      await signIn(other, key);
      await other.get("/get-session");
    },
  },
  {
    name: "passkey sign-in: cookie cache and rememberMe",
    async run(t) {
      const { app, browser, key } = await start(t, undefined, { core: { session: { cookieCache: { enabled: true } } } });
      await register(browser, key);
      const visitor = app.browser();
      await visitor.signIn({ rememberMe: false });
      await signIn(visitor, key);
      await visitor.get("/get-session");
    },
  },
  {
    name: "passkey sign-in: user deleted",
    async run(t) {
      const { app, browser, key } = await start(t, undefined, { core: { user: { deleteUser: { enabled: true } } } });
      await register(browser, key);
      await browser.post("/delete-user", { password: "password123" });
      await app.rows("passkey");
      await signIn(app.browser(), key);
    },
  },
  {
    name: "passkey sign-in: a hook refuses the session",
    async run(t) {
      let closed = false;
      const { app, browser, key } = await start(t, undefined, {
        core: { databaseHooks: { session: { create: { before: callback("gate") } } } },
        handlers: { gate: () => !closed },
        unrecorded: ["gate"],
      });
      await register(browser, key);
      closed = true;
      await signIn(app.browser(), key);
    },
  },
  {
    name: "passkey: rename",
    async run(t) {
      const { app, browser, key } = await start(t);
      const { json } = await register(browser, key, {}, { body: { name: "old" } });
      const other = app.browser();
      await other.signUp(bob);
      for (const body of [{ id: json?.id, name: "new" }, { id: json?.id, name: "" }, { id: "nobody", name: "x" }, { id: "", name: "x" }, { id: json?.id }, { id: 5, name: null }, {}]) {
        await browser.post("/passkey/update-passkey", body);
        await other.post("/passkey/update-passkey", body);
        await app.browser().post("/passkey/update-passkey", body);
      }
      await app.rows("passkey");
    },
  },
  {
    name: "passkey: delete",
    async run(t) {
      const { app, browser, key } = await start(t);
      const { json } = await register(browser, key);
      const other = app.browser();
      await other.signUp(bob);
      await other.post("/passkey/delete-passkey", { id: json?.id });
      for (const body of [{ id: "nobody" }, { id: "" }, { id: 5 }, {}]) {
        await browser.post("/passkey/delete-passkey", body);
        await app.browser().post("/passkey/delete-passkey", body);
      }
      await app.browser().post("/passkey/delete-passkey", { id: json?.id });
      await app.rows("passkey");
      await browser.post("/passkey/delete-passkey", { id: json?.id });
      await browser.post("/passkey/delete-passkey", { id: json?.id });
      await app.rows("passkey");
      await signIn(app.browser(), key);
    },
  },
  {
    name: "passkey: delete the last one",
    async run(t) {
      const { app, browser, user, key } = await start(t);
      const { json: first } = await register(browser, key);
      const { json: last } = await register(browser, key, { id: Buffer.from("another") });
      await onlyPasskeys(app, user);
      await browser.post("/passkey/delete-passkey", { id: first?.id });
      await browser.post("/passkey/delete-passkey", { id: last?.id });
      await app.rows("passkey");
    },
  },
  {
    name: "passkey: delete the last one of a user with another account",
    async run(t) {
      const { app, browser, user, key } = await start(t);
      const { json } = await register(browser, key);
      await onlyPasskeys(app, user);
      const moment = { $date: new Date(app.now).toISOString() };
      await app.db("create", { model: "account", data: { providerId: "github", accountId: "42", userId: user.id, createdAt: moment, updatedAt: moment } });
      await browser.post("/passkey/delete-passkey", { id: json?.id });
      await app.rows("passkey");
    },
  },
  {
    name: "passkey: list",
    async run(t) {
      const { app, browser, key } = await start(t);
      await browser.get("/passkey/list-user-passkeys");
      await register(browser, key);
      await app.at(second);
      await register(browser, key, { id: Buffer.from("another") }, { body: { name: "" } });
      await browser.get("/passkey/list-user-passkeys");
      await app.browser().get("/passkey/list-user-passkeys");
      const other = app.browser();
      await other.signUp(bob);
      await other.get("/passkey/list-user-passkeys");
    },
  },
  ...table("passkey without a session", [
    ["resolved", (user) => ({ id: user.id, name: "alice", displayName: "Alice" })],
    ["resolved without display name", (user) => ({ id: user.id, name: "alice" })],
    ["nobody", () => null],
    ["no name", (user) => ({ id: user.id, name: "" })],
    ["no id", () => ({ id: "", name: "alice" })],
  ], async (t, resolve) => {
    let user;
    const made = await start(t, { registration: { requireSession: false, resolveUser: callback("resolveUser") } }, { handlers: { resolveUser: () => resolve(user) } });
    user = made.user;
    const visitor = made.app.browser();
    const { json, status } = await visitor.get("/passkey/generate-register-options?context=invitation");
    if (status !== 200) return;
    await visitor.post("/passkey/verify-registration", { response: made.key.create(json), name: "invited" });
    await made.app.rows("passkey");
    await signIn(made.app.browser(), made.key);
  }),
  {
    name: "passkey without a session: nobody resolves",
    async run(t) {
      const { app, browser } = await start(t, { registration: { requireSession: false } });
      await app.browser().get("/passkey/generate-register-options");
      await browser.get("/passkey/generate-register-options");
    },
  },
  {
    name: "passkey without a session: a user that does not exist",
    async run(t) {
      const { app, key } = await start(t, { registration: { requireSession: false, resolveUser: callback("resolveUser") } }, { handlers: { resolveUser: () => ({ id: "nobody", name: "nobody" }) } });
      await register(app.browser(), key, {}, { query: "?context=x" });
      await app.rows("passkey");
    },
  },
  {
    name: "passkey without a session: an old session",
    async run(t) {
      const { app, browser, key } = await start(t, { registration: { requireSession: false } });
      await app.at(day);
      await browser.get("/passkey/generate-register-options");
    },
  },
  ...table("passkey after registration", [
    ["nothing", () => undefined],
    ["the same user", (user) => ({ userId: user.id })],
    ["somebody else", () => ({ userId: "nobody" })],
    ["refuses", () => { throw { $error: { name: "APIError", message: "no", status: "FORBIDDEN", statusCode: 403, body: { message: "Not here", code: "NOT_HERE" } } }; }],
  ], async (t, after) => {
    let user;
    const made = await start(t, { registration: { afterVerification: callback("after") } }, { handlers: { after: () => after(user) }, unrecorded: ["after"] });
    user = made.user;
    await register(made.browser, made.key);
    const { verification, user: who, clientData, context } = made.app.last("after");
    await t.note("after", { verification: { ...verification, registrationInfo: { ...verification.registrationInfo, attestationObject: undefined } }, who, id: clientData.id, context });
    await made.app.rows("passkey");
  }),
  {
    name: "passkey after registration: a visitor becomes a user",
    async run(t) {
      let user;
      const { app, key, user: alice } = await start(t, {
        registration: { requireSession: false, resolveUser: callback("resolveUser"), afterVerification: callback("after") },
      }, { handlers: { resolveUser: () => ({ id: "pending", name: "carol" }), after: () => ({ userId: user.id }) }, unrecorded: ["after"] });
      user = alice;
      await register(app.browser(), key, {}, { query: "?context=sign-up" });
      await t.note("context", app.last("after").context);
      await app.rows("passkey");
      await signIn(app.browser(), key);
    },
  },
  ...table("passkey after sign-in", [
    ["nothing", () => undefined],
    ["refuses", () => { throw { $error: { name: "APIError", message: "no", status: "FORBIDDEN", statusCode: 403, body: { message: "Not here", code: "NOT_HERE" } } }; }],
  ], async (t, after) => {
    const { app, browser, key } = await start(t, { authentication: { afterVerification: callback("after") } }, { handlers: { after }, unrecorded: ["after"] });
    await register(browser, key);
    await signIn(app.browser(), key);
    const { verification, clientData } = app.last("after");
    await t.note("after", { verification, id: clientData.id });
    await app.rows("session");
  }),
  {
    name: "passkey: calls on the server side",
    async run(t) {
      const { app, browser, key } = await start(t);
      const { json } = await register(browser, key);
      const headers = { $headers: [["cookie", browser.jar.header({ secure: false, now: app.now })]] };
      await app.api("listPasskeys", { headers });
      await app.api("updatePasskey", { headers, body: { id: json?.id, name: "from the server" } });
      await app.api("deletePasskey", { headers, body: { id: json?.id } });
    },
  },
];
