/** The method of the last sign-in, in a cookie and in the user's row. */
import { Authenticator } from "../authenticator.mjs";
import { begin, generic, acme, idp } from "./generic-oauth.mjs";
import { alice, callback, hour, second, table, verify } from "./kit.mjs";
import { tap, withClient as withTap } from "./one-tap.mjs";
import { domain, siweMessage, wallet } from "./siwe-kit.mjs";

const plugin = (options = {}) => ({
  plugins: [{ factory: "lastLoginMethod", options }],
  clientPlugins: ({ lastLoginMethodClient }) => [lastLoginMethodClient()],
});

const password = "password123";
const email = "alice@example.com";
const number = "+15550100100";
const grant_type = "urn:ietf:params:oauth:grant-type:device_code";
const github = ({ url }) => ({
  "https://github.com/login/oauth/access_token": { json: { access_token: "gho_1", token_type: "bearer", scope: "read:user,user:email" } },
  "https://api.github.com/user": { json: { id: 1001, name: "Ada Lovelace", login: "ada", email: "ada@example.com" } },
  "https://api.github.com/user/emails": { json: [{ email: "ada@example.com", primary: true, verified: true }] },
})[url];

/** Each way to sign in: its plugin, and what its user does. Alice is signed in at `home`; `there` is another browser. */
const ways = {
  "user name": {
    plugin: { factory: "username", options: {} },
    client: ({ usernameClient }) => [usernameClient()],
    async enter({ home, there }) {
      await home.post("/update-user", { username: "alice" });
      return there.client.signIn.username({ username: "alice", password });
    },
  },
  "magic link": {
    plugin: { factory: "magicLink", options: { sendMagicLink: callback("send") } },
    client: ({ magicLinkClient }) => [magicLinkClient()],
    async enter({ app, there }) {
      await there.client.signIn.magicLink({ email });
      return there.client.magicLink.verify({ query: { token: app.last("send").token } });
    },
  },
  "e-mail code": {
    plugin: { factory: "emailOTP", options: { sendVerificationOTP: callback("send") } },
    client: ({ emailOTPClient }) => [emailOTPClient()],
    async enter({ app, there }) {
      await there.client.emailOtp.sendVerificationOtp({ email, type: "sign-in" });
      return there.client.signIn.emailOtp({ email, otp: app.last("send").otp });
    },
  },
  "e-mail code of a new user": {
    plugin: { factory: "emailOTP", options: { sendVerificationOTP: callback("send") } },
    client: ({ emailOTPClient }) => [emailOTPClient()],
    async enter({ app, there }) {
      await there.client.emailOtp.sendVerificationOtp({ email: "bob@example.com", type: "sign-in" });
      return there.client.signIn.emailOtp({ email: "bob@example.com", otp: app.last("send").otp });
    },
  },
  "phone number": {
    plugin: { factory: "phoneNumber", options: { sendOTP: callback("send"), signUpOnVerification: { getTempEmail: callback("address", { sync: true }) } } },
    client: ({ phoneNumberClient }) => [phoneNumberClient()],
    async enter({ app, there }) {
      await there.client.phoneNumber.sendOtp({ phoneNumber: number });
      return there.client.phoneNumber.verify({ phoneNumber: number, code: app.last("send").code });
    },
  },
  provider: {
    options: { socialProviders: { github: { clientId: "cid", clientSecret: "sec" } } },
    world: github,
    async enter({ there }) {
      const { data } = await there.client.signIn.social({ provider: "github", callbackURL: "/dashboard" });
      await there.get(`/callback/github?code=c1&state=${new URL(data.url).searchParams.get("state")}`);
    },
  },
  "generic oauth": {
    plugin: generic([acme()]).plugins[0],
    world: idp(),
    async enter({ there }) {
      await there.get(`/oauth2/callback/acme?code=c-1&state=${await begin(there)}`);
    },
  },
  "one tap": { plugin: withTap().plugins[0], world: withTap().world, async enter({ there }) { await tap(there); } },
  passkey: {
    plugin: { id: "passkey", factory: "passkey", options: {} },
    client: ({ passkeyClient }) => [passkeyClient()],
    async enter({ home, there }) {
      const key = new Authenticator("alice's");
      await key.use(() => home.client.passkey.addPasskey({ name: "Laptop" }));
      return key.use(() => there.client.signIn.passkey());
    },
  },
  wallet: {
    plugin: { factory: "siwe", options: { domain, getNonce: callback("nonce"), verifyMessage: callback("signed") } },
    client: ({ siweClient }) => [siweClient()],
    async enter({ there }) {
      const by = { walletAddress: wallet, chainId: 1 };
      await there.client.siwe.nonce(by);
      return there.client.siwe.verify({ message: siweMessage({ nonce: "wirecheckNonce01" }), signature: "good", ...by });
    },
  },
  "one-time token": {
    plugin: { factory: "oneTimeToken", options: {} },
    client: ({ oneTimeTokenClient }) => [oneTimeTokenClient()],
    async enter({ home, there }) {
      const { json } = await home.get("/one-time-token/generate");
      return there.client.oneTimeToken.verify({ token: json.token });
    },
  },
  "anonymous visit": {
    plugin: { factory: "anonymous", options: { generateRandomEmail: callback("address") } },
    client: ({ anonymousClient }) => [anonymousClient()],
    enter: ({ there }) => there.client.signIn.anonymous(),
  },
  device: {
    plugin: { factory: "deviceAuthorization", options: {} },
    client: ({ deviceAuthorizationClient }) => [deviceAuthorizationClient()],
    async enter({ app, home, there }) {
      const { data } = await there.client.device.code({ client_id: "cli" });
      await home.get(`/device?user_code=${data.user_code}`);
      await home.post("/device/approve", { userCode: data.user_code });
      await app.at(6 * second);
      return there.client.device.token({ grant_type, device_code: data.device_code, client_id: "cli" });
    },
  },
  "verification link": {
    options: { emailVerification: { sendVerificationEmail: callback("send"), autoSignInAfterVerification: true } },
    async enter({ app, there }) {
      await there.client.sendVerificationEmail({ email, callbackURL: "/dashboard" });
      await there.get(`/verify-email?token=${app.last("send").token}&callbackURL=/dashboard`);
    },
  },
};

export default [
  ...table("last login method of", Object.entries(ways), async (t, { plugin: own, client, options = {}, world, enter }) => {
    const app = await t.app(options, {
      plugins: [...(own ? [own] : []), { factory: "lastLoginMethod", options: { storeInDatabase: true } }],
      clientPlugins: (clients) => [...(client?.(clients) ?? []), clients.lastLoginMethodClient()],
      world,
      handlers: { address: () => "visitor@visitors.example.com", nonce: () => "wirecheckNonce01", signed: () => true, send: () => null },
      unrecorded: ["send", "address", "nonce", "signed"], // what they get has codes, and may come after the answer
    });
    const home = app.browser();
    await home.signUp();
    if (!options.emailVerification) await verify(app);
    await app.at(second);
    const there = app.browser();
    const answer = await enter({ app, home, there });
    if (answer) await t.note("answer", answer); // of the client
    await there.get("/get-session");
    await app.rows("user");
  }),
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
