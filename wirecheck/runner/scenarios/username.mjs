/** User names, by the official client's usernameClient and raw. */
import { alice, callback, table, verify } from "./kit.mjs";

const password = "password123";
const plugin = (options = {}) => ({
  plugins: [{ factory: "username", options }],
  clientPlugins: ({ usernameClient }) => [usernameClient()],
});

const start = (t, options = {}, username = {}, extra = {}) => t.app(options, { ...plugin(username), ...extra });

const refuse = () => false;
const lower = (text) => text === text.toLowerCase();

export default [
  {
    name: "username: a life by the official client",
    async run(t) {
      const app = await start(t);
      const browser = app.browser();
      const say = async (label, promise) => t.note(label, await promise);
      await say("sign up", browser.client.signUp.email({ email: "alice@example.com", password, name: "Alice", username: "Alice_L", displayUsername: "Alice L" }));
      await say("session", browser.client.getSession());
      await say("taken", browser.client.isUsernameAvailable({ username: "ALICE_L" }));
      await say("free", browser.client.isUsernameAvailable({ username: "bob" }));
      await say("sign out", browser.client.signOut());
      await say("wrong password", browser.client.signIn.username({ username: "alice_l", password: "nonsense1" }));
      await say("sign in", browser.client.signIn.username({ username: "ALICE_L", password }));
      await say("update", browser.client.updateUser({ username: "Alice_M" }));
      await say("session", browser.client.getSession());
      await say("the old name", app.browser().client.signIn.username({ username: "alice_l", password }));
      await app.rows("user");
    },
  },
  ...table("username: sign-up", [
    ["without a name", {}],
    ["with a name alone", { username: "Alice" }],
    ["with both", { username: "Alice", displayUsername: "A l i c e" }],
    ["with a display name that is a name", { displayUsername: "Alice" }],
    ["with a display name that is no name", { displayUsername: "Alice Liddell" }],
    ["too short", { username: "ab" }],
    ["empty", { username: "" }],
    ["too long", { username: "a".repeat(31) }],
    ["with a space", { username: "a b c" }],
    ["with other letters", { username: "älice" }],
    ["with null", { username: null }],
    ["with a number", { username: 123 }],
    ["with an empty display name", { username: "alice", displayUsername: "" }],
  ], async (t, more) => {
    const app = await start(t);
    await app.browser().signUp(more);
    await app.rows("user");
  }),
  {
    name: "username: a name that is taken",
    async run(t) {
      const app = await start(t);
      await app.browser().signUp({ username: "alice" });
      await app.browser().signUp({ email: "bob@example.com", username: "ALICE" });
      const bob = app.browser();
      await bob.signUp({ email: "bob@example.com", username: "bob" });
      for (const name of ["Alice", "BOB", "bobby", "x", "b o b", null]) await bob.post("/update-user", { username: name });
      await bob.post("/update-user", { displayUsername: "B o b" });
      await bob.get("/get-session");
      await app.browser().post("/update-user", { username: "carol" });
      await app.rows("user");
    },
  },
  {
    name: "username: sign-in",
    async run(t) {
      const { app } = await alice(t, {}, plugin());
      await app.db("update", { model: "user", where: [{ field: "email", value: "alice@example.com" }], update: { username: "alice" } });
      const send = (json) => app.browser().post("/sign-in/username", json);
      for (const json of [
        { username: "alice", password }, { username: "Alice", password }, { username: "alice", password, rememberMe: false },
        { username: "alice", password, callbackURL: "/home" }, { username: "alice", password, callbackURL: "" }, { username: "alice", password, callbackURL: "https://evil.example" },
        { username: "alice", password: "nonsense1" }, { username: "nobody", password }, { username: "", password }, { username: "alice", password: "" },
        { username: "ab", password }, { username: "a".repeat(31), password }, { username: "a b c", password }, { username: 7, password }, {}, { username: "alice" },
      ]) await send(json);
      await app.db("deleteMany", { model: "account", where: [] });
      await send({ username: "alice", password });
    },
  },
  {
    name: "username: is it free",
    async run(t) {
      const app = await start(t);
      const browser = app.browser();
      await browser.signUp({ username: "alice" });
      for (const name of ["alice", "ALICE", "bob", "", "ab", "a".repeat(31), "a b c", 7, null]) await browser.post("/is-username-available", { username: name });
      await browser.post("/is-username-available", {});
    },
  },
  ...table("username: options", [
    ["own bounds", { minUsernameLength: 1, maxUsernameLength: 4 }],
    ["no normalisation", { usernameNormalization: false }],
    ["own normalisation", { usernameNormalization: callback("normalize", { sync: true }) }],
    ["own normalisation of display names", { displayUsernameNormalization: callback("normalize", { sync: true }) }],
    ["own validator", { usernameValidator: callback("refuse") }],
    ["own validator of display names", { displayUsernameValidator: callback("refuse") }],
    ["validated before", { usernameValidator: callback("lower"), validationOrder: { username: "pre-normalization" } }],
    ["validated after", { usernameValidator: callback("lower"), validationOrder: { username: "post-normalization" } }],
    ["display names validated before", { displayUsernameValidator: callback("lower"), displayUsernameNormalization: callback("normalize", { sync: true }), validationOrder: { displayUsername: "pre-normalization" } }],
    ["display names validated after", { displayUsernameValidator: callback("lower"), displayUsernameNormalization: callback("normalize", { sync: true }), validationOrder: { displayUsername: "post-normalization" } }],
    ["columns of other names", { schema: { user: { fields: { username: "login", displayUsername: "shown" } } } }],
  ], async (t, username) => {
    const handlers = { normalize: (text) => text.toLowerCase().replaceAll("_", "."), refuse, lower };
    const app = await start(t, {}, username, { handlers, unrecorded: Object.keys(handlers) });
    const browser = app.browser();
    await browser.signUp({ username: "Al_C", displayUsername: "Al C" });
    await browser.signUp({ email: "bob@example.com", username: "al_c" });
    await browser.signUp({ email: "carol@example.com", username: "carol" });
    for (const name of ["Al_C", "al_c", "al.c", "carol"]) {
      await app.browser().post("/sign-in/username", { username: name, password });
      await app.browser().post("/is-username-available", { username: name });
    }
    await browser.post("/update-user", { username: "Al_D" });
    await app.rows("user");
  }),
  ...table("username: an address that must be verified", [
    ["no sender", {}],
    ["a sender", { emailVerification: { sendVerificationEmail: callback("sendVerificationEmail") } }],
    ["a mail at sign-in", { emailVerification: { sendVerificationEmail: callback("sendVerificationEmail"), sendOnSignIn: true } }],
  ], async (t, options) => {
    const app = await start(t, { ...options, emailAndPassword: { enabled: true, requireEmailVerification: true } });
    await app.browser().signUp({ username: "alice" });
    await app.browser().post("/sign-in/username", { username: "alice", password });
    await app.browser().post("/sign-in/username", { username: "alice", password: "nonsense1" });
    await verify(app);
    await app.browser().post("/sign-in/username", { username: "alice", password });
  }),
  {
    name: "username: a hook refuses the session",
    async run(t) {
      const options = { emailAndPassword: { enabled: true, autoSignIn: false }, databaseHooks: { session: { create: { before: callback("refuse") } } } };
      const app = await start(t, options, {}, { handlers: { refuse }, unrecorded: ["refuse"] });
      await app.browser().signUp({ username: "alice" });
      await app.browser().post("/sign-in/username", { username: "alice", password });
    },
  },
  {
    name: "username: limits",
    async run(t) {
      const app = await start(t, { rateLimit: { enabled: true } });
      const from = { headers: { "x-forwarded-for": "198.51.100.1" } };
      for (let i = 0; i < 5; i++) await app.browser().post("/sign-in/username", { username: "alice", password }, from);
      for (let i = 0; i < 102; i++) await app.browser().post("/is-username-available", { username: "alice" }, from);
    },
  },
  {
    name: "username and two-factor",
    async run(t) {
      const app = await t.app({}, { plugins: [{ factory: "username", options: {} }, { factory: "twoFactor", options: { skipVerificationOnEnable: true } }] });
      const browser = app.browser();
      await browser.signUp({ username: "alice" });
      await browser.post("/two-factor/enable", { password });
      const other = app.browser();
      await other.post("/sign-in/username", { username: "alice", password });
      await other.get("/get-session");
    },
  },
];

