/** The method of the last sign-in, in a cookie and in the user's row. */
import { alice, callback, hour, table } from "./kit.mjs";

const plugin = (options = {}) => ({
  plugins: [{ factory: "lastLoginMethod", options }],
  clientPlugins: ({ lastLoginMethodClient }) => [lastLoginMethodClient()],
});

export default [
  {
    name: "last login method: a life by the official client",
    async run(t) {
      const app = await t.app({}, plugin());
      const browser = app.browser();
      const say = async (label, promise) => t.note(label, await promise);
      await say("sign up", browser.client.signUp.email({ email: "alice@example.com", password: "password123", name: "Alice" }));
      await say("session", browser.client.getSession());
      await say("sign out", browser.client.signOut());
      await say("wrong password", browser.client.signIn.email({ email: "alice@example.com", password: "nonsense1" }));
      await say("sign in", browser.client.signIn.email({ email: "alice@example.com", password: "password123" }));
      await app.rows("user");
    },
  },
  ...table("last login method", [
    ["own cookie", { cookieName: "app.last", maxAge: 60 }],
    ["in the database", { storeInDatabase: true }],
    ["in a column of another name", { storeInDatabase: true, schema: { user: { lastLoginMethod: "last_method" } } }],
  ], async (t, options) => {
    const { app, browser } = await alice(t, {}, plugin(options));
    await app.at(hour);
    await browser.signIn();
    await browser.get("/get-session");
    await browser.post("/update-user", { name: "Al", lastLoginMethod: "forged" });
    await app.browser().signIn({ password: "nonsense1" });
    await app.rows("user");
  }),
  {
    name: "last login method: own names",
    async run(t) {
      const handlers = { resolve: ({ path }) => (path === "/sign-in/email" ? "password" : path === "/update-user" ? "update" : null) };
      const app = await t.app({}, { ...plugin({ customResolveMethod: callback("resolve", { sync: true }) }), handlers, unrecorded: ["resolve"] });
      const browser = app.browser();
      await browser.signUp();
      await browser.signIn();
      await browser.post("/update-user", { name: "Al" });
    },
  },
  {
    name: "last login method: https, other prefix, other domain",
    async run(t) {
      await alice(t, { baseURL: "https://app.example.com", advanced: { cookiePrefix: "shop", crossSubDomainCookies: { enabled: true, domain: "example.com" } } }, plugin());
    },
  },
  {
    name: "two-factor and the last login method",
    async run(t) {
      const extra = { plugins: [{ factory: "twoFactor", options: { skipVerificationOnEnable: true } }, { factory: "lastLoginMethod", options: {} }] };
      const { app, browser } = await alice(t, {}, extra);
      await browser.post("/two-factor/enable", { password: "password123" });
      await app.at(hour);
      await app.browser().signIn();
    },
  },
];
