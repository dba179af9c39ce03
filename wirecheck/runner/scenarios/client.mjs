/** The unchanged official client, as an application calls it. */
import { everyPlugin } from "../clients.mjs";
import { table, withMail } from "./kit.mjs";

const credentials = { email: "alice@example.com", password: "password123" };

export default [
  ...table("client: a day with an account", [
    ["without plugins", undefined],
    ["with every plugin of the client", everyPlugin],
  ], async (t, clientPlugins) => {
    const app = await t.app({ ...withMail, user: { deleteUser: { enabled: true }, changeEmail: { enabled: true, updateEmailWithoutVerification: true } } }, { clientPlugins });
    const { client } = app.browser();
    const say = async (label, promise) => t.note(label, await promise);
    await say("sign up", client.signUp.email({ ...credentials, name: "Alice" }));
    await say("session", client.getSession());
    await say("sign out", client.signOut());
    await say("no session", client.getSession());
    await say("wrong password", client.signIn.email({ ...credentials, password: "nonsense" }));
    await say("sign in", client.signIn.email(credentials));
    await say("sessions", client.listSessions());
    await say("accounts", client.listAccounts());
    await say("update", client.updateUser({ name: "Alice B." }));
    await say("change e-mail", client.changeEmail({ newEmail: "alice@new.example" }));
    await say("change password", client.changePassword({ currentPassword: "password123", newPassword: "password456", revokeOtherSessions: true }));
    await say("request reset", client.requestPasswordReset({ email: "alice@new.example", redirectTo: "/reset" }));
    await say("reset", client.resetPassword({ newPassword: "password789", token: app.last("sendResetPassword").token }));
    await say("send verification", client.sendVerificationEmail({ email: "alice@new.example", callbackURL: "/" }));
    await say("verify", client.verifyEmail({ query: { token: app.last("sendVerificationEmail").token } }));
    await say("sign in again", client.signIn.email({ email: "alice@new.example", password: "password789" }));
    await say("revoke others", client.revokeOtherSessions());
    await say("delete", client.deleteUser({ password: "password789" }));
    await app.rows("user", "session", "account", "verification");
  }),
  {
    name: "client: two browsers and their sessions",
    async run(t) {
      const app = await t.app();
      const one = app.browser();
      const two = app.browser();
      await one.client.signUp.email({ ...credentials, name: "Alice" });
      await app.at(60_000);
      const { data } = await two.client.signIn.email(credentials);
      await one.client.listSessions();
      await one.client.revokeSession({ token: data.token });
      await two.client.getSession();
      await two.client.signIn.email(credentials);
      await one.client.revokeSessions();
      await t.note("one", await one.client.getSession());
      await t.note("two", await two.client.getSession());
      await app.rows("session");
    },
  },
  {
    name: "client: errors",
    async run(t) {
      const app = await t.app();
      const { client } = app.browser();
      await t.note("short", await client.signUp.email({ email: "a@example.com", password: "p", name: "A" }));
      await t.note("not a mail", await client.signUp.email({ email: "a", password: "password123", name: "A" }));
      await t.note("signed out", await client.updateUser({ name: "x" }));
      await t.note("list", await client.listSessions());
      await t.note("accounts", await client.listAccounts());
      await t.note("change", await client.changePassword({ currentPassword: "a", newPassword: "password123" }));
      await t.note("delete", await client.deleteUser());
      await t.note("social", await client.signIn.social({ provider: "github" }));
      await t.note("unlink", await client.unlinkAccount({ providerId: "x" }));
      await t.note("reset", await client.resetPassword({ newPassword: "password123", token: "x" }));
      await t.note("ok", await client.$fetch("/ok"));
    },
  },
];
