import { callback, table } from "./kit.mjs";

const user = {
  additionalFields: {
    role: { type: "string", required: false, defaultValue: "member", input: false },
    nickname: { type: "string", required: false },
    age: { type: "number", required: false },
    newsletter: { type: "boolean", required: false, defaultValue: false },
    birthday: { type: "date", required: false },
    secretNote: { type: "string", required: false, returned: false, defaultValue: "hidden" },
    tags: { type: "string[]", required: false },
    profile: { type: "json", required: false },
  },
};

export default [
  ...table("fields on sign-up", [
    ["none given", {}],
    ["all given", { nickname: "Al", age: 30, newsletter: true, birthday: "2000-02-29T00:00:00.000Z", secretNote: "mine", tags: ["a", "b"], profile: { a: [1, null] } }],
    ["not for input", { role: "admin" }],
    ["null", { nickname: null, age: null }],
    ["number as text", { age: "30" }],
    ["text as number", { nickname: 5 }],
    ["boolean as text", { newsletter: "true" }],
    ["bad date", { birthday: "yesterday" }],
    ["number of odd form", { age: 1e21 }],
    ["fraction", { age: 0.1 }],
  ], async (t, more) => {
    const app = await t.app({ user, session: { cookieCache: { enabled: true } } });
    const browser = app.browser();
    await browser.signUp(more);
    await browser.get("/get-session");
    await browser.get("/get-session?disableCookieCache=true");
    await app.browser().signIn();
    await app.rows("user");
  }),
  ...table("fields on update", [
    ["text", { nickname: "Al" }],
    ["number", { age: 31 }],
    ["not for input", { role: "admin" }],
    ["not for input, and more", { role: "admin", nickname: "Al" }],
    ["not returned", { secretNote: "new" }],
    ["date", { birthday: "2000-02-29T00:00:00.000Z" }],
    ["null", { nickname: null }],
  ], async (t, body) => {
    const app = await t.app({ user });
    const browser = app.browser();
    await browser.signUp({ nickname: "A", age: 30 });
    await browser.post("/update-user", body);
    await browser.get("/get-session");
    await app.rows("user");
  }),
  {
    name: "fields: required",
    async run(t) {
      const app = await t.app({ user: { additionalFields: { firstName: { type: "string", required: true }, country: { type: "string" }, plan: { type: "string", required: true, defaultValue: "free" } } } });
      await app.browser().signUp();
      await app.browser().signUp({ firstName: "A" });
      await app.browser().signUp({ firstName: "A", country: "BR" });
      await app.browser().signUp({ firstName: "", country: "BR", email: "b@example.com" });
      await app.rows("user");
    },
  },
  {
    name: "fields: default by function, transform, own column",
    async run(t) {
      const app = await t.app({
        user: { additionalFields: { joined: { type: "string", required: false, defaultValue: callback("joined", { sync: true }) }, lang: { type: "string", required: false, fieldName: "language" } } },
      }, { handlers: { joined: () => "today" } });
      const browser = app.browser();
      await browser.signUp({ lang: "pt" });
      await browser.get("/get-session");
      await app.rows("user");
    },
  },
  {
    name: "fields: on the session",
    async run(t) {
      const app = await t.app({ session: { additionalFields: { theme: { type: "string", defaultValue: "light" }, note: { type: "string", defaultValue: "x", returned: false }, language: { type: "string", required: false } }, cookieCache: { enabled: true } } });
      const browser = app.browser();
      await browser.signUp({ theme: "dark" });
      await browser.get("/get-session");
      await browser.get("/get-session?disableCookieCache=true");
      await browser.get("/list-sessions");
      await app.rows("session");
    },
  },
  {
    name: "fields: renamed tables and columns",
    async run(t) {
      const app = await t.app({
        user: { modelName: "people", fields: { email: "email_address", name: "full_name" }, deleteUser: { enabled: true } },
        session: { modelName: "logins", fields: { userId: "person_id", token: "key" } },
        account: { modelName: "identities", fields: { accountId: "remote_id", providerId: "provider" } },
        verification: { modelName: "proofs", fields: { identifier: "what" } },
        emailAndPassword: { enabled: true, sendResetPassword: callback("sendResetPassword") },
      });
      const browser = app.browser();
      await browser.signUp();
      await browser.get("/get-session");
      await browser.get("/list-sessions");
      await browser.get("/list-accounts");
      await browser.post("/request-password-reset", { email: "alice@example.com" });
      await browser.post("/reset-password", { newPassword: "password456", token: app.last("sendResetPassword").token });
      await browser.signIn({ password: "password456" });
      await browser.post("/update-user", { name: "A." });
      await app.rows("user", "session", "account");
      await browser.post("/delete-user");
      await app.rows("user", "session", "account");
    },
  },
  {
    name: "fields: by a plugin",
    async run(t) {
      const session = { theme: { type: "string", required: false, defaultValue: "light" } };
      const app = await t.app({ session: { cookieCache: { enabled: true } } }, { plugins: [{ factory: "additionalFields", options: { user: user.additionalFields, session } }] });
      const browser = app.browser();
      await browser.signUp({ nickname: "Al", age: 30, birthday: "2000-02-29T00:00:00.000Z", secretNote: "mine" });
      await browser.signUp({ role: "admin", email: "b@example.com" });
      await browser.get("/get-session");
      await browser.get("/get-session?disableCookieCache=true");
      await browser.post("/update-user", { nickname: "B", newsletter: true });
      await browser.post("/update-user", { role: "admin" });
      await browser.post("/update-session", { theme: "dark" });
      await app.rows("user", "session");
    },
  },
  {
    name: "fields: a synthetic user answers for an address in use",
    async run(t) {
      const app = await t.app({ user, emailAndPassword: { enabled: true, requireEmailVerification: true } });
      await app.browser().signUp({ nickname: "Al" });
      await app.browser().signUp({ nickname: "Mallory", role: "admin" });
    },
  },
];
