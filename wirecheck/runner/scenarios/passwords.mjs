import { alice, callback, day, hour, minute, second, table, withMail } from "./kit.mjs";

const reset = { emailAndPassword: { enabled: true, sendResetPassword: callback("sendResetPassword") } };

export default [
  ...table("change password", [
    ["plain", { currentPassword: "password123", newPassword: "password456" }],
    ["others signed out", { currentPassword: "password123", newPassword: "password456", revokeOtherSessions: true }],
    ["others kept", { currentPassword: "password123", newPassword: "password456", revokeOtherSessions: false }],
    ["wrong", { currentPassword: "nonsense", newPassword: "password456" }],
    ["too short", { currentPassword: "password123", newPassword: "pass" }],
    ["too short and wrong", { currentPassword: "nonsense", newPassword: "pass" }],
    ["too long", { currentPassword: "password123", newPassword: "p".repeat(129) }],
    ["the same", { currentPassword: "password123", newPassword: "password123" }],
    ["missing", {}],
    ["wrong types", { currentPassword: 1, newPassword: null, revokeOtherSessions: "yes" }],
  ], async (t, body) => {
    const { app, browser } = await alice(t);
    const other = app.browser();
    await other.signIn();
    await browser.post("/change-password", body);
    await browser.get("/get-session");
    await other.get("/get-session");
    await app.browser().signIn();
    await app.browser().signIn({ password: "password456" });
    await app.rows("session");
  }),
  {
    name: "change password: signed out",
    async run(t) {
      const app = await t.app();
      await app.browser().post("/change-password", { currentPassword: "password123", newPassword: "password456" });
      await app.browser().post("/verify-password", { password: "password123" });
    },
  },
  {
    name: "change password: no password yet",
    async run(t) {
      const { app, browser } = await alice(t);
      await app.db("deleteMany", { model: "account", where: [] });
      await browser.post("/change-password", { currentPassword: "password123", newPassword: "password456" });
      await browser.post("/verify-password", { password: "password123" });
    },
  },
  {
    name: "change password: not remembered",
    async run(t) {
      const { app } = await alice(t);
      const browser = app.browser();
      await browser.signIn({ rememberMe: false });
      await browser.post("/change-password", { currentPassword: "password123", newPassword: "password456", revokeOtherSessions: true });
      await browser.get("/get-session");
    },
  },
  {
    name: "verify password",
    async run(t) {
      const { browser } = await alice(t);
      await browser.post("/verify-password", { password: "password123" });
      await browser.post("/verify-password", { password: "nonsense" });
      await browser.post("/verify-password", {});
    },
  },
  {
    name: "set password: server only",
    async run(t) {
      const { app, browser } = await alice(t);
      const headers = { $headers: [["cookie", `better-auth.session_token=${browser.jar.get("better-auth.session_token")}`]] };
      await browser.post("/set-password", { newPassword: "password456" });
      await app.api("setPassword", { headers, body: { newPassword: "password456" } });
      await app.db("deleteMany", { model: "account", where: [] });
      await app.api("setPassword", { headers, body: { newPassword: "short" } });
      await app.api("setPassword", { headers, body: { newPassword: "p".repeat(129) } });
      await app.api("setPassword", { headers, body: {} });
      await app.api("setPassword", { headers, body: { newPassword: "password456" } });
      await app.api("setPassword", { body: { newPassword: "password456" } });
      await app.browser().signIn({ password: "password456" });
      await app.rows("account");
    },
  },
  ...table("reset password", [
    ["plain", {}, {}],
    ["all sessions end", { revokeSessionsOnPasswordReset: true }, {}],
    ["told afterwards", { onPasswordReset: callback("onPasswordReset") }, {}],
    ["absolute redirect", {}, { redirectTo: "http://localhost:3000/reset?a=b" }],
    ["no redirect", {}, { redirectTo: undefined }],
  ], async (t, emailAndPassword, more) => {
    const { app, browser } = await alice(t, { emailAndPassword: { ...reset.emailAndPassword, ...emailAndPassword } });
    const guest = app.browser();
    await guest.post("/request-password-reset", { email: "Alice@example.com", redirectTo: "/reset", ...more });
    const { url, token } = app.last("sendResetPassword");
    await app.rows("verification");
    await guest.open(url);
    await guest.open(url);
    await guest.post("/reset-password", { newPassword: "short", token });
    await guest.post("/reset-password", { newPassword: "p".repeat(129), token });
    await guest.post("/reset-password", { newPassword: "password456", token });
    await guest.post("/reset-password", { newPassword: "password789", token });
    await guest.open(url);
    await browser.get("/get-session");
    await guest.signIn();
    await guest.signIn({ password: "password456" });
    await app.rows("user", "session", "verification");
  }),
  {
    name: "reset password: token in the query",
    async run(t) {
      const { app } = await alice(t, reset);
      const guest = app.browser();
      await guest.post("/request-password-reset", { email: "alice@example.com" });
      const { token } = app.last("sendResetPassword");
      await guest.post(`/reset-password?token=${token}`, { newPassword: "password456" });
    },
  },
  ...table("reset password in time", [["59 minutes", 59 * minute, {}], ["an hour", hour, {}], ["an hour and more", hour + 1, {}], ["own time", 5 * minute + 1, { resetPasswordTokenExpiresIn: 300 }]], async (t, later, more) => {
    const { app } = await alice(t, { emailAndPassword: { ...reset.emailAndPassword, ...more } });
    const guest = app.browser();
    await guest.post("/request-password-reset", { email: "alice@example.com", redirectTo: "/reset" });
    const { url, token } = app.last("sendResetPassword");
    await app.at(later);
    await guest.open(url);
    await guest.post("/reset-password", { newPassword: "password456", token });
    await app.rows("verification");
  }),
  {
    name: "reset password: errors",
    async run(t) {
      const { app } = await alice(t, reset);
      const guest = app.browser();
      await guest.post("/request-password-reset", { email: "nobody@example.com", redirectTo: "/reset" });
      await guest.post("/request-password-reset", { email: "no address" });
      await guest.post("/request-password-reset", {});
      await guest.post("/request-password-reset", { email: "alice@example.com", redirectTo: 5 });
      await guest.post("/reset-password", { newPassword: "password456" });
      await guest.post("/reset-password", { newPassword: "password456", token: "" });
      await guest.post("/reset-password", { newPassword: "password456", token: "unknown" });
      await guest.post("/reset-password", { token: "unknown" });
      await guest.post("/reset-password", { newPassword: 5, token: 5 });
      await guest.get("/reset-password/unknown?callbackURL=/reset");
      await guest.get("/reset-password/unknown?callbackURL=%2Freset%3Fa%3Db");
      await guest.get("/reset-password/unknown?callbackURL=http://localhost:3000/reset");
      await guest.get("/reset-password/unknown?callbackURL=");
      await guest.get("/reset-password/unknown");
      await guest.get("/reset-password/?callbackURL=/reset");
      await guest.get("/reset-password/a%2Fb?callbackURL=/reset");
      await t.note("mails", app.calls.length);
      await app.rows("verification");
    },
  },
  {
    name: "reset password: not configured",
    async run(t) {
      const { browser } = await alice(t);
      await browser.post("/request-password-reset", { email: "alice@example.com" });
    },
  },
  {
    name: "reset password: gives a password to a user without one",
    async run(t) {
      const { app } = await alice(t, reset);
      await app.db("deleteMany", { model: "account", where: [] });
      const guest = app.browser();
      await guest.post("/request-password-reset", { email: "alice@example.com" });
      await guest.post("/reset-password", { newPassword: "password456", token: app.last("sendResetPassword").token });
      await guest.signIn({ password: "password456" });
      await app.rows("account");
    },
  },
  {
    name: "reset password: two requests, both tokens",
    async run(t) {
      const { app } = await alice(t, reset);
      const guest = app.browser();
      await guest.post("/request-password-reset", { email: "alice@example.com" });
      const first = app.last("sendResetPassword").token;
      await app.at(second);
      await guest.post("/request-password-reset", { email: "alice@example.com" });
      await guest.post("/reset-password", { newPassword: "password456", token: first });
      await guest.post("/reset-password", { newPassword: "password789", token: app.last("sendResetPassword").token });
      await app.at(day);
      await guest.signIn({ password: "password789" });
    },
  },
  {
    name: "reset password: the sender fails",
    async run(t) {
      const { browser } = await alice(t, withMail, { handlers: { sendResetPassword() { throw { $error: { name: "Error", message: "mail server is down" } }; } } });
      await browser.post("/request-password-reset", { email: "alice@example.com" });
    },
  },
];
