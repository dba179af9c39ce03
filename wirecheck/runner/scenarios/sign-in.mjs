import { alice, callback, table, verify, withMail } from "./kit.mjs";

export default [
  ...table("sign-in", [
    ["plain", {}],
    ["upper case e-mail", { email: "ALICE@EXAMPLE.COM" }],
    ["rememberMe false", { rememberMe: false }],
    ["rememberMe true", { rememberMe: true }],
    ["callbackURL", { callbackURL: "/dashboard" }],
    ["absolute callbackURL", { callbackURL: "http://localhost:3000/dashboard" }],
    ["wrong password", { password: "password124" }],
    ["empty password", { password: "" }],
    ["long password", { password: "p".repeat(1000) }],
    ["unknown address", { email: "bob@example.com" }],
    ["not an address", { email: "alice" }],
    ["empty address", { email: "" }],
    ["password missing", { password: undefined }],
    ["e-mail of wrong type", { email: ["alice@example.com"] }],
    ["password of wrong type", { password: { a: 1 } }],
    ["rememberMe of wrong type", { rememberMe: "no" }],
    ["unknown fields", { more: true }],
  ], async (t, more) => {
    const { app } = await alice(t);
    const browser = app.browser();
    await browser.signIn(more);
    await browser.get("/get-session");
    await app.rows("session");
  }),
  {
    name: "sign-in: disabled",
    async run(t) {
      const app = await t.app({ emailAndPassword: { enabled: false } });
      await app.browser().signIn();
      await app.browser().signIn({ email: "x" });
    },
  },
  ...table("sign-in, verification required", [
    ["no sender", {}],
    ["sender", withMail.emailVerification],
    ["sent on sign-in", { ...withMail.emailVerification, sendOnSignIn: true }],
    ["not sent on sign-in", { ...withMail.emailVerification, sendOnSignIn: false }],
  ], async (t, emailVerification) => {
    const app = await t.app({ emailAndPassword: { enabled: true, requireEmailVerification: true }, emailVerification });
    const browser = app.browser();
    await browser.signUp();
    await browser.signIn({ callbackURL: "/in" });
    await browser.signIn({ password: "wrong password" });
    await verify(app);
    await browser.signIn();
    await t.note("mails", app.count("sendVerificationEmail"));
  }),
  {
    name: "sign-in: user without a password",
    async run(t) {
      const { app } = await alice(t);
      await app.db("deleteMany", { model: "account", where: [] });
      await app.browser().signIn();
    },
  },
  {
    name: "sign-in: as a form",
    async run(t) {
      const { app } = await alice(t);
      const form = { "content-type": "application/x-www-form-urlencoded" };
      await app.browser().request("POST", "/sign-in/email", { body: "email=alice%40example.com&password=password123", headers: form });
      await app.browser().request("POST", "/sign-in/email", { body: "email=alice%40example.com&password=wrong+pass", headers: form });
      await app.browser().request("POST", "/sign-in/email", { body: "email=alice%40example.com&password=password123&rememberMe=false", headers: form });
      await app.browser().request("POST", "/sign-up/email", { body: "email=bob%40example.com&password=password123&name=Bob", headers: form });
      await app.browser().request("POST", "/sign-up/email", { body: "", headers: form });
    },
  },
  {
    name: "sign-in: sign-out and again",
    async run(t) {
      const { app, browser } = await alice(t);
      const before = browser.twin();
      await browser.post("/sign-out");
      await browser.get("/get-session");
      await before.get("/get-session");
      await before.post("/sign-out");
      await browser.request("POST", "/sign-out");
      await browser.signIn();
      await app.rows("session");
    },
  },
  {
    name: "sign-in: social without a provider",
    async run(t) {
      const { browser } = await alice(t);
      await browser.post("/sign-in/social", { provider: "github" });
      await browser.post("/sign-in/social", {});
      await browser.post("/link-social", { provider: "github" });
      await browser.post("/link-social", {});
      await browser.get("/callback/github");
      await browser.get("/callback/github?error=access_denied");
      await browser.get("/callback/github?code=1&state=2");
      await browser.post("/callback/github", { code: "1", state: "2" });
    },
  },
  {
    name: "sign-in: IP address and user agent",
    async run(t) {
      const { app } = await alice(t);
      const headers = { "x-forwarded-for": "203.0.113.7, 10.0.0.1", "user-agent": "Mozilla/5.0 (test)" };
      const browser = app.browser();
      await browser.post("/sign-in/email", { email: "alice@example.com", password: "password123" }, { headers });
      await browser.get("/get-session");
      for (const ip of ["2001:db8:1:2:3:4:5:6", "::ffff:192.0.2.1", "not an address", "999.1.1.1", ""]) {
        await app.browser().post("/sign-in/email", { email: "alice@example.com", password: "password123" }, { headers: { "x-forwarded-for": ip } });
      }
      await browser.get("/list-sessions");
    },
  },
  {
    name: "sign-in: custom check of hooks on sessions",
    async run(t) {
      const app = await t.app({ databaseHooks: { session: { create: { before: callback("before"), after: callback("after") } } } });
      const browser = app.browser();
      await browser.signUp();
      await browser.signIn();
      await app.rows("session");
    },
  },
];
