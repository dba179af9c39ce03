import { age, alice, callback, day, second, table } from "./kit.mjs";

const verification = { enabled: true, sendDeleteAccountVerification: callback("sendDeleteAccountVerification") };

export default [
  ...table("update user", [
    ["name", { name: "Alice B." }],
    ["image", { image: "https://example.com/a.png" }],
    ["image null", { image: null }],
    ["both", { name: "A", image: "b" }],
    ["nothing", {}],
    ["unknown field", { nonsense: 1 }],
    ["e-mail", { email: "new@example.com" }],
    ["e-mail and name", { email: "new@example.com", name: "x" }],
    ["protected", { emailVerified: true, id: "x", createdAt: "2020-01-01T00:00:00.000Z", updatedAt: "2020-01-01T00:00:00.000Z" }],
    ["name empty", { name: "" }],
    ["name null", { name: null }],
    ["array", []],
    ["text", "text"],
    ["null", null],
  ], async (t, body) => {
    const { app, browser } = await alice(t);
    await app.at(5 * second);
    await browser.post("/update-user", body);
    await browser.get("/get-session");
    await app.browser().post("/update-user", body);
    await app.rows("user");
  }),
  {
    name: "update user: not remembered",
    async run(t) {
      const { app } = await alice(t);
      const browser = app.browser();
      await browser.signIn({ rememberMe: false });
      await browser.post("/update-user", { name: "A" });
      await browser.get("/get-session");
    },
  },
  ...table("update session", [
    ["own field", { theme: "dark" }],
    ["two fields", { theme: "dark", language: "pt" }],
    ["nothing", {}],
    ["unknown", { nonsense: 1 }],
    ["core fields", { token: "x", userId: "y", expiresAt: "2030-01-01T00:00:00.000Z" }],
    ["not for input", { secretNote: "x" }],
    ["null", { theme: null }],
    ["array", []],
  ], async (t, body) => {
    const { app, browser } = await alice(t, {
      session: {
        additionalFields: {
          theme: { type: "string", defaultValue: "light" },
          language: { type: "string", required: false },
          secretNote: { type: "string", required: false, input: false, returned: false },
        },
        cookieCache: { enabled: true },
      },
    });
    await app.at(5 * second);
    await browser.post("/update-session", body);
    await browser.get("/get-session");
    await browser.get("/get-session?disableCookieCache=true");
    await app.browser().post("/update-session", body);
    await app.rows("session");
  }),
  ...table("delete user", [
    ["disabled", { enabled: false }, {}, 0],
    ["fresh", { enabled: true }, {}, 0],
    ["with password", { enabled: true }, { password: "password123" }, 0],
    ["with wrong password", { enabled: true }, { password: "nonsense" }, 0],
    ["fresh by a moment", { enabled: true }, {}, day - 1],
    ["not fresh", { enabled: true }, {}, day],
    ["not fresh, with password", { enabled: true }, { password: "password123" }, day],
    ["unknown token", { enabled: true }, { token: "unknown" }, 0],
    ["wrong types", { enabled: true }, { password: 5, callbackURL: false, token: [] }, 0],
    ["told before and after", { enabled: true, beforeDelete: callback("beforeDelete"), afterDelete: callback("afterDelete") }, {}, 0],
    ["by mail, wrong password", verification, { password: "nonsense" }, 0],
  ], async (t, deleteUser, body, old) => {
    const { app, browser } = await alice(t, { user: { deleteUser } });
    await app.browser().signIn();
    if (old) await age(app, old);
    await browser.post("/delete-user", body);
    await browser.get("/get-session");
    await app.browser().post("/delete-user", body);
    await app.rows("user", "session", "account");
  }),
  {
    name: "delete user: no password account",
    async run(t) {
      const { app, browser } = await alice(t, { user: { deleteUser: { enabled: true } } });
      await app.db("deleteMany", { model: "account", where: [] });
      await browser.post("/delete-user", { password: "password123" });
      await browser.request("POST", "/delete-user");
    },
  },
  ...table("delete user by mail", [
    ["followed", async (app, browser) => browser.open(app.last("sendDeleteAccountVerification").url)],
    ["without callback", async (app, browser) => browser.get(`/delete-user/callback?token=${app.last("sendDeleteAccountVerification").token}`)],
    ["token posted", async (app, browser) => browser.post("/delete-user", { token: app.last("sendDeleteAccountVerification").token })],
    ["signed out", async (app) => app.browser().open(app.last("sendDeleteAccountVerification").url)],
    ["late", async (app, browser) => (await app.at(day + second), browser.open(app.last("sendDeleteAccountVerification").url))],
    ["unknown token", async (app, browser) => browser.get("/delete-user/callback?token=unknown&callbackURL=/bye")],
    ["no token", async (app, browser) => browser.get("/delete-user/callback")],
    ["foreign callback", async (app, browser) => browser.get(`/delete-user/callback?token=${app.last("sendDeleteAccountVerification").token}&callbackURL=http://evil.example`)],
    ["somebody else", async (app) => {
      const bob = app.browser();
      await bob.signUp({ email: "bob@example.com", name: "Bob" });
      await bob.open(app.last("sendDeleteAccountVerification").url);
    }],
  ], async (t, follow) => {
    const { app, browser } = await alice(t, { user: { deleteUser: verification } });
    await browser.post("/delete-user", { callbackURL: "/bye?a=b" });
    await app.rows("verification");
    await follow(app, browser);
    await browser.get("/get-session");
    await app.rows("user", "session", "account", "verification");
  }),
  {
    name: "delete user: callback disabled",
    async run(t) {
      const { browser } = await alice(t);
      await browser.get("/delete-user/callback?token=x");
    },
  },
  {
    name: "delete user: own time of the token",
    async run(t) {
      const { app, browser } = await alice(t, { user: { deleteUser: { ...verification, deleteTokenExpiresIn: 60 } } });
      await browser.post("/delete-user", { callbackURL: "http://evil.example" });
      await browser.post("/delete-user");
      await app.at(61 * second);
      await browser.open(app.last("sendDeleteAccountVerification").url);
      await app.rows("user");
    },
  },
];
