/** What a client of 1.7 sends and 1.6.11 does not know, as far as the routes are there: docs/compatibility.md lists it. */
import { Authenticator } from "../authenticator.mjs";
import { alice, callback, table } from "./kit.mjs";
import { company } from "./organization-kit.mjs";
import { domain, siweMessage } from "./siwe-kit.mjs";

const password = "password123";

export default [
  ...table("client of 1.7: sign out", [
    ["with a target", { callbackURL: "/bye" }],
    ["with a foreign target", { callbackURL: "https://evil.example/" }],
    ["without a redirect", { disableRedirect: true, state: "s" }],
  ], async (t, body) => {
    const { app, browser } = await alice(t);
    await t.note("answer", await browser.client.$fetch("/sign-out", { method: "POST", body }));
    await t.note("session", await browser.client.getSession());
    await app.rows("session");
  }),
  {
    name: "client of 1.7: unlink by the account's id",
    async run(t) {
      const { app, browser, user } = await alice(t);
      await app.db("create", { model: "account", data: { providerId: "github", accountId: "42", userId: user.id, createdAt: user.createdAt && { $date: user.createdAt }, updatedAt: { $date: user.createdAt } } });
      const { data } = await browser.client.listAccounts();
      await t.note("unlink", await browser.client.unlinkAccount({ accountId: data.find(({ providerId }) => providerId === "github").id }));
      await app.rows("account");
    },
  },
  {
    name: "client of 1.7: an origin that is null",
    async run(t) {
      const app = await t.app();
      const browser = app.browser();
      await browser.signUp();
      await browser.post("/update-user", { name: "B" }, { headers: { origin: "null", "sec-fetch-site": "same-origin", "sec-fetch-mode": "cors" } });
    },
  },
  {
    name: "client of 1.7: second factor without an app",
    async run(t) {
      const { app, browser } = await alice(t, {}, {
        plugins: [{ factory: "twoFactor", options: { otpOptions: { sendOTP: callback("sendOTP") } } }],
        clientPlugins: ({ twoFactorClient }) => [twoFactorClient()],
        unrecorded: ["sendOTP"],
      });
      await t.note("enable", await browser.client.twoFactor.enable({ password, method: "otp" }));
      await t.note("send", await browser.client.twoFactor.sendOtp());
      await t.note("verify", await browser.client.twoFactor.verifyOtp({ code: app.last("sendOTP").otp }));
      await t.note("session", await browser.client.getSession());
      await app.rows("user");
    },
  },
  {
    name: "client of 1.7: passkeys",
    async run(t) {
      const { app, browser } = await alice(t, {}, { plugins: [{ id: "passkey", factory: "passkey" }], clientPlugins: ({ passkeyClient }) => [passkeyClient()] });
      const key = new Authenticator("alice's");
      const { json } = await browser.get("/passkey/generate-register-options");
      const { json: made } = await browser.post("/passkey/verify-registration", { response: key.create(json), createSession: true });
      await t.note("empty name", await browser.client.passkey.updatePasskey({ id: made.id, name: "" }));
      await app.rows("passkey", "session");
    },
  },
  // Better Auth 1.7.25 was asked the same and answers as Kernia does, with two exceptions: a refusal uses its nonce up
  // there, so that "again" is an invalid nonce, and a bad signature has no code.
  ...table("client of 1.7: a wallet", [
    ["without bodies", {}, {}],
    ["by the other path", {}, { path: "/siwe/get-nonce" }],
    ["a bad signature", { signature: "bad" }, {}],
    ["another domain", {}, { domain: "evil.example" }],
    ["another nonce", {}, { nonce: "anotherNonce01" }],
    ["expired", {}, { expirationTime: "2020-01-01T00:00:00Z" }],
  ], async (t, more, { path = "/siwe/nonce", ...message }) => {
    const nonce = "wirecheckNonce01";
    const app = await t.app({}, {
      plugins: [{ factory: "siwe", options: { domain, getNonce: callback("getNonce"), verifyMessage: callback("verifyMessage") } }],
      clientPlugins: ({ siweClient }) => [siweClient()],
      handlers: { getNonce: () => nonce, verifyMessage: ({ signature }) => signature === "good" },
      unrecorded: ["getNonce", "verifyMessage"],
    });
    const { client } = app.browser();
    await t.note("nonce", await (path === "/siwe/nonce" ? client.siwe.nonce() : client.siwe.getNonce()));
    await t.note("empty", await client.siwe.nonce({}));
    const proof = { message: siweMessage({ nonce, ...message }), signature: "good", ...more };
    await t.note("verify", await client.siwe.verify(proof));
    await t.note("again", await client.siwe.verify(proof));
    await app.rows("walletAddress", "account", "verification");
  }),
  {
    name: "client of 1.7: organizations",
    async run(t) {
      const { app, alice, bob, carl, org } = await company(t, { teams: { enabled: true } });
      const { organization } = alice.client;
      const say = async (label, promise) => t.note(label, await promise);
      await say("plain", bob.client.organization.getOrganization({ query: { organizationId: org } }));
      await say("no logo", organization.update({ data: { logo: null } }));
      const { data: team } = await organization.createTeam({ name: "Blue", organizationId: org });
      await say("team", organization.updateTeam({ teamId: team.id, data: { name: "Green", createdAt: new Date(0) } }));
      await say("teams of another", organization.listUserTeams({ query: { userId: "bob", organizationId: org } }));
      await say("invitations, as a member", carl.client.organization.listInvitations());
      await app.rows("organization");
    },
  },
];
