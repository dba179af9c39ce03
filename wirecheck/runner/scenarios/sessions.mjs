import { age, alice, callback, day, hour, minute, second, table } from "./kit.mjs";

const cache = (strategy, more = {}) => ({ session: { cookieCache: { enabled: true, ...(strategy ? { strategy } : {}), ...more } } });

export default [
  ...table("session cache", [
    ["default", cache()],
    ["compact", cache("compact")],
    ["jwt", cache("jwt")],
    ["jwe", cache("jwe")],
    ["compact for an hour", cache("compact", { maxAge: 3600 })],
    ["jwt with version", cache("jwt", { version: "7" })],
    ["compact, refresh asked for", cache("compact", { refreshCache: true })],
  ], async (t, options) => {
    const { app, browser } = await alice(t, options);
    await browser.get("/get-session");
    await app.at(2 * minute);
    await browser.get("/get-session");
    await browser.get("/get-session?disableCookieCache=true");
    await browser.get("/list-sessions");
    await app.at(6 * minute);
    await browser.get("/get-session");
    await app.db("deleteMany", { model: "session", where: [] });
    await browser.get("/get-session");
    await browser.get("/list-accounts");
    await browser.post("/change-password", { currentPassword: "password123", newPassword: "password456" });
    await browser.get("/get-session?disableCookieCache=true");
    await browser.get("/get-session");
  }),
  ...table("session cache refused", [
    ["compact", "compact"], ["jwt", "jwt"], ["jwe", "jwe"],
  ], async (t, strategy) => {
    const { browser } = await alice(t, cache(strategy));
    const good = browser.jar.get("better-auth.session_data");
    for (const bad of ["", "x", "e30", `${good.slice(0, -4)}AAAA`, `x${good}`, "%00", good.slice(0, 40)]) {
      const other = browser.twin();
      other.jar.set("better-auth.session_data", bad);
      await other.get("/get-session");
    }
    const alone = browser.twin();
    alone.jar.delete("better-auth.session_token");
    await alone.get("/get-session");
  }),
  {
    name: "session cache: version changes",
    async run(t) {
      const { app, browser } = await alice(t, cache("compact", { version: callback("version") }), { handlers: { version: () => "2" } });
      await browser.get("/get-session");
      app.handlers.version = () => "3";
      await browser.get("/get-session");
    },
  },
  {
    name: "session cache: not remembered",
    async run(t) {
      const { app } = await alice(t, cache("compact"));
      const browser = app.browser();
      await browser.signIn({ rememberMe: false });
      await browser.get("/get-session");
      await app.at(2 * minute);
      await browser.get("/get-session");
      await browser.get("/get-session?disableCookieCache=true");
      await browser.post("/update-user", { name: "A." });
    },
  },
  {
    name: "session cache: follows updates of the user",
    async run(t) {
      const { browser } = await alice(t, cache("jwe"));
      await browser.post("/update-user", { name: "Alice B." });
      await browser.get("/get-session");
      await browser.post("/sign-out");
    },
  },
  {
    name: "session cache: too long for one cookie",
    async run(t) {
      const options = { ...cache("compact"), user: { additionalFields: { bio: { type: "string" } } } };
      const app = await t.app(options);
      const browser = app.browser();
      await browser.signUp({ bio: "lorem ipsum ".repeat(500) });
      await browser.get("/get-session");
      await browser.post("/update-user", { bio: "short" });
      await browser.get("/get-session");
      await browser.post("/sign-out");
    },
  },
  ...table("session refresh", [
    ["default", {}],
    ["short", { expiresIn: 3600, updateAge: 60 }],
    ["updateAge 0", { updateAge: 0 }],
    ["disabled", { disableSessionRefresh: true }],
    ["deferred", { deferSessionRefresh: true }],
    ["with cache", { cookieCache: { enabled: true } }],
  ], async (t, session) => {
    const { app, browser } = await alice(t, { session });
    for (const moment of [0, 30 * second, minute, minute + 1, hour, day - 1, day, day + 1, 2 * day]) {
      await app.at(moment);
      await browser.get("/get-session");
    }
    await app.at(3 * day + 1);
    await browser.get("/get-session?disableRefresh=true");
    await browser.post("/get-session");
    await browser.get("/list-sessions");
    await app.rows("session");
  }),
  ...table("session end", [
    ["remembered", {}, {}],
    ["not remembered", { rememberMe: false }, {}],
    ["deferred", {}, { session: { deferSessionRefresh: true } }],
  ], async (t, more, options) => {
    const { app } = await alice(t, options);
    const browser = app.browser();
    await browser.signIn(more);
    const keep = browser.twin();
    await app.at(day - second);
    await browser.get("/get-session");
    await app.at(day + second);
    await browser.get("/get-session");
    await app.at(7 * day);
    await keep.get("/get-session");
    // The cookie may be gone from a browser by now; a client may keep it.
    const cookie = keep.jar.get("better-auth.session_token");
    await app.at(30 * day);
    const late = app.browser();
    if (cookie) late.jar.set("better-auth.session_token", cookie);
    await late.get("/get-session");
    await late.get("/get-session");
    await late.post("/get-session");
    await app.rows("session");
  }),
  {
    name: "session: list and revoke",
    async run(t) {
      const { app, browser, token } = await alice(t);
      const two = app.browser();
      const three = app.browser();
      await app.at(minute);
      await two.signIn();
      await app.at(2 * minute);
      const { json } = await three.signIn();
      await browser.get("/list-sessions");
      await browser.post("/revoke-session", { token: json.token });
      await three.get("/get-session");
      await browser.post("/revoke-session", { token: "unknown" });
      await browser.post("/revoke-session", {});
      await browser.post("/revoke-session", { token: 5 });
      await browser.post("/revoke-other-sessions");
      await two.get("/get-session");
      await browser.get("/list-sessions");
      await browser.post("/revoke-session", { token });
      await browser.get("/get-session");
      await app.rows("session");
    },
  },
  {
    name: "session: nobody revokes another user's session",
    async run(t) {
      const { app, token } = await alice(t);
      const bob = app.browser();
      await bob.signUp({ email: "bob@example.com", name: "Bob" });
      await bob.post("/revoke-session", { token });
      await app.rows("session");
    },
  },
  {
    name: "session: revoke all",
    async run(t) {
      const { app, browser } = await alice(t);
      await app.browser().signIn();
      await browser.request("POST", "/revoke-sessions");
      await browser.get("/get-session");
      await app.browser().post("/revoke-sessions");
      await app.browser().post("/revoke-other-sessions");
      await app.browser().post("/revoke-session", { token: "x" });
      await app.rows("session");
    },
  },
  {
    name: "session: expired ones are not listed",
    async run(t) {
      const { app, browser } = await alice(t);
      await app.at(4 * day);
      const late = app.browser();
      await late.signIn();
      await app.at(8 * day);
      await late.get("/list-sessions");
      await browser.get("/list-sessions");
    },
  },
  ...table("session cookie", [
    ["no signature", (value) => value.split(".")[0]],
    ["empty", () => ""],
    ["wrong signature", (value) => `${value.slice(0, -8)}AAAAAA%3D`],
    ["signature of another value", (value) => `x${value}`],
    ["cut", (value) => value.slice(0, -3)],
    ["not encoded", (value) => decodeURIComponent(value)],
    ["quoted", (value) => `"${value}"`],
    ["bad percent", (value) => `${value}%`],
    ["two dots", (value) => `a.${value}`],
  ], async (t, change) => {
    const { browser } = await alice(t);
    browser.jar.set("better-auth.session_token", change(browser.jar.get("better-auth.session_token")));
    await browser.get("/get-session");
    await browser.get("/list-sessions");
    await browser.post("/sign-out");
  }),
  {
    name: "session: POST without deferred refresh",
    async run(t) {
      const { browser, app } = await alice(t);
      await browser.post("/get-session");
      await browser.request("POST", "/get-session");
      await app.browser().post("/get-session");
    },
  },
  {
    name: "session: odd queries",
    async run(t) {
      const { browser } = await alice(t, cache("compact"));
      for (const query of ["disableCookieCache=maybe", "disableCookieCache=", "disableCookieCache=false", "disableCookieCache=1", "disableRefresh=0", "disableCookieCache=true&disableCookieCache=false", "x=%zz", "x"]) {
        await browser.get(`/get-session?${query}`);
      }
    },
  },
  ...table("session: a late answer", [
    ["database", {}],
    ["cookie cache", cache("compact")],
    ["secondary storage", { secondaryStorage: { get: callback("storage get"), set: callback("storage set"), delete: callback("storage delete") } }],
  ], async (t, options) => {
    const values = new Map();
    const { browser } = await alice(t, options, {
      handlers: { "storage get": (key) => values.get(key) ?? null, "storage set": (key, value) => void values.set(key, value), "storage delete": (key) => void values.delete(key) },
      unrecorded: ["storage get", "storage set", "storage delete"],
    });
    for (const again of [() => browser.signIn(), () => browser.post("/change-password", { currentPassword: "password123", newPassword: "password456", revokeOtherSessions: true })]) {
      let arrive;
      const late = browser.get("/get-session?disableCookieCache=true", { until: new Promise((resolve) => (arrive = resolve)) });
      await again();
      arrive();
      await late;
      await t.note("signed in", (await browser.get("/get-session")).json !== null);
    }
  }),
  {
    name: "session: fresh age",
    async run(t) {
      const { app, browser } = await alice(t, { session: { freshAge: 600 } });
      await age(app, 600 * second - 1);
      await browser.post("/unlink-account", { providerId: "credential" });
      await age(app, 600 * second);
      await browser.post("/unlink-account", { providerId: "credential" });
      await browser.get("/get-session");
    },
  },
  {
    name: "session: on the server side",
    async run(t) {
      const { app, browser } = await alice(t);
      const headers = { $headers: [["cookie", `better-auth.session_token=${browser.jar.get("better-auth.session_token")}`]] };
      await app.api("getSession", { headers });
      await app.api("getSession", { headers: { $headers: [] } });
      await app.api("getSession");
      await app.api("listSessions", { headers });
      await app.api("listSessions");
      await app.api("signOut", { headers });
      await app.api("ok");
    },
  },
];
