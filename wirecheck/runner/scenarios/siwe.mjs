/** Sign-in with a wallet, by the official client's siweClient and raw. */
import { callback, table } from "./kit.mjs";
import { domain, wallet, siweMessage } from "./siwe-kit.mjs";

const nonce = "wirecheckNonce01";
const handlers = {
  getNonce: () => nonce,
  verifyMessage: ({ signature }) => {
    if (signature === "broken") throw new Error("the chain is down");
    return signature === "good";
  },
};
const required = { domain, getNonce: callback("getNonce"), verifyMessage: callback("verifyMessage") };

const start = (t, siwe = {}, { options = {}, more = {}, others = [], unrecorded = [] } = {}) => t.app(options, {
  unrecorded,
  plugins: [{ factory: "siwe", options: { ...required, ...siwe } }, ...others],
  clientPlugins: ({ siweClient }) => [siweClient()],
  handlers: { ...handlers, ...more },
});

/** Asks for a nonce and signs in, as a client of 1.6 does. */
async function signIn(browser, more = {}, message = {}) {
  const chainId = more.chainId ?? 1;
  await browser.post("/siwe/nonce", { walletAddress: wallet, chainId });
  return browser.post("/siwe/verify", { message: siweMessage({ chainId, nonce, ...message }), signature: "good", walletAddress: wallet, chainId, ...more });
}

async function all(app) {
  for (const model of ["user", "account", "walletAddress", "verification"]) await app.rows(model);
}

export default [
  {
    name: "siwe: a life by the official client",
    async run(t) {
      const app = await start(t);
      const browser = app.browser();
      const say = async (label, promise) => t.note(label, await promise);
      await say("nonce", browser.client.siwe.nonce({ walletAddress: wallet, chainId: 1 }));
      await say("verify", browser.client.siwe.verify({ message: siweMessage({ nonce }), signature: "good", walletAddress: wallet, chainId: 1 }));
      await say("session", browser.client.getSession());
      await say("accounts", browser.client.listAccounts());
      await say("again", browser.client.siwe.verify({ message: siweMessage({ nonce }), signature: "good", walletAddress: wallet, chainId: 1 }));
      await all(app);
    },
  },
  {
    name: "siwe: the bodies of the nonce",
    async run(t) {
      const app = await start(t);
      for (const path of ["/siwe/nonce", "/siwe/get-nonce"]) {
        for (const body of [
          { walletAddress: wallet }, { address: wallet }, { walletAddress: wallet.toLowerCase(), chainId: 137 }, { address: `0X${wallet.slice(2).toUpperCase()}` },
          { walletAddress: "0x1" }, { address: "alice.eth" }, { walletAddress: 1 }, { walletAddress: null }, { walletAddress: wallet, chainId: 0 },
          { walletAddress: wallet, chainId: 1.5 }, { walletAddress: wallet, chainId: "1" }, { walletAddress: wallet, address: "x" }, { chainId: 1 }, { other: 1 }, [], "x",
        ]) await app.browser().post(path, body);
        await app.browser().get(path);
      }
      await app.rows("verification");
    },
  },
  {
    name: "siwe: the bodies of a sign-in",
    async run(t) {
      const app = await start(t);
      const whole = { message: siweMessage({ nonce }), signature: "good", walletAddress: wallet, chainId: 1 };
      for (const body of [
        whole, { ...whole, message: "" }, { ...whole, signature: "" }, { ...whole, message: 1 }, { ...whole, walletAddress: "x" }, { ...whole, chainId: -1 },
        { ...whole, chainId: 0.5 }, { ...whole, email: "x" }, { ...whole, email: null },
        { ...whole, walletAddress: undefined }, { signature: "good" }, {}, [],
      ]) await app.browser().post("/siwe/verify", body);
    },
  },
  {
    name: "siwe: signatures",
    async run(t) {
      const app = await start(t);
      await signIn(app.browser(), { signature: "bad" });
      await signIn(app.browser(), { signature: "broken" });
      await signIn(app.browser(), { walletAddress: wallet.toLowerCase() });
      await all(app);
    },
  },
  {
    name: "siwe: two chains",
    async run(t) {
      const app = await start(t);
      const first = app.browser();
      await signIn(first);
      await signIn(app.browser(), { chainId: 137 });
      await signIn(app.browser(), { chainId: 137 });
      await first.get("/list-accounts");
      await all(app);
    },
  },
  {
    name: "siwe: a nonce that has expired",
    async run(t) {
      const app = await start(t);
      await app.browser().post("/siwe/nonce", { walletAddress: wallet });
      await app.at(15 * 60_000 + 1000);
      await app.browser().post("/siwe/verify", { message: siweMessage({ nonce }), signature: "good", walletAddress: wallet });
    },
  },
  ...table("siwe: what the message says", [
    ["another nonce", { nonce: "anotherNonce01" }],
    ["another domain", { domain: "evil.example" }],
    ["another chain", { chainId: 5 }],
    ["another address", { address: "0x52908400098527886E0F7030069857D2E4169EE7" }],
    ["expired", { expirationTime: "2020-01-01T00:00:00Z" }],
    ["not yet valid", { notBefore: "2099-01-01T00:00:00Z" }],
  ], async (t, message) => {
    const app = await start(t, {}, { unrecorded: ["verifyMessage"] });
    const browser = app.browser();
    await signIn(browser, {}, message);
    await t.note("asked", app.count("verifyMessage"));
    await browser.get("/get-session");
    await all(app);
  }),
  ...table("siwe: options", [
    ["a domain of addresses", { emailDomainName: "wallets.example.com" }],
    ["an e-mail is asked for", { anonymous: false }],
    ["a name service", { ensLookup: callback("ensLookup") }],
  ], async (t, siwe) => {
    const more = { ensLookup: () => ({ name: "alice.eth", avatar: "https://example.com/alice.png" }) };
    const app = await start(t, siwe, { more });
    await signIn(app.browser());
    await signIn(app.browser(), { email: "Alice@example.com" });
    await all(app);
  }),
  {
    name: "siwe: a name service that fails",
    async run(t) {
      const app = await start(t, { ensLookup: callback("ensLookup") }, { more: { ensLookup: () => { throw new Error("down"); } } });
      await signIn(app.browser());
    },
  },
  {
    name: "siwe: the e-mail of another user",
    async run(t) {
      const app = await start(t, { anonymous: false, emailDomainName: "wallets.example.com" });
      await app.browser().signUp();
      const browser = app.browser();
      await signIn(browser, { email: "alice@example.com" });
      await browser.get("/get-session");
      await app.rows("user");
    },
  },
  {
    name: "siwe: hooks that refuse",
    async run(t) {
      for (const model of ["user", "session"]) {
        const app = await start(t, {}, { options: { databaseHooks: { [model]: { create: { before: callback("before") } } } }, more: { before: () => false } });
        await signIn(app.browser());
      }
    },
  },
  {
    name: "siwe: limits",
    async run(t) {
      const app = await start(t, {}, { options: { rateLimit: { enabled: true } } });
      const from = { headers: { "x-forwarded-for": "198.51.100.1" } };
      for (let i = 0; i < 102; i++) await app.browser().get("/siwe/verify", from);
    },
  },
  {
    name: "siwe and two-factor",
    async run(t) {
      const app = await start(t, {}, { others: [{ factory: "twoFactor", options: { skipVerificationOnEnable: true, allowPasswordless: true } }] });
      const browser = app.browser();
      await signIn(browser);
      await browser.post("/two-factor/enable", {});
      const other = app.browser();
      await signIn(other);
      await other.get("/get-session");
    },
  },
];
