import { alice, callback, day, refuse, table } from "./kit.mjs";

const middleware = (name) => callback(name, { middleware: true });

export default [
  ...table("hook before", [
    ["watches", () => undefined],
    ["refuses", () => refuse("FORBIDDEN", 403, { message: "Not today", code: "NOT_TODAY" })],
    ["refuses without code", () => refuse("BAD_REQUEST", 400, { message: "Just no" })],
    ["answers", () => ({ result: { answered: true, by: "hook" } })],
    ["sets headers", () => ({ result: { $undefined: 1 }, headers: [["x-hook", "one"], ["set-cookie", "hook=1; Path=/"]] })],
    ["changes the body", (ctx) => ({ result: { context: { ...(ctx.$ctx.body?.email ? { body: { ...ctx.$ctx.body, name: "Changed" } } : {}) } } })],
    ["breaks", () => { throw { $error: { name: "Error", message: "broken" } }; }],
  ], async (t, before) => {
    const app = await t.app({ hooks: { before: middleware("before") } }, { handlers: { before } });
    const browser = app.browser();
    await browser.signUp();
    await browser.get("/get-session");
    await browser.get("/ok");
    await browser.get("/no-such-route");
    await browser.post("/sign-in/email", {});
  }),
  ...table("hook after", [
    ["watches", () => undefined],
    ["refuses", () => refuse("FORBIDDEN", 403, { message: "Not today", code: "NOT_TODAY" })],
    ["answers", () => ({ result: { replaced: true } })],
    ["sets headers", () => ({ result: { $undefined: 1 }, headers: [["x-hook", "one"], ["set-cookie", "hook=1; Path=/"]] })],
  ], async (t, after) => {
    const app = await t.app({ hooks: { after: middleware("after") } }, { handlers: { after } });
    const browser = app.browser();
    await browser.signUp();
    await browser.signIn({ password: "wrong password" });
    await browser.get("/get-session");
    await browser.post("/sign-out");
    await browser.get("/verify-email?token=x&callbackURL=/y");
  }),
  ...table("database hook", [
    ["watches", { before: () => undefined }],
    ["changes data", { before: (row) => ({ data: { ...row, name: "Changed", image: "https://example.com/x.png" } }) }],
    ["refuses with false", { before: () => false }],
    ["refuses with an error", { before: () => refuse("BAD_REQUEST", 400, { message: "No such name", code: "NO_SUCH_NAME" }) }],
  ], async (t, handlers) => {
    const hook = { before: callback("before"), after: callback("after") };
    const app = await t.app({ databaseHooks: { user: { create: hook } } }, { handlers });
    await app.browser().signUp();
    await app.rows("user", "account", "session");
  }),
  {
    name: "database hook: refuses a session",
    async run(t) {
      let open = false;
      const app = await t.app({
        emailVerification: { sendVerificationEmail: callback("sendVerificationEmail"), autoSignInAfterVerification: true },
        databaseHooks: { session: { create: { before: callback("ask") } } },
      }, { handlers: { ask: () => (open ? undefined : false) }, unrecorded: ["ask"] });
      const guest = app.browser();
      await guest.signUp({ email: "bob@example.com" });
      open = true;
      await app.browser().signUp();
      open = false;
      await guest.signIn();
      await guest.post("/send-verification-email", { email: "alice@example.com" });
      await guest.get(`/verify-email?token=${app.last("sendVerificationEmail").token}`);
      await guest.get("/get-session");
      await app.rows("session");
    },
  },
  {
    name: "database hook: refuses to update a session",
    async run(t) {
      const { app, browser } = await alice(t, {
        session: { additionalFields: { theme: { type: "string", required: false } } },
        databaseHooks: { session: { update: { before: callback("no") } } },
      }, { handlers: { no: () => false }, unrecorded: ["no"] });
      await browser.post("/update-session", { theme: "dark" });
      await browser.get("/get-session");
      await app.at(2 * day);
      await browser.get("/get-session");
      await browser.get("/get-session");
      await app.rows("session");
    },
  },
  {
    name: "database hook: update and delete",
    async run(t) {
      const hook = (name) => ({ before: callback(`${name} before`), after: callback(`${name} after`) });
      const { app, browser } = await alice(t, {
        user: { deleteUser: { enabled: true } },
        databaseHooks: { user: { update: hook("user update"), delete: hook("user delete") }, session: { update: hook("session update"), delete: hook("session delete") } },
      });
      await browser.post("/update-user", { name: "A." });
      await app.browser().signIn();
      await browser.post("/revoke-other-sessions");
      await browser.post("/delete-user");
      await app.rows("user", "session");
    },
  },
  {
    name: "database hook: refuses an update and a deletion",
    async run(t) {
      const { app, browser } = await alice(t, {
        user: { deleteUser: { enabled: true } },
        databaseHooks: { user: { update: { before: callback("no") }, delete: { before: callback("no") } }, session: { delete: { before: callback("no") } } },
      }, { handlers: { no: () => false } });
      await browser.post("/update-user", { name: "A." });
      await browser.post("/sign-out");
      await browser.signIn();
      await browser.post("/delete-user");
      await app.rows("user", "session");
    },
  },
];
