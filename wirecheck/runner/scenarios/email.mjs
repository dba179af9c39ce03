import { createHmac } from "node:crypto";
import { ORIGIN, SECRET, START, alice, callback, hour, minute, table, verify, withMail } from "./kit.mjs";

const mail = withMail.emailVerification;

/** A token as the server signs it, with any content. */
function signed(payload, header = { alg: "HS256" }, secret = SECRET) {
  const head = [header, payload].map((part) => Buffer.from(JSON.stringify(part)).toString("base64url")).join(".");
  return `${head}.${createHmac("sha256", secret).update(head).digest("base64url")}`;
}
const now = START / 1000;

export default [
  ...table("verify e-mail", [
    ["plain", {}],
    ["signs in", { autoSignInAfterVerification: true }],
    ["told before and after", { beforeEmailVerification: callback("beforeEmailVerification"), afterEmailVerification: callback("afterEmailVerification") }],
  ], async (t, more) => {
    const { app, browser } = await alice(t, { emailVerification: { ...mail, ...more } });
    await browser.post("/send-verification-email", { email: "alice@example.com", callbackURL: "/done" });
    const { url, token } = app.last("sendVerificationEmail");
    const guest = app.browser();
    await guest.get(`/verify-email?token=${token}`);
    await guest.get("/get-session");
    await guest.open(url);
    await guest.get(`/verify-email?token=${token}`);
    await browser.get("/get-session");
    await browser.post("/send-verification-email", { email: "alice@example.com" });
    await app.rows("user", "session");
  }),
  {
    name: "verify e-mail: signed in already, signs in",
    async run(t) {
      const { app, browser } = await alice(t, { emailVerification: { ...mail, autoSignInAfterVerification: true }, session: { cookieCache: { enabled: true } } });
      await browser.post("/send-verification-email", { email: "alice@example.com", callbackURL: "/done" });
      await browser.open(app.last("sendVerificationEmail").url);
      await browser.get("/get-session");
      await app.rows("session");
    },
  },
  ...table("verify e-mail in time", [["an hour", hour, {}], ["more than an hour", hour + minute, {}], ["own time", minute + 1000, { expiresIn: 60 }]], async (t, later, more) => {
    const { app, browser } = await alice(t, { emailVerification: { ...mail, ...more } });
    await browser.post("/send-verification-email", { email: "alice@example.com" });
    const { url, token } = app.last("sendVerificationEmail");
    await app.at(later);
    await app.browser().get(`/verify-email?token=${token}`);
    await app.browser().open(url);
  }),
  ...table("verify e-mail, token", [
    ["nonsense", "nonsense"],
    ["empty", ""],
    ["another secret", signed({ email: "alice@example.com", iat: now, exp: now + 60 }, undefined, "another secret")],
    ["no algorithm", `${signed({ email: "alice@example.com" }, { alg: "none" }).split(".").slice(0, 2).join(".")}.`],
    ["another algorithm", signed({ email: "alice@example.com", iat: now, exp: now + 60 }, { alg: "HS512" })],
    ["no expiry", signed({ email: "alice@example.com" })],
    ["unknown user", signed({ email: "nobody@example.com", iat: now, exp: now + 60 })],
    ["upper case", signed({ email: "ALICE@example.com", iat: now, exp: now + 60 })],
    ["of another request type", signed({ email: "alice@example.com", requestType: "x", iat: now, exp: now + 60 })],
  ], async (t, token) => {
    const { app } = await alice(t, { emailVerification: mail });
    await app.browser().get(`/verify-email?token=${token}`);
    await app.browser().get(`/verify-email?token=${token}&callbackURL=/done`);
    await app.browser().get(`/verify-email?token=${token}&callbackURL=${encodeURIComponent("/done?a=b")}`);
    await app.rows("user");
  }),
  {
    name: "verify e-mail: callback addresses",
    async run(t) {
      const { app } = await alice(t, { emailVerification: mail });
      await app.browser().get("/verify-email");
      for (const target of ["http://evil.example", "//evil.example", "/\\evil.example", "javascript:alert(1)", `${ORIGIN}/x`, "/x"]) {
        await app.browser().get(`/verify-email?token=x&callbackURL=${encodeURIComponent(target)}`);
      }
    },
  },
  {
    name: "send verification",
    async run(t) {
      const { app, browser } = await alice(t, { emailVerification: mail });
      const guest = app.browser();
      await guest.post("/send-verification-email", { email: "alice@example.com" });
      await guest.post("/send-verification-email", { email: "nobody@example.com" });
      await guest.post("/send-verification-email", { email: "no address" });
      await guest.post("/send-verification-email", {});
      await guest.post("/send-verification-email", { email: "alice@example.com", callbackURL: "http://evil.example" });
      await guest.post("/send-verification-email", { email: "alice@example.com", callbackURL: "/a?b=c&d=e" });
      await browser.post("/send-verification-email", { email: "bob@example.com" });
      await browser.post("/send-verification-email", { email: "ALICE@example.com" });
      await verify(app);
      await browser.post("/send-verification-email", { email: "alice@example.com" });
      await guest.post("/send-verification-email", { email: "alice@example.com" });
      await t.note("mails", app.calls.length);
    },
  },
  {
    name: "send verification: not configured",
    async run(t) {
      const { browser } = await alice(t);
      await browser.post("/send-verification-email", { email: "alice@example.com" });
    },
  },
  ...table("change e-mail", [
    ["disabled", {}, {}, false],
    ["no sender", { enabled: true }, {}, false],
    ["at once", { enabled: true, updateEmailWithoutVerification: true }, {}, false],
    ["at once, then verified", { enabled: true, updateEmailWithoutVerification: true }, mail, false],
    ["at once, but verified before", { enabled: true, updateEmailWithoutVerification: true }, mail, true],
    ["by mail to the new address", { enabled: true }, mail, false],
    ["by mail to the new address, verified", { enabled: true }, mail, true],
    ["with confirmation", { enabled: true, sendChangeEmailConfirmation: callback("sendChangeEmailConfirmation") }, mail, true],
    ["with confirmation, not verified", { enabled: true, sendChangeEmailConfirmation: callback("sendChangeEmailConfirmation") }, mail, false],
    ["with confirmation only", { enabled: true, sendChangeEmailConfirmation: callback("sendChangeEmailConfirmation") }, {}, true],
  ], async (t, changeEmail, emailVerification, verified) => {
    const { app, browser } = await alice(t, { user: { changeEmail }, emailVerification });
    if (verified) await verify(app);
    await browser.post("/change-email", { newEmail: "New@example.com", callbackURL: "/done?a=b" });
    await app.rows("user");
    const confirmation = app.last("sendChangeEmailConfirmation");
    if (confirmation) {
      await app.browser().open(confirmation.url);
      await app.rows("user");
    }
    const verification = app.last("sendVerificationEmail");
    if (verification) {
      await app.browser().open(verification.url);
      await app.browser().get(`/verify-email?token=${verification.token}`);
      await browser.get(`/verify-email?token=${verification.token}`);
    }
    await browser.get("/get-session");
    await app.rows("user", "session");
  }),
  {
    name: "change e-mail: errors",
    async run(t) {
      const { app, browser } = await alice(t, { user: { changeEmail: { enabled: true } }, emailVerification: mail });
      await app.browser().signUp({ email: "bob@example.com", name: "Bob" });
      await browser.post("/change-email", { newEmail: "ALICE@example.com" });
      await browser.post("/change-email", { newEmail: "bob@example.com" });
      await browser.post("/change-email", { newEmail: "no address" });
      await browser.post("/change-email", {});
      await browser.post("/change-email", { newEmail: "new@example.com", callbackURL: "http://evil.example" });
      await app.browser().post("/change-email", { newEmail: "new@example.com" });
      await t.note("mails", app.calls.length);
    },
  },
  {
    name: "change e-mail: old tokens and other people",
    async run(t) {
      const { app, browser } = await alice(t, { user: { changeEmail: { enabled: true } }, emailVerification: mail });
      const bob = app.browser();
      await bob.signUp({ email: "bob@example.com", name: "Bob" });
      const token = signed({ email: "alice@example.com", updateTo: "new@example.com", iat: now, exp: now + 60 });
      await bob.get(`/verify-email?token=${token}`);
      await browser.get(`/verify-email?token=${token}&callbackURL=/done`);
      await browser.get("/get-session");
      await app.rows("user");
    },
  },
];
