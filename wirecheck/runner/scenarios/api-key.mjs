/** API keys, by the official client's apiKeyClient, raw, and on the server's side. */
import { alice, callback, day, hour, minute, second, table } from "./kit.mjs";
import { join, organization, person } from "./organization-kit.mjs";

const plugin = (options = {}, more = {}) => ({
  plugins: [{ factory: "apiKey", options }],
  clientPlugins: ({ apiKeyClient }) => [apiKeyClient()],
  ...more,
});

const start = (t, options = {}, core = {}, more = {}) => alice(t, core, plugin(options, more));

/** Whoever asks by a key sends no cookies and no Origin. */
const by = (key, more = {}) => ({ headers: { "x-api-key": key, origin: null, ...more } });

const verify = (app, key, more = {}) => app.api("verifyApiKey", { body: { key, ...more } });

/** A key that the server makes, with what clients may not set. */
async function made(app, userId, more = {}) {
  const { json } = await app.api("createApiKey", { body: { userId, ...more } });
  return json;
}

/** A key-value store that the server reaches through callbacks. */
function store() {
  const values = new Map();
  const handlers = {
    "storage get": (key) => values.get(key) ?? null,
    "storage set": (key, value) => void values.set(key, value),
    "storage delete": (key) => void values.delete(key),
  };
  const calls = { get: callback("storage get"), set: callback("storage set"), delete: callback("storage delete") };
  // Which values a server reads and writes, and how often, is its own business; what it answers is not.
  return { values, calls, extra: { handlers, unrecorded: Object.keys(handlers) } };
}

const id32 = "0123456789abcdefghijABCDEFGHIJ01";

export default [
  {
    name: "api-key: a life by the official client",
    async run(t) {
      const { app, browser } = await start(t, { enableMetadata: true });
      const { apiKey } = browser.client;
      const say = async (label, promise) => t.note(label, await promise);
      const first = await apiKey.create({ name: "first", prefix: "my_", expiresIn: 30 * 24 * 3600, metadata: { plan: "pro", list: [1, "two"] } });
      await say("create", first);
      const keyId = first.data.id;
      await app.at(second);
      const second_ = await apiKey.create({});
      await say("create another", second_);
      await say("get", apiKey.get({ query: { id: keyId } }));
      await say("list", apiKey.list());
      await say("list a page", apiKey.list({ query: { limit: 1, offset: 1, sortBy: "createdAt", sortDirection: "desc" } }));
      await say("update", apiKey.update({ keyId, name: "renamed", enabled: false, metadata: { plan: "free" }, expiresIn: 60 * 24 * 3600 }));
      await say("no end", apiKey.update({ keyId, expiresIn: null }));
      await verify(app, first.data.key);
      await say("enable", apiKey.update({ keyId, enabled: true }));
      await verify(app, first.data.key);
      await say("get", apiKey.get({ query: { id: keyId } }));
      await say("delete", apiKey.delete({ keyId }));
      await say("delete again", apiKey.delete({ keyId }));
      await say("get nothing", apiKey.get({ query: { id: keyId } }));
      await verify(app, first.data.key);
      await say("list", apiKey.list());
    },
  },
  ...table("api-key create", [
    ["nothing", {}],
    ["a name", { name: "my key" }],
    ["an empty name", { name: "" }],
    ["a long name", { name: "a".repeat(33) }],
    ["a name of 32", { name: "a".repeat(32) }],
    ["a number for a name", { name: 7 }],
    ["null for a name", { name: null }],
    ["a prefix", { prefix: "abc-DEF_1" }],
    ["an empty prefix", { prefix: "" }],
    ["a bad prefix", { prefix: "a b" }],
    ["a long prefix", { prefix: "a".repeat(33) }],
    ["a life of a day", { expiresIn: 24 * 3600 }],
    ["a life of a second", { expiresIn: 1 }],
    ["no life", { expiresIn: 0 }],
    ["a negative life", { expiresIn: -1 }],
    ["a life of two years", { expiresIn: 730 * 24 * 3600 }],
    ["null for a life", { expiresIn: null }],
    ["a text for a life", { expiresIn: "1" }],
    ["metadata", { metadata: { a: 1 } }],
    ["empty metadata", { metadata: {} }],
    ["a text for metadata", { metadata: "a" }],
    ["an empty text for metadata", { metadata: "" }],
    ["null for metadata", { metadata: null }],
    ["remaining", { remaining: 5 }],
    ["remaining below nothing", { remaining: -1 }],
    ["null for remaining", { remaining: null }],
    ["a refill", { refillAmount: 5, refillInterval: 1000 }],
    ["a refill of nothing", { refillAmount: 0 }],
    ["a limit", { rateLimitMax: 5 }],
    ["a window", { rateLimitTimeWindow: 5 }],
    ["no limit", { rateLimitEnabled: false }],
    ["permissions", { permissions: { files: ["read"] } }],
    ["bad permissions", { permissions: { files: "read" } }],
    ["a user", { userId: "somebody" }],
    ["a number for a user", { userId: 7 }],
    ["an organization", { organizationId: "acme" }],
    ["an unknown configuration", { configId: "unknown" }],
    ["a number for a configuration", { configId: 7 }],
    ["what nobody knows", { nobody: "knows" }],
  ], async (t, body) => {
    const { app, browser } = await start(t);
    const { json } = await browser.post("/api-key/create", body);
    await app.browser().post("/api-key/create", body);
    if (json?.key) await verify(app, json.key);
    await app.rows("apikey");
  }),
  {
    name: "api-key create: metadata",
    async run(t) {
      const { browser } = await start(t, { enableMetadata: true });
      for (const metadata of [{ a: { b: [null, 1.5, "ü"] } }, {}, [], [1], "a", "", 7, 0, true, false, null]) await browser.post("/api-key/create", { metadata });
    },
  },
  {
    name: "api-key create: not an object",
    async run(t) {
      const { browser } = await start(t);
      for (const body of [[], null, "a", 7]) await browser.post("/api-key/create", body);
      await browser.request("POST", "/api-key/create", {});
      await browser.request("POST", "/api-key/create", { body: "{", headers: { "content-type": "application/json" } });
      await browser.get("/api-key/create");
    },
  },
  ...table("api-key options", [
    ["a name is required", { requireName: true }],
    ["own lengths of names", { minimumNameLength: 3, maximumNameLength: 4 }],
    ["own lengths of prefixes", { minimumPrefixLength: 3, maximumPrefixLength: 4 }],
    ["a default prefix", { defaultPrefix: "shop_" }],
    ["short keys", { defaultKeyLength: 24 }],
    ["keys as they are", { disableKeyHashing: true }],
    ["no first characters", { startingCharactersConfig: { shouldStore: false } }],
    ["many first characters", { startingCharactersConfig: { charactersLength: 12 } }],
    ["a default life", { keyExpiration: { defaultExpiresIn: 3600 } }],
    ["no life of one's own", { keyExpiration: { defaultExpiresIn: 3600, disableCustomExpiresTime: true } }],
    ["own bounds of lives", { keyExpiration: { minExpiresIn: 0, maxExpiresIn: 2 } }],
    ["no rate limit", { rateLimit: { enabled: false } }],
    ["an own rate limit", { rateLimit: { timeWindow: 60_000, maxRequests: 2 } }],
    ["default permissions", { permissions: { defaultPermissions: { files: ["read", "write"] } } }],
    ["permissions by a function", { permissions: { defaultPermissions: callback("permissions") } }],
    ["an own generator", { customKeyGenerator: callback("generate") }],
    ["an own validator", { customAPIKeyValidator: callback("validate") }],
    ["columns of other names", { schema: { apikey: { modelName: "tokens", fields: { name: "label", key: "digest" } } } }],
  ], async (t, options) => {
    const handlers = {
      permissions: (owner) => ({ files: [owner.length > 3 ? "read" : "write"] }),
      generate: ({ length, prefix }) => `${prefix ?? ""}generated-${"k".repeat(length)}`,
      validate: ({ key }) => !key.startsWith("bad"),
    };
    const { app, browser } = await start(t, options, {}, { handlers, unrecorded: ["permissions", "validate"] });
    const bodies = [{}, { name: "ab" }, { name: "abcd" }, { name: "abcdefgh" }, { prefix: "ab" }, { prefix: "abcd" }, { prefix: "abcdefgh" }, { expiresIn: 5 }, { expiresIn: 3 * 24 * 3600 }];
    let last;
    for (const body of bodies) last = (await browser.post("/api-key/create", body)).json ?? last;
    const { json } = await browser.post("/api-key/create", { name: "abc" });
    if (!json?.key) return;
    for (let i = 0; i < 3; i++) await verify(app, json.key);
    await verify(app, json.key, { permissions: { files: ["read"] } });
    await verify(app, json.key, { permissions: { files: ["write"] } });
    await verify(app, "bad key");
    await app.at(2 * hour);
    await verify(app, json.key);
    await browser.post("/api-key/update", { keyId: json.id, name: "ab" });
    await browser.post("/api-key/update", { keyId: json.id, name: "abcdefgh" });
    await browser.post("/api-key/update", { keyId: json.id, expiresIn: 3600 });
    await browser.post("/api-key/update", { keyId: json.id, expiresIn: 3 * 24 * 3600 });
    await browser.get(`/api-key/get?id=${json.id}`);
  }),
  {
    name: "api-key: made on the server's side",
    async run(t) {
      const { app, user } = await start(t);
      for (const more of [
        {}, { remaining: 0 }, { remaining: 3 }, { refillAmount: 10 }, { refillInterval: 10 }, { refillAmount: 10, refillInterval: 1000 },
        { remaining: 1, refillAmount: 10, refillInterval: 1000 }, { rateLimitMax: 3, rateLimitTimeWindow: 1000 }, { rateLimitEnabled: false },
        { permissions: { files: ["read"], other: [] } }, { permissions: {} }, { userId: undefined }, { metadata: { a: 1 } },
      ]) await made(app, user.id, more);
      await app.rows("apikey");
    },
  },
  {
    name: "api-key: made on behalf of a client",
    async run(t) {
      const { app, browser, user } = await start(t);
      const headers = { $headers: [["cookie", browser.jar.header({ secure: false, now: app.now })]] };
      for (const body of [{}, { name: "a" }, { remaining: 3 }, { permissions: { files: ["read"] } }]) await app.api("createApiKey", { body, headers });
      await app.api("createApiKey", { body: {}, headers: { $headers: [] } });
      const { json } = await app.api("listApiKeys", { headers });
      const keyId = json.apiKeys[0].id;
      await app.api("updateApiKey", { body: { keyId, name: "b" }, headers });
      await app.api("updateApiKey", { body: { keyId, remaining: 7 }, headers });
      await app.api("updateApiKey", { body: { keyId, userId: user.id, remaining: 7 } });
      await app.api("updateApiKey", { body: { keyId, userId: "somebody", remaining: 7 } });
      await app.api("updateApiKey", { body: { keyId } });
      await app.api("getApiKey", { query: { id: keyId }, headers });
      await app.api("deleteApiKey", { body: { keyId }, headers });
      await app.api("deleteAllExpiredApiKeys", {});
    },
  },
  {
    name: "api-key: uses run out",
    async run(t) {
      const { app, user } = await start(t, { rateLimit: { enabled: false } });
      const few = await made(app, user.id, { remaining: 2 });
      for (let i = 0; i < 4; i++) await verify(app, few.key);
      const none = await made(app, user.id, { remaining: 0 });
      for (let i = 0; i < 2; i++) await verify(app, none.key);
      const refilled = await made(app, user.id, { remaining: 2, refillAmount: 3, refillInterval: 60_000 });
      for (let i = 0; i < 3; i++) await verify(app, refilled.key);
      await app.at(minute);
      await verify(app, refilled.key);
      await app.at(minute + 1);
      for (let i = 0; i < 4; i++) await verify(app, refilled.key);
      await app.at(3 * minute);
      await verify(app, refilled.key);
      await app.rows("apikey");
    },
  },
  {
    name: "api-key: a rate limit",
    async run(t) {
      const { app, user } = await start(t);
      const usual = await made(app, user.id);
      for (let i = 0; i < 11; i++) await verify(app, usual.key);
      await app.at(day);
      await verify(app, usual.key);
      await app.at(day + 1);
      await verify(app, usual.key);
      const own = await made(app, user.id, { rateLimitMax: 2, rateLimitTimeWindow: 10_000 });
      for (const at of [0, 4, 8, 14, 15, 30, 41]) {
        await app.at(day + at * second);
        await verify(app, own.key);
      }
      const both = await made(app, user.id, { rateLimitMax: 2, rateLimitTimeWindow: 10_000, remaining: 3 });
      for (const at of [0, 1, 2, 20, 21, 22]) {
        await app.at(2 * day + at * second);
        await verify(app, both.key);
      }
      await app.rows("apikey");
    },
  },
  {
    name: "api-key: an end",
    async run(t) {
      const { app, user } = await start(t);
      const { key, id } = await made(app, user.id, { expiresIn: 24 * 3600 });
      await verify(app, key);
      await app.at(day - 1);
      await verify(app, key);
      await app.at(day + 1);
      await verify(app, key);
      await verify(app, key);
      await app.api("updateApiKey", { body: { keyId: id, userId: user.id, name: "late" } });
      const other = await made(app, user.id, { expiresIn: 24 * 3600 });
      await app.at(3 * day);
      await app.api("deleteAllExpiredApiKeys", {});
      await app.rows("apikey");
      await verify(app, other.key);
    },
  },
  {
    name: "api-key: permissions",
    async run(t) {
      const { app, user } = await start(t, { rateLimit: { enabled: false } });
      const { key } = await made(app, user.id, { permissions: { files: ["read", "write"], users: ["list"] } });
      const bare = await made(app, user.id);
      const everything = await made(app, user.id, { permissions: { "*": ["*"], files: ["*"] } });
      for (const permissions of [
        { files: ["read"] }, { files: ["read", "write"], users: ["list"] }, { files: ["delete"] }, { files: ["read", "delete"] }, { other: ["read"] },
        { files: ["*"] }, { "*": ["*"] }, {},
      ]) {
        await verify(app, key, { permissions });
        await verify(app, bare.key, { permissions });
        await verify(app, everything.key, { permissions });
      }
      await verify(app, key, { permissions: { files: "read" } });
      await verify(app, key, { permissions: [] });
    },
  },
  {
    name: "api-key verify: bad input",
    async run(t) {
      const { app } = await start(t);
      for (const body of [{}, { key: "" }, { key: "unknown" }, { key: 7 }, { key: null }, { key: "unknown", configId: "unknown" }, { key: "unknown", configId: 7 }]) {
        await app.api("verifyApiKey", { body });
      }
      // It has no route.
      await app.browser().post("/api-key/verify", { key: "unknown" });
      await app.browser().post("/api-key/delete-all-expired-api-keys", {});
    },
  },
  ...table("api-key update", [
    ["nothing", {}],
    ["a name", { name: "new" }],
    ["an empty name", { name: "" }],
    ["a long name", { name: "a".repeat(33) }],
    ["a number for a name", { name: 7 }],
    ["disabled", { enabled: false }],
    ["a text for enabled", { enabled: "no" }],
    ["a life", { expiresIn: 2 * 24 * 3600 }],
    ["too short a life", { expiresIn: 60 }],
    ["too long a life", { expiresIn: 730 * 24 * 3600 }],
    ["no life", { expiresIn: 0 }],
    ["no end", { expiresIn: null }],
    ["a text for a life", { expiresIn: "60" }],
    ["metadata that is off", { metadata: { a: 1 } }],
    ["metadata and a name", { metadata: { a: 1 }, name: "new" }],
    ["remaining", { remaining: 5 }],
    ["remaining nothing", { remaining: 0 }],
    ["a refill", { refillAmount: 5, refillInterval: 1000 }],
    ["a limit", { rateLimitMax: 5 }],
    ["a window", { rateLimitTimeWindow: 5 }],
    ["no limit", { rateLimitEnabled: false }],
    ["permissions", { permissions: { files: ["read"] } }],
    ["no permissions", { permissions: null }],
    ["another user", { userId: "somebody", name: "new" }],
    ["an unknown configuration", { configId: "unknown", name: "new" }],
  ], async (t, body) => {
    const { app, browser } = await start(t);
    const { json } = await browser.post("/api-key/create", { name: "old" });
    await browser.post("/api-key/update", { keyId: json.id, ...body });
    await app.browser().post("/api-key/update", { keyId: json.id, ...body });
    await verify(app, json.key);
    await browser.get(`/api-key/get?id=${json.id}`);
  }),
  {
    name: "api-key update: metadata",
    async run(t) {
      const { browser } = await start(t, { enableMetadata: true });
      const { json } = await browser.post("/api-key/create", { metadata: { a: 1 } });
      for (const metadata of [{ b: 2 }, [], "a", "", 7, 0, true, false, null]) await browser.post("/api-key/update", { keyId: json.id, metadata });
      await browser.get(`/api-key/get?id=${json.id}`);
    },
  },
  {
    name: "api-key update: on the server's side",
    async run(t) {
      const { app, user } = await start(t, { rateLimit: { enabled: false } });
      const { id: keyId, key } = await made(app, user.id, { permissions: { files: ["read"] } });
      for (const more of [
        { remaining: 3 }, { remaining: 0 }, { refillAmount: 5 }, { refillInterval: 5 }, { refillAmount: 5, refillInterval: 60_000 }, { rateLimitMax: 7 },
        { rateLimitTimeWindow: 7000 }, { rateLimitEnabled: false }, { permissions: { files: ["write"] } }, { permissions: {} }, { permissions: null }, { name: "x" },
      ]) await app.api("updateApiKey", { body: { keyId, userId: user.id, ...more } });
      await verify(app, key);
      await app.rows("apikey");
    },
  },
  {
    name: "api-key: of somebody else",
    async run(t) {
      const { app, browser } = await start(t);
      const { json } = await browser.post("/api-key/create", { name: "mine" });
      const bob = app.browser();
      await bob.signUp({ email: "bob@example.com", name: "Bob" });
      for (const who of [bob, app.browser()]) {
        await who.get(`/api-key/get?id=${json.id}`);
        await who.post("/api-key/update", { keyId: json.id, name: "theirs" });
        await who.post("/api-key/delete", { keyId: json.id });
        await who.get("/api-key/list");
      }
      await browser.get("/api-key/list");
    },
  },
  {
    name: "api-key: bad input",
    async run(t) {
      const { browser } = await start(t);
      for (const query of ["", "?id=", "?id=unknown", "?id=a&id=b", "?id=a&configId=unknown"]) await browser.get(`/api-key/get${query}`);
      for (const body of [{}, { keyId: "" }, { keyId: "unknown" }, { keyId: 7 }, { keyId: "unknown", configId: 7 }]) {
        await browser.post("/api-key/delete", body);
        await browser.post("/api-key/update", { name: "a", ...body });
      }
      for (const query of ["?limit=1", "?limit=-1", "?limit=a", "?limit=1.5", "?limit=", "?offset=-1", "?offset=1", "?sortBy=name", "?sortDirection=up", "?sortDirection=asc", "?configId=unknown", "?organizationId="]) {
        await browser.get(`/api-key/list${query}`);
      }
    },
  },
  {
    name: "api-key list: pages and orders",
    async run(t) {
      const { app, browser } = await start(t);
      for (const [i, name] of ["b", "c", "a"].entries()) {
        await app.at(i * second);
        await browser.post("/api-key/create", { name });
      }
      for (const query of ["", "?limit=2", "?limit=2&offset=2", "?offset=5", "?limit=0", "?sortBy=name", "?sortBy=name&sortDirection=desc", "?sortBy=createdAt&sortDirection=desc&limit=1", "?sortBy=expiresAt", "?configId=default"]) {
        await browser.get(`/api-key/list${query}`);
      }
    },
  },
  {
    name: "api-key list: by an unknown field",
    async run(t) {
      const { browser } = await start(t);
      await browser.post("/api-key/create", {});
      await browser.get("/api-key/list?sortBy=unknown");
    },
  },
  {
    name: "api-key: several configurations",
    async run(t) {
      const configurations = [
        { configId: "default", defaultPrefix: "d_" },
        { configId: "public", defaultPrefix: "pk_", rateLimit: { enabled: false } },
        { configId: "secret", defaultPrefix: "sk_", rateLimit: { timeWindow: 60_000, maxRequests: 2 }, requireName: true },
      ];
      const { app, browser, user } = await start(t, configurations);
      const keys = {};
      for (const configId of [undefined, "default", "public", "secret", "unknown"]) {
        const { json } = await browser.post("/api-key/create", { configId, name: "a" });
        keys[configId] = json;
        await browser.post("/api-key/create", { configId });
      }
      for (const name of ["default", "public", "secret"]) {
        for (const configId of [undefined, "default", "public", "secret", "unknown"]) await verify(app, keys[name].key, { configId });
        for (const configId of ["default", "public"]) await browser.get(`/api-key/get?id=${keys[name].id}&configId=${configId}`);
      }
      await browser.post("/api-key/update", { keyId: keys.public.id, name: "b" });
      await browser.post("/api-key/update", { keyId: keys.public.id, configId: "public", name: "b" });
      await browser.post("/api-key/delete", { keyId: keys.secret.id });
      await browser.post("/api-key/delete", { keyId: keys.secret.id, configId: "secret" });
      for (const configId of ["default", "public", "secret", "unknown"]) await browser.get(`/api-key/list?configId=${configId}`);
      await made(app, user.id, { configId: "public", remaining: 1 });
      await browser.get("/api-key/list?sortBy=name&limit=3");
    },
  },
  {
    name: "api-key: no default configuration",
    async run(t) {
      const { app, browser } = await start(t, [{ configId: "one" }, { configId: "two" }]);
      const { json } = await browser.post("/api-key/create", { configId: "one" });
      await browser.post("/api-key/create", {});
      await browser.post("/api-key/create", { configId: "three" });
      await browser.get(`/api-key/get?id=${json.id}`);
      await browser.get(`/api-key/get?id=${json.id}&configId=one`);
      await browser.post("/api-key/update", { keyId: json.id, name: "a" });
      await browser.post("/api-key/delete", { keyId: json.id });
      await verify(app, json.key);
      await verify(app, json.key, { configId: "one" });
      await browser.get("/api-key/list");
    },
  },
  {
    name: "api-key: of organizations",
    async run(t) {
      const app = await t.app({}, {
        plugins: [
          organization({
            ac: { $ac: { organization: ["update", "delete"], apiKey: ["create", "read", "update", "delete"] } },
            roles: { owner: { $role: { organization: ["update", "delete"] } }, admin: { $role: { apiKey: ["create", "read", "update"] } }, member: { $role: { apiKey: ["read"] } } },
          }),
          { factory: "apiKey", options: [{ configId: "default" }, { configId: "org", references: "organization", defaultPrefix: "org_" }] },
        ],
      });
      const [owner, admin, member, stranger] = [await person(app, "olga"), await person(app, "adam"), await person(app, "mia"), await person(app, "stan")];
      const { json: org } = await owner.post("/organization/create", { name: "Acme", slug: "acme" });
      await join(app, org.id, "adam", "admin");
      await join(app, org.id, "mia", "member");
      const keys = [];
      for (const who of [owner, admin, member, stranger, app.browser()]) {
        const { json } = await who.post("/api-key/create", { configId: "org", organizationId: org.id, name: "a" });
        if (json?.id) keys.push(json);
      }
      await owner.post("/api-key/create", { configId: "org" });
      await owner.post("/api-key/create", { configId: "org", organizationId: "unknown" });
      await owner.post("/api-key/create", { organizationId: org.id });
      for (const who of [owner, admin, member, stranger]) {
        await who.get(`/api-key/get?id=${keys[0].id}&configId=org`);
        await who.get(`/api-key/get?id=${keys[0].id}`);
        await who.get(`/api-key/list?organizationId=${org.id}`);
        await who.get("/api-key/list");
        await who.post("/api-key/update", { keyId: keys[0].id, configId: "org", name: "b" });
      }
      await verify(app, keys[0].key, { configId: "org" });
      await verify(app, keys[0].key);
      await app.api("createApiKey", { body: { configId: "org", organizationId: org.id, userId: "adam", remaining: 3 } });
      await app.api("createApiKey", { body: { configId: "org", organizationId: org.id, userId: "stan" } });
      await app.api("createApiKey", { body: { configId: "org", organizationId: org.id } });
      for (const who of [stranger, member, admin, owner]) await who.post("/api-key/delete", { keyId: keys[0].id, configId: "org" });
      await owner.get(`/api-key/list?organizationId=${org.id}&configId=org&sortBy=createdAt`);
    },
  },
  {
    name: "api-key: organizations without their plugin",
    async run(t) {
      const { browser } = await start(t);
      await browser.get("/api-key/list?organizationId=acme");
    },
  },
  ...table("api-key session", [
    ["of a good key", (key) => by(key)],
    ["of a short text", () => by("short")],
    ["of an unknown key", () => by("k".repeat(64))],
    ["of an empty header", () => by("")],
    ["in another header", (key) => ({ headers: { authorization: `Bearer ${key}`, origin: null } })],
    ["with spaces around", (key) => by(` ${key} `)],
  ], async (t, headers) => {
    const { app, browser } = await start(t, { enableSessionForAPIKeys: true, rateLimit: { enabled: false } });
    const { json } = await browser.post("/api-key/create", { name: "a" });
    const guest = app.browser();
    await guest.get("/get-session", headers(json.key));
    await guest.get("/list-accounts", headers(json.key));
    await guest.get("/ok", headers(json.key));
    await guest.get("/api-key/list", headers(json.key));
    await guest.post("/sign-in/email", { email: "alice@example.com", password: "password123" }, headers(json.key));
  }),
  {
    name: "api-key session: off",
    async run(t) {
      const { app, browser } = await start(t);
      const { json } = await browser.post("/api-key/create", {});
      await app.browser().get("/get-session", by(json.key));
      await app.browser().get("/list-accounts", by(json.key));
      await app.browser().get("/list-accounts", by("short"));
    },
  },
  {
    name: "api-key session: uses run out",
    async run(t) {
      const { app, user } = await start(t, { enableSessionForAPIKeys: true });
      const { key } = await made(app, user.id, { remaining: 2, rateLimitEnabled: false });
      for (let i = 0; i < 4; i++) await app.browser().get("/list-accounts", by(key));
      const often = await made(app, user.id, { rateLimitMax: 2, rateLimitTimeWindow: 60_000 });
      for (let i = 0; i < 4; i++) await app.browser().get("/list-accounts", by(often.key));
      const off = await made(app, user.id);
      await app.api("updateApiKey", { body: { keyId: off.id, userId: user.id, enabled: false } });
      await app.browser().get("/list-accounts", by(off.key));
      const short = await made(app, user.id, { expiresIn: 24 * 3600 });
      await app.browser().get("/get-session", by(short.key));
      await app.at(day + 1);
      await app.browser().get("/get-session", by(short.key));
      await app.browser().get("/get-session", by(short.key));
    },
  },
  {
    name: "api-key session: beside a cookie",
    async run(t) {
      const { app, browser } = await start(t, { enableSessionForAPIKeys: true });
      const { json } = await browser.post("/api-key/create", {});
      const bob = app.browser();
      await bob.signUp({ email: "bob@example.com", name: "Bob" });
      await bob.get("/get-session", { headers: { "x-api-key": json.key } });
      await bob.get("/get-session");
      await bob.get("/get-session", { headers: { "x-api-key": "short" } });
    },
  },
  ...table("api-key session: options", [
    ["own headers", { apiKeyHeaders: ["x-first", "x-second"] }],
    ["one own header", { apiKeyHeaders: "x-first" }],
    ["an own getter", { customAPIKeyGetter: callback("getter", { sync: true }) }],
    ["an own validator", { customAPIKeyValidator: callback("validate") }],
    ["keys as they are", { disableKeyHashing: true }],
  ], async (t, options) => {
    let presented = null;
    const handlers = { getter: () => presented, validate: ({ key }) => !key.startsWith("a".repeat(10)) };
    const { app, browser } = await start(t, { enableSessionForAPIKeys: true, rateLimit: { enabled: false }, ...options }, {}, { handlers, unrecorded: Object.keys(handlers) });
    const { json } = await browser.post("/api-key/create", {});
    for (const name of ["x-api-key", "x-first", "x-second"]) {
      for (const value of [json.key, "a".repeat(64), "short"]) await app.browser().get("/list-accounts", { headers: { [name]: value, origin: null } });
    }
    for (presented of [json.key, "short", "", 7]) await app.browser().get("/list-accounts");
  }),
  {
    name: "api-key session: of a user who is gone",
    async run(t) {
      const { app, browser, user } = await start(t, { enableSessionForAPIKeys: true });
      const { json } = await browser.post("/api-key/create", {});
      await app.db("delete", { model: "user", where: [{ field: "id", value: user.id }] });
      await app.browser().get("/get-session", by(json.key));
      await app.browser().get("/list-accounts", by(json.key));
    },
  },
  ...table("api-key in a secondary storage", [
    ["alone", { storage: "secondary-storage" }, false],
    ["with the database", { storage: "secondary-storage", fallbackToDatabase: true }, false],
    ["of its own", { storage: "secondary-storage" }, true],
    ["of its own, with the database", { storage: "secondary-storage", fallbackToDatabase: true }, true],
  ], async (t, options, custom) => {
    const { calls, extra } = store();
    const core = custom ? {} : { secondaryStorage: calls };
    const { app, browser, user } = await start(t, { ...options, enableMetadata: true, rateLimit: { maxRequests: 4 }, ...(custom ? { customStorage: calls } : {}) }, core, extra);
    const { json } = await browser.post("/api-key/create", { name: "b", metadata: { a: 1 } });
    await app.at(second);
    const other = await browser.post("/api-key/create", { name: "a", expiresIn: 24 * 3600 });
    await browser.get(`/api-key/get?id=${json.id}`);
    await browser.get("/api-key/get?id=unknown");
    for (const query of ["", "?limit=1", "?sortBy=name", "?sortBy=name&sortDirection=desc&offset=1"]) await browser.get(`/api-key/list${query}`);
    for (let i = 0; i < 5; i++) await verify(app, json.key);
    await browser.get(`/api-key/get?id=${json.id}`);
    await browser.post("/api-key/update", { keyId: json.id, name: "c", metadata: { b: 2 } });
    await browser.post("/api-key/update", { keyId: json.id, enabled: false });
    await verify(app, json.key);
    const few = await made(app, user.id, { remaining: 1, permissions: { files: ["read"] } });
    await verify(app, few.key, { permissions: { files: ["read"] } });
    await verify(app, few.key);
    await verify(app, few.key);
    await browser.post("/api-key/delete", { keyId: json.id });
    await browser.post("/api-key/delete", { keyId: json.id });
    await verify(app, json.key);
    await browser.get("/api-key/list");
    await app.at(day + 2 * second);
    await verify(app, other.json.key);
    await verify(app, other.json.key);
    await app.rows("apikey");
  }),
  {
    name: "api-key: counted after the answer",
    async run(t) {
      const { app, user } = await start(t, { deferUpdates: true, rateLimit: { maxRequests: 3 } }, { advanced: { backgroundTasks: { handler: callback("background", { sync: true }) } } }, { handlers: { background: () => {} }, unrecorded: ["background"] });
      const { key } = await made(app, user.id, { remaining: 5 });
      await verify(app, key);
      await verify(app, "unknown");
    },
  },
  {
    name: "api-key: limits by address",
    async run(t) {
      const { app, browser } = await start(t, { enableSessionForAPIKeys: true }, { rateLimit: { enabled: true, max: 5 } });
      await browser.get("/api-key/list");
      for (let i = 0; i < 7; i++) await app.browser().get("/list-accounts", { headers: { "x-api-key": `${id32}${id32}`, origin: null, "x-forwarded-for": "198.51.100.7" } });
    },
  },
];
