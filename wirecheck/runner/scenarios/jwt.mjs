/** Tokens for other services, and the keys that verify them. */
import { createLocalJWKSet, decodeProtectedHeader, jwtVerify } from "jose";
import { alice, callback, day, hour, minute, ORIGIN, second, START, table } from "./kit.mjs";

const jwt = (options = {}, extra = {}) => ({
  plugins: [{ factory: "jwt", options }, ...(extra.plugins ?? [])],
  clientPlugins: ({ jwtClient }) => [jwtClient(extra.client)],
  handlers: extra.handlers,
  unrecorded: extra.unrecorded,
});
const header = (answer, name) => answer.headers.find(([key]) => key === name)?.[1];

/** What npm's jose says of a token, with the key set of the server. */
async function judged(t, label, app, token, jwks, options = { issuer: ORIGIN, audience: ORIGIN }) {
  try {
    const { payload, protectedHeader } = await jwtVerify(token, createLocalJWKSet(jwks), { currentDate: new Date(app.now), ...options });
    await t.note(`${label}: jose`, { payload, protectedHeader });
  } catch (error) {
    await t.note(`${label}: jose`, { refused: error.code ?? error.message });
  }
}
const pairs = [
  ["EdDSA", { alg: "EdDSA", crv: "Ed25519" }],
  ["ES256", { alg: "ES256" }],
  ["ES512", { alg: "ES512" }],
  ["RS256", { alg: "RS256" }],
  ["PS256", { alg: "PS256", modulusLength: 3072 }],
];
/** A call of the server's own. */
const sign = (app, body) => app.api("signJWT", { body });
const verify = (app, body) => app.api("verifyJWT", { body });

export default [
  {
    name: "jwt: a life by the official client",
    async run(t) {
      const { app, browser } = await alice(t, {}, jwt());
      const say = async (label, promise) => {
        const answer = await promise;
        await t.note(label, answer);
        return answer.data;
      };
      const { token } = await say("token", browser.client.token());
      const jwks = await say("jwks", browser.client.jwks());
      await judged(t, "token", app, token, jwks);
      await app.at(second);
      let shown;
      await say("session", browser.client.getSession({ fetchOptions: { onSuccess: ({ response }) => (shown = response.headers.get("set-auth-jwt")) } }));
      await judged(t, "header", app, shown, jwks);
      await say("sign out", browser.client.signOut());
      await say("no token", browser.client.token());
      await say("no session", browser.client.getSession());
      await app.rows("jwks");
    },
  },
  ...table("jwt: algorithm", pairs, async (t, keyPairConfig) => {
    const { app, browser } = await alice(t, {}, jwt({ jwks: { keyPairConfig } }));
    const first = await browser.get("/token");
    const { json } = await browser.get("/jwks");
    await judged(t, "token", app, first.json.token, json);
    await app.at(second);
    await judged(t, "header", app, header(await browser.get("/get-session"), "set-auth-jwt"), json);
    await app.at(2 * second);
    const made = await sign(app, { payload: { sub: "service", role: "worker" } });
    await judged(t, "signed", app, made.json.token, json);
    await verify(app, { token: made.json.token });
    await app.rows("jwks");
  }),
  {
    name: "jwt: without a session",
    async run(t) {
      const { app, browser } = await alice(t, {}, jwt());
      await app.browser().get("/token");
      await app.browser().get("/get-session");
      await app.browser().get("/jwks");
      await browser.post("/sign-out");
      await browser.get("/token");
    },
  },
  {
    name: "jwt: a session that has expired",
    async run(t) {
      const { app, browser } = await alice(t, {}, jwt());
      await app.at(8 * day);
      await browser.get("/token");
      await browser.get("/get-session");
    },
  },
  {
    name: "jwt: with a cookie cache",
    async run(t) {
      const { app, browser } = await alice(t, { session: { cookieCache: { enabled: true } } }, jwt());
      await browser.get("/get-session");
      await browser.get("/token");
      await app.at(10 * minute);
      await browser.get("/token");
      await browser.get("/get-session");
    },
  },
  {
    name: "jwt: a session that was revoked and lives on in a cookie cache",
    async run(t) {
      const { browser } = await alice(t, { session: { cookieCache: { enabled: true } } }, jwt());
      const before = browser.twin();
      await browser.post("/sign-out");
      await before.get("/token");
    },
  },
  ...table("jwt: claims", [
    ["issuer", { issuer: "https://issuer.example.com" }],
    ["audience", { audience: "https://api.example.com" }],
    ["audiences", { audience: ["https://api.example.com", "https://www.example.com"] }],
    ["a life of an hour", { expirationTime: "1h" }],
    ["a life in words", { expirationTime: "2 hours" }],
    ["an end in seconds", { expirationTime: START / 1000 + 100 }],
    ["an end as a date", { expirationTime: { $date: new Date(START + day).toISOString() } }],
    ["a payload of its own", { definePayload: callback("definePayload") }],
    ["a subject of its own", { getSubject: callback("getSubject") }],
    ["all", { issuer: "i", audience: "a", expirationTime: "5m", definePayload: callback("definePayload"), getSubject: callback("getSubject") }],
    ["a payload that says everything", { definePayload: callback("everything") }],
    ["no subject", { getSubject: callback("nothing") }],
  ], async (t, options) => {
    const handlers = {
      definePayload: ({ user, session }) => ({ email: user.email, session: session.id, roles: ["a", "b"] }),
      getSubject: ({ user }) => user.email,
      everything: () => ({ iss: "own", aud: ["x", "y"], exp: START / 1000 + 30, iat: START / 1000 - 30, nbf: START / 1000 - 60, jti: "once", sub: "not this" }),
    };
    const { app, browser } = await alice(t, {}, jwt({ jwt: options }, { handlers }));
    const { json } = await browser.get("/token");
    await verify(app, { token: json.token });
    await app.at(second);
    await browser.get("/get-session");
  }),
  {
    name: "jwt: fields of the user",
    async run(t) {
      const additionalFields = { plan: { type: "string", defaultValue: "free" }, secretNote: { type: "string", returned: false, required: false }, since: { type: "date", required: false } };
      const app = await t.app({ user: { additionalFields } }, jwt());
      const browser = app.browser();
      await browser.signUp({ plan: "pro", secretNote: "hidden", since: "2025-01-01T00:00:00.000Z" });
      await browser.get("/token");
    },
  },
  {
    name: "jwt: a field of the user with the name of a claim",
    async run(t) {
      const app = await t.app({ user: { additionalFields: { aud: { type: "string", required: false } } } }, jwt());
      const browser = app.browser();
      await browser.signUp({ aud: "https://bank.example.com" });
      await browser.get("/token");
    },
  },
  {
    name: "jwt: no header",
    async run(t) {
      const { browser } = await alice(t, {}, jwt({ disableSettingJwtHeader: true }));
      await browser.get("/get-session");
      await browser.get("/token");
    },
  },
  {
    name: "jwt: two exposed headers",
    async run(t) {
      const { app, browser } = await alice(t, {}, jwt({}, { plugins: [{ factory: "bearer", options: {} }] }));
      await app.at(2 * day);
      await browser.get("/get-session");
    },
  },
  {
    name: "jwt: a path of its own",
    async run(t) {
      const { app, browser } = await alice(t, {}, jwt({ jwks: { jwksPath: "/.well-known/jwks.json" } }, { client: { jwks: { jwksPath: "/.well-known/jwks.json" } } }));
      await browser.get("/jwks");
      const { json } = await browser.get("/token");
      await judged(t, "token", app, json.token, (await browser.get("/.well-known/jwks.json")).json);
    },
  },
  {
    name: "jwt: keys that are published elsewhere",
    async run(t) {
      const { app, browser } = await alice(t, {}, jwt({ jwks: { remoteUrl: "https://keys.example.com/jwks", keyPairConfig: { alg: "ES256" } } }));
      await browser.get("/jwks");
      const { json } = await browser.get("/token");
      await verify(app, { token: json.token });
      await app.rows("jwks");
    },
  },
  {
    name: "jwt: signed elsewhere",
    async run(t) {
      const handlers = { sign: ({ sub, exp }) => `signed:${sub}:${exp}`, definePayload: ({ user }) => ({ email: user.email }) };
      const options = { jwks: { remoteUrl: "https://keys.example.com/jwks", keyPairConfig: { alg: "ES256" } }, jwt: { sign: callback("sign"), definePayload: callback("definePayload") } };
      const { app, browser } = await alice(t, {}, jwt(options, { handlers }));
      await browser.get("/token");
      await browser.get("/get-session");
      await sign(app, { payload: { sub: "x", exp: START / 1000 + 5 } });
      await app.rows("jwks");
    },
  },
  {
    name: "jwt: keys as they are",
    async run(t) {
      const { app, browser } = await alice(t, {}, jwt({ jwks: { disablePrivateKeyEncryption: true } }));
      await browser.get("/token");
      await app.rows("jwks");
    },
  },
  {
    name: "jwt: rotation",
    async run(t) {
      const { app, browser } = await alice(t, {}, jwt({ jwks: { rotationInterval: 3600, gracePeriod: 1800 } }));
      const jwks = async () => (await browser.get("/jwks")).json;
      const first = (await browser.get("/token")).json.token;
      await app.at(hour);
      const same = (await browser.get("/token")).json.token;
      await t.note("the same key", decodeProtectedHeader(first).kid === decodeProtectedHeader(same).kid);
      await app.at(hour + second);
      const next = (await browser.get("/token")).json.token;
      await t.note("another key", decodeProtectedHeader(first).kid !== decodeProtectedHeader(next).kid);
      const both = await jwks();
      for (const token of [same, next]) {
        await judged(t, "in grace", app, token, both);
        await verify(app, { token });
      }
      await app.at(hour + 31 * minute);
      await judged(t, "after grace", app, next, await jwks());
      await app.at(9 * hour);
      await jwks();
      await app.rows("jwks");
    },
  },
  {
    name: "jwt: the newest key that has expired",
    async run(t) {
      const { app, browser } = await alice(t, {}, jwt());
      const first = (await browser.get("/token")).json.token;
      await app.db("updateMany", { model: "jwks", where: [], update: { expiresAt: { $date: new Date(START + minute).toISOString() } } });
      await app.at(2 * minute);
      const next = (await browser.get("/token")).json.token;
      await t.note("another key", decodeProtectedHeader(first).kid !== decodeProtectedHeader(next).kid);
      await browser.get("/jwks");
    },
  },
  {
    name: "jwt: keys that an adapter keeps",
    async run(t) {
      const kept = [];
      const handlers = {
        getJwks: () => kept,
        createJwk: (key) => {
          kept.push({ id: `key-${kept.length + 1}`, ...key });
          return kept.at(-1);
        },
      };
      const { app, browser } = await alice(t, {}, jwt({ adapter: { getJwks: callback("getJwks"), createJwk: callback("createJwk") } }, { handlers, unrecorded: ["getJwks"] }));
      const { json } = await browser.get("/token");
      await judged(t, "token", app, json.token, (await browser.get("/jwks")).json);
      await verify(app, { token: json.token });
      await app.rows("jwks");
    },
  },
  // The option schema is not played: Better Auth keeps the names for every other instance of its process.
  ...table("jwt: signed by the server", [
    ["a payload", { payload: { sub: "service", role: "worker" } }],
    ["an empty payload", { payload: {} }],
    ["its own claims", { payload: { sub: "s", iss: "i", aud: "a", exp: START / 1000 + 5, iat: START / 1000 } }],
    ["another issuer and audience", { payload: { sub: "s" }, overrideOptions: { jwt: { issuer: "i", audience: ["a"] } } }],
    ["another end", { payload: { sub: "s" }, overrideOptions: { jwt: { expirationTime: START / 1000 + 7 } } }],
    ["no payload", {}],
    ["a list", { payload: [] }],
  ], async (t, body) => {
    const app = await t.app({}, jwt({ jwt: { issuer: "mine", audience: "yours" } }));
    await sign(app, body);
  }),
  {
    name: "jwt: verified by the server",
    async run(t) {
      const app = await t.app({}, jwt());
      const made = async (payload) => (await sign(app, { payload })).json.token;
      const good = await made({ sub: "s", n: 1 });
      const [head, body, signature] = good.split(".");
      const encode = (value) => Buffer.from(JSON.stringify(value)).toString("base64url");
      const { kid } = decodeProtectedHeader(good);
      const forged = `${head}.${encode({ sub: "admin", iss: ORIGIN, aud: ORIGIN, exp: START / 1000 + 900 })}.${signature}`;
      for (const [label, token, issuer] of [
        ["good", good],
        ["another issuer is asked for", good, "https://elsewhere.example.com"],
        ["its issuer is asked for", await made({ sub: "s", iss: "https://elsewhere.example.com" }), "https://elsewhere.example.com"],
        ["another issuer", await made({ sub: "s", iss: "https://elsewhere.example.com" })],
        ["another audience", await made({ sub: "s", aud: "https://elsewhere.example.com" })],
        ["several audiences", await made({ sub: "s", aud: ["https://elsewhere.example.com", ORIGIN] })],
        ["expired", await made({ sub: "s", exp: START / 1000 })],
        ["not yet", await made({ sub: "s", nbf: START / 1000 + 60 })],
        ["without a subject", await made({ n: 1 })],
        ["forged", forged],
        ["without a signature", `${head}.${body}.`],
        ["alg none", `${encode({ alg: "none", kid })}.${body}.`],
        ["alg HS256", `${encode({ alg: "HS256", kid })}.${body}.${signature}`],
        ["alg ES256", `${encode({ alg: "ES256", kid })}.${body}.${signature}`],
        ["without a kid", `${encode({ alg: "EdDSA" })}.${body}.${signature}`],
        ["a kid of nobody", `${encode({ alg: "EdDSA", kid: "../../etc/passwd" })}.${body}.${signature}`],
        ["a critical header", `${encode({ alg: "EdDSA", kid, crit: ["x"], x: 1 })}.${body}.${signature}`],
        ["two parts", `${head}.${body}`],
        ["no token", ""],
      ]) {
        await t.note(label, (await verify(app, { token, ...(issuer ? { issuer } : {}) })).json);
      }
      await verify(app, {});
      await verify(app, { token: 1 });
      await app.at(15 * minute - second);
      await verify(app, { token: good });
      await app.at(15 * minute);
      await verify(app, { token: good });
    },
  },
];
