/** Visits without an account, by the official client's anonymousClient and raw. */
import { callback, table } from "./kit.mjs";

const password = "password123";
const start = (t, options = {}, extra = {}) =>
  t.app({ databaseHooks: extra.databaseHooks }, {
    plugins: [{ factory: "anonymous", options: { generateRandomEmail: callback("email"), ...options } }],
    clientPlugins: ({ anonymousClient }) => [anonymousClient()],
    handlers: { email: () => "visitor@visitors.example.com", name: () => "Visitor", linked: () => null, ...extra.handlers },
    unrecorded: ["email", "name", "linked", "refuse", "fail"],
  });

export default [
  {
    name: "anonymous: a life by the official client",
    async run(t) {
      const app = await start(t);
      const browser = app.browser();
      const say = async (label, promise) => t.note(label, await promise);
      await say("visit", browser.client.signIn.anonymous());
      await say("session", browser.client.getSession());
      await say("again", browser.client.signIn.anonymous());
      await app.rows("user", "session");
      await say("sign up", browser.client.signUp.email({ email: "alice@example.com", password, name: "Alice" }));
      await say("session", browser.client.getSession());
      await app.rows("user");
      await say("no visitor any more", browser.client.deleteAnonymousUser());
      const other = app.browser();
      await say("another visit", other.client.signIn.anonymous());
      await say("deleted", other.client.deleteAnonymousUser());
      await say("gone", other.client.getSession());
    },
  },
  ...table("anonymous: hooks that refuse", [
    ["the user", { user: { create: { before: callback("refuse") } } }],
    ["the session", { session: { create: { before: callback("refuse") } } }],
    ["the end of the session", { session: { delete: { before: callback("fail") } } }],
    ["the end of the user", { user: { delete: { before: callback("fail") } } }],
  ], async (t, databaseHooks) => {
    const app = await start(t, {}, { databaseHooks, handlers: { refuse: () => false, fail: () => { throw new Error("no"); } } });
    const browser = app.browser();
    await browser.post("/sign-in/anonymous", {});
    await browser.post("/delete-anonymous-user", {});
  }),
  {
    name: "anonymous: deleted",
    async run(t) {
      const app = await start(t);
      const browser = app.browser();
      await browser.post("/sign-in/anonymous", {});
      await browser.post("/delete-anonymous-user", {});
      await browser.get("/get-session");
      await app.browser().post("/delete-anonymous-user", {});
      await app.rows("user", "session");
    },
  },
  ...table("anonymous: options", [
    ["a name", { generateName: callback("name") }],
    ["a link is told", { onLinkAccount: callback("linked") }],
    ["users stay", { disableDeleteAnonymousUser: true }],
  ], async (t, options) => {
    const app = await start(t, options);
    await app.browser().signUp();
    const browser = app.browser();
    await browser.post("/sign-in/anonymous", {});
    if (options.disableDeleteAnonymousUser) await browser.post("/delete-anonymous-user", {});
    await browser.signIn();
    await browser.get("/get-session");
    await app.rows("user");
  }),
  ...table("anonymous: addresses", [
    ["not one", () => "nonsense"],
    ["taken", () => "alice@example.com"],
  ], async (t, email) => {
    const app = await start(t, {}, { handlers: { email } });
    await app.browser().signUp();
    await app.browser().post("/sign-in/anonymous", {});
  }),
];
