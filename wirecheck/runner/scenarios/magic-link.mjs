/** Links in mails that sign in. */
import { createHash } from "node:crypto";
import { alice, callback, hour, minute, refuse, second, table, verify, withMail } from "./kit.mjs";

const magic = (options = {}, extra = {}) => ({
  plugins: [{ factory: "magicLink", options: { sendMagicLink: callback("sendMagicLink"), ...options } }, ...(extra.plugins ?? [])],
  clientPlugins: ({ magicLinkClient }) => [magicLinkClient()],
  handlers: extra.handlers,
  unrecorded: ["sendMagicLink"], // it may come after the answer, when the call has ended: mail() notes what it got
});
const email = "ada@example.com";
const mail = async (t, app) => {
  const sent = app.last("sendMagicLink");
  await t.note("mail", sent);
  return sent;
};
const send = (browser, body = {}, options = {}) => browser.post("/sign-in/magic-link", { email, name: "Ada", callbackURL: "/dashboard", ...body }, options);
const from = (ip) => ({ headers: { "x-forwarded-for": ip } });

export default [
  {
    name: "magic link: a life by the official client",
    async run(t) {
      const app = await t.app({}, magic());
      const browser = app.browser();
      const say = async (label, promise) => t.note(label, await promise);
      await say("send", browser.client.signIn.magicLink({ email, name: "Ada", callbackURL: "/dashboard", newUserCallbackURL: "/welcome", errorCallbackURL: "/sorry", metadata: { from: "test", n: 1, list: [1, { a: null }] } }));
      await app.rows("verification");
      await browser.open((await mail(t, app)).url);
      await say("session", browser.client.getSession());
      await app.rows("user", "account", "verification");
      await say("sign out", browser.client.signOut());
      await say("send again", browser.client.signIn.magicLink({ email }));
      await say("verify without a redirect", browser.client.magicLink.verify({ query: { token: (await mail(t, app)).token } }));
      await say("session", browser.client.getSession());
      await app.rows("user", "verification");
    },
  },
  {
    name: "magic link: of a known user",
    async run(t) {
      const { app } = await alice(t, {}, magic());
      await verify(app);
      await send(app.browser(), { email: "alice@example.com", newUserCallbackURL: "/welcome" });
      const browser = app.browser();
      await browser.open((await mail(t, app)).url);
      await browser.get("/get-session");
      await app.rows("user", "account");
    },
  },
  {
    name: "magic link: of an address that was not proven",
    async run(t) {
      const { app, browser: before } = await alice(t, {}, magic());
      await send(app.browser(), { email: "Alice@Example.com" });
      await app.browser().open((await mail(t, app)).url);
      await before.get("/get-session");
      await app.browser().signIn();
      await app.rows("user", "account", "session");
    },
  },
  ...table("magic link: where it leads", [
    ["nowhere in particular", {}],
    ["for a new user", { newUserCallbackURL: "/welcome?a=b" }],
    ["with a query", { callbackURL: "/dashboard?next=1#top" }],
    ["to a trusted origin", { callbackURL: "https://app.example.com/in", errorCallbackURL: "https://app.example.com/out" }],
    ["to an untrusted origin", { callbackURL: "https://evil.example/" }],
    ["to an untrusted origin, as a new user", { newUserCallbackURL: "https://evil.example/" }],
    ["to an untrusted origin, when it fails", { errorCallbackURL: "https://evil.example/" }],
    ["to what is no path", { callbackURL: "//evil.example/" }],
    ["to an empty text", { callbackURL: "", newUserCallbackURL: "", errorCallbackURL: "" }],
  ], async (t, body) => {
    const app = await t.app({ trustedOrigins: ["https://app.example.com"] }, magic());
    const answer = await send(app.browser(), body);
    if (answer.status !== 200) return;
    await app.browser().open((await mail(t, app)).url);
    await app.browser().open((await mail(t, app)).url);
  }),
  ...table("magic link: a query", [
    ["without a token", ""],
    ["with a token of nobody", "?token=nobody"],
    ["with a token of nobody and a page for errors", "?token=nobody&callbackURL=/a&errorCallbackURL=/b?c=d"],
    ["to an untrusted origin", "?token=nobody&callbackURL=https://evil.example/"],
    ["to an untrusted origin, when it fails", "?token=nobody&errorCallbackURL=https://evil.example/"],
    ["to an untrusted origin, as a new user", "?token=nobody&newUserCallbackURL=https://evil.example/"],
    ["to an untrusted origin, encoded once more", "?token=nobody&callbackURL=https%253A%252F%252Fevil.example%252F"],
  ], async (t, query) => {
    const app = await t.app({}, magic());
    await app.browser().get(`/magic-link/verify${query}`);
  }),
  ...table("magic link: a body", [
    ["that is empty", {}],
    ["without an address", { name: "Ada" }],
    ["with no address", { email: "ada" }],
    ["with a number for a name", { email, name: 1 }],
    ["with a text for metadata", { email, metadata: "x" }],
    ["with more members", { email, more: true }],
  ], async (t, body) => {
    const app = await t.app({}, magic());
    await app.browser().post("/sign-in/magic-link", body);
    await app.rows("verification");
  }),
  ...table("magic link: in time", [
    ["at once", {}, 0],
    ["a second before its end", {}, 5 * minute - second],
    ["after its end", {}, 5 * minute + second],
    ["a life of its own, before its end", { expiresIn: 3600 }, hour - second],
    ["a life of its own, after its end", { expiresIn: 3600 }, hour + second],
  ], async (t, options, later) => {
    const app = await t.app({}, magic(options));
    await send(app.browser(), { errorCallbackURL: "/sorry" });
    await app.at(later);
    await app.browser().open((await mail(t, app)).url);
    await app.rows("user");
  }),
  {
    name: "magic link: used twice",
    async run(t) {
      const app = await t.app({}, magic());
      await send(app.browser());
      const { url: old } = await mail(t, app);
      await app.browser().open(old);
      await app.browser().open(old);
      await app.rows("verification", "user", "session");
    },
  },
  ...table("magic link: stored", [
    ["plain", { storeToken: "plain" }],
    ["hashed", { storeToken: "hashed" }],
    ["in a way of its own", { storeToken: { type: "custom-hasher", hash: callback("hash") } }],
    ["more attempts change nothing", { allowedAttempts: 3 }],
    ["with a token of its own", { generateToken: callback("generateToken") }],
  ], async (t, options) => {
    const handlers = { hash: (text) => `<${text}>`, generateToken: (to) => `token-of-${to}` };
    const app = await t.app({}, magic(options, { handlers }));
    await send(app.browser());
    const { token } = app.last("sendMagicLink");
    const [row] = await app.db("findMany", { model: "verification" });
    const hashed = createHash("sha256").update(token).digest("base64url");
    await t.note("identifier", row.identifier === hashed ? "the hash of the token" : row.identifier);
    await t.note("value", row.value);
    await app.browser().get("/magic-link/verify?token=wrong&callbackURL=/a");
    await app.browser().get(`/magic-link/verify?token=${encodeURIComponent(row.identifier === token ? hashed : row.identifier)}&callbackURL=/a`);
    await app.browser().open((await mail(t, app)).url);
    await app.browser().open((await mail(t, app)).url);
  }),
  {
    name: "magic link: asked about by HEAD",
    async run(t) {
      const app = await t.app({}, magic());
      await send(app.browser());
      const { url } = await mail(t, app);
      const { pathname, search } = new URL(url);
      await app.browser().send({ method: "HEAD", path: pathname + search, headers: {} });
      await app.browser().open(url);
    },
  },
  {
    name: "magic link: no sign-up",
    async run(t) {
      const { app } = await alice(t, {}, magic({ disableSignUp: true }));
      await send(app.browser());
      await send(app.browser(), { email: "alice@example.com" });
      await app.browser().open((await mail(t, app)).url);
      await app.rows("user");
    },
  },
  {
    name: "magic link: a user who goes before the link is opened",
    async run(t) {
      const { app, user } = await alice(t, {}, magic({ disableSignUp: true }));
      await send(app.browser(), { email: "alice@example.com", errorCallbackURL: "/sorry" });
      await app.db("delete", { model: "user", where: [{ field: "id", value: user.id }] });
      await app.browser().open((await mail(t, app)).url);
    },
  },
  {
    name: "magic link: limits",
    async run(t) {
      const app = await t.app({ rateLimit: { enabled: true } }, magic());
      const browser = app.browser();
      for (let n = 0; n < 6; n++) await send(browser, { email: `ada${n}@example.com` }, from("198.51.100.1"));
      for (let n = 0; n < 6; n++) await browser.get("/magic-link/verify?token=nobody", from("198.51.100.1"));
      await app.at(61 * second);
      await send(browser, {}, from("198.51.100.1"));
    },
  },
  {
    name: "magic link: limits of its own",
    async run(t) {
      const app = await t.app({ rateLimit: { enabled: true } }, magic({ rateLimit: { window: 10, max: 2 } }));
      for (let n = 0; n < 3; n++) await send(app.browser(), {}, from("198.51.100.1"));
      await app.at(11 * second);
      await send(app.browser(), {}, from("198.51.100.1"));
    },
  },
  {
    name: "magic link: a hook refuses the user",
    async run(t) {
      const app = await t.app({ databaseHooks: { user: { create: { before: callback("before") } } } }, magic({}, { handlers: { before: () => false } }));
      await send(app.browser(), { errorCallbackURL: "/sorry" });
      await app.browser().open((await mail(t, app)).url);
      await app.rows("user", "session");
    },
  },
  {
    name: "magic link: a hook refuses the session",
    async run(t) {
      const app = await t.app({ databaseHooks: { session: { create: { before: callback("before") } } } }, magic({}, { handlers: { before: () => false } }));
      await send(app.browser(), { errorCallbackURL: "/sorry" });
      await app.browser().open((await mail(t, app)).url);
      await app.rows("session");
    },
  },
  {
    name: "magic link: a hook bans the user",
    async run(t) {
      const handlers = { before: () => refuse("FORBIDDEN", 403, { message: "You have been banned", code: "BANNED_USER" }) };
      const app = await t.app({ databaseHooks: { session: { create: { before: callback("before") } } } }, magic({}, { handlers }));
      await send(app.browser(), { errorCallbackURL: "/sorry" });
      await app.browser().open((await mail(t, app)).url);
      await send(app.browser());
      await app.browser().get(`/magic-link/verify?token=${(await mail(t, app)).token}`);
    },
  },
  {
    name: "magic link: the mail fails",
    async run(t) {
      const app = await t.app({}, magic({}, { handlers: { sendMagicLink: () => refuse("BAD_REQUEST", 400, { message: "No mail", code: "NO_MAIL" }) } }));
      await send(app.browser());
    },
  },
  {
    name: "magic link: the value of another purpose",
    async run(t) {
      const { app } = await alice(t, withMail, magic());
      await app.browser().post("/request-password-reset", { email: "alice@example.com" });
      const reset = app.last("sendResetPassword").token;
      await app.browser().get(`/magic-link/verify?token=reset-password:${reset}&callbackURL=/a`);
      await app.browser().post("/reset-password", { token: reset, newPassword: "password456" });
    },
  },
  ...table("magic link: origin", [
    ["foreign", { origin: "https://evil.example" }],
    ["none", { origin: null }],
    ["a form of another site", { origin: "https://evil.example", "sec-fetch-site": "cross-site", "sec-fetch-mode": "navigate", "sec-fetch-dest": "document" }],
  ], async (t, headers) => {
    const app = await t.app({}, magic());
    await app.browser().post("/sign-in/magic-link", { email }, { headers });
  }),
  {
    name: "magic link: the last login method",
    async run(t) {
      const app = await t.app({}, magic({}, { plugins: [{ factory: "lastLoginMethod", options: {} }] }));
      await send(app.browser());
      await app.browser().open((await mail(t, app)).url);
    },
  },
  {
    name: "magic link: other base path",
    async run(t) {
      const app = await t.app({ basePath: "/auth/v1", baseURL: "https://app.example.com" }, magic());
      await send(app.browser());
      await app.browser().open((await mail(t, app)).url);
    },
  },
];
