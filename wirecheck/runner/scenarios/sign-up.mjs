import { alice, callback, table, withMail } from "./kit.mjs";

const good = { email: "alice@example.com", password: "password123", name: "Alice" };

export default [
  ...table("sign-up", [
    ["plain", {}],
    ["upper case e-mail", { email: "ALICE@Example.COM" }],
    ["with image", { image: "https://example.com/a.png" }],
    ["image null", { image: null }],
    ["empty name", { name: "" }],
    ["unicode name", { name: "Zoë \u2028 <b>&\"' 😀" }],
    ["callbackURL", { callbackURL: "/welcome" }],
    ["rememberMe false", { rememberMe: false }],
    ["unknown fields", { role: "admin", nonsense: { a: 1 } }],
    ["protected fields", { emailVerified: true, id: "mine", createdAt: "2020-01-01T00:00:00.000Z" }],
    ["password too short", { password: "1234567" }],
    ["password of 8", { password: "12345678" }],
    ["password of 128", { password: "p".repeat(128) }],
    ["password too long", { password: "p".repeat(129) }],
    ["password empty", { password: "" }],
    ["password of emoji", { password: "😀😀😀😀" }],
    ["e-mail without domain", { email: "alice" }],
    ["e-mail empty", { email: "" }],
    ["e-mail with spaces", { email: " alice@example.com " }],
    ["e-mail of odd form", { email: "a.b+c_d'e@sub-domain.example.co" }],
    ["e-mail with two dots", { email: "a..b@example.com" }],
    ["e-mail unicode", { email: "zoë@example.com" }],
    ["e-mail long", { email: `${"a".repeat(80)}@${"b".repeat(60)}.example.com` }],
    ["name of wrong type", { name: 5 }],
    ["password of wrong type", { password: 12345678 }],
    ["e-mail null", { email: null }],
    ["rememberMe of wrong type", { rememberMe: "yes" }],
    ["image of wrong type", { image: 5 }],
  ], async (t, more) => {
    const app = await t.app();
    const browser = app.browser();
    await browser.post("/sign-up/email", { ...good, ...more });
    await browser.get("/get-session");
    await app.rows("user", "account", "session");
  }),
  ...table("sign-up options", [
    ["no auto sign-in", { emailAndPassword: { enabled: true, autoSignIn: false } }],
    ["verification required", { emailAndPassword: { enabled: true, requireEmailVerification: true } }],
    ["verification required and sent", { ...withMail, emailAndPassword: { enabled: true, requireEmailVerification: true } }],
    ["verification sent", { emailVerification: { ...withMail.emailVerification, sendOnSignUp: true } }],
    ["verification off though required", { ...withMail, emailAndPassword: { enabled: true, requireEmailVerification: true }, emailVerification: { ...withMail.emailVerification, sendOnSignUp: false } }],
    ["disabled", { emailAndPassword: { enabled: false } }],
    ["sign-up disabled", { emailAndPassword: { enabled: true, disableSignUp: true } }],
    ["minimum length 12", { emailAndPassword: { enabled: true, minPasswordLength: 12 } }],
    ["maximum length 10", { emailAndPassword: { enabled: true, maxPasswordLength: 10 } }],
  ], async (t, options) => {
    const app = await t.app(options);
    const browser = app.browser();
    await browser.post("/sign-up/email", { ...good, callbackURL: "/after?x=1" });
    await browser.signIn();
    await browser.get("/get-session");
    await app.rows("user", "session");
  }),
  {
    name: "sign-up: address in use",
    async run(t) {
      const { browser } = await alice(t);
      await browser.signUp();
      await browser.signUp({ email: "Alice@Example.com" });
    },
  },
  {
    name: "sign-up: address in use, verification required",
    async run(t) {
      const app = await t.app({ emailAndPassword: { enabled: true, requireEmailVerification: true, onExistingUserSignUp: callback("onExistingUserSignUp") }, emailVerification: withMail.emailVerification });
      const browser = app.browser();
      await browser.signUp();
      await browser.signUp({ name: "Mallory", image: "https://example.com/m.png" });
      await app.rows("user", "account");
    },
  },
  {
    name: "sign-up: address in use, no auto sign-in",
    async run(t) {
      const app = await t.app({ emailAndPassword: { enabled: true, autoSignIn: false } });
      await app.browser().signUp();
      await app.browser().signUp({ name: "Mallory" });
    },
  },
  {
    name: "sign-up: on the server side",
    async run(t) {
      const app = await t.app();
      await app.api("signUpEmail", { body: good });
      await app.api("signUpEmail", { body: good });
      await app.api("signUpEmail", { body: { email: "x" } });
      await app.api("signUpEmail");
      await app.rows("user");
    },
  },
];
