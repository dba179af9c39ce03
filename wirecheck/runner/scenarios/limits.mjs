import { alice, callback, second, table } from "./kit.mjs";

const from = (ip) => ({ headers: { "x-forwarded-for": ip } });
const wrong = { email: "alice@example.com", password: "wrong password" };

async function hammer(browser, method, path, times, options) {
  for (let i = 0; i < times; i++) await browser.request(method, path, options);
}

export default [
  {
    name: "limit: sign-in",
    async run(t) {
      const app = await t.app({ rateLimit: { enabled: true } });
      const browser = app.browser();
      await hammer(browser, "POST", "/sign-in/email", 5, { json: wrong, ...from("198.51.100.1") });
      await browser.post("/sign-in/email", wrong, from("198.51.100.2"));
      await browser.post("/sign-up/email", wrong, from("198.51.100.1"));
      await browser.post("/sign-in/email", wrong);
      for (const moment of [4 * second, 9_999, 10_000, 10_001]) {
        await app.at(moment);
        await browser.post("/sign-in/email", wrong, from("198.51.100.1"));
      }
      await hammer(browser, "POST", "/sign-in/email", 4, { json: wrong, ...from("198.51.100.1") });
    },
  },
  ...table("limit", [
    ["off by default", {}, {}],
    ["on in production", {}, { env: { NODE_ENV: "production" } }],
    ["off in production", { enabled: false }, { env: { NODE_ENV: "production" } }],
    ["own numbers", { enabled: true, window: 5, max: 2 }, {}],
    ["own rule", { enabled: true, customRules: { "/get-session": { window: 60, max: 1 } } }, {}],
    ["own rule with wildcard", { enabled: true, customRules: { "/sign-in/*": { window: 60, max: 1 }, "/get-*": { window: 7, max: 3 } } }, {}],
    ["rule off", { enabled: true, max: 1, customRules: { "/get-session": false } }, {}],
    ["rule by function", { enabled: true, customRules: { "/get-session": callback("rule") } }, { handlers: { rule: () => ({ window: 3, max: 1 }) }, unrecorded: ["rule"] }],
    ["in the database", { enabled: true, storage: "database", max: 2 }, {}],
  ], async (t, rateLimit, extra) => {
    const app = await t.app({ rateLimit }, extra);
    const browser = app.browser();
    await hammer(browser, "GET", "/get-session", 4, from("198.51.100.1"));
    await hammer(browser, "POST", "/sign-in/email", 5, { json: wrong, ...from("198.51.100.1") });
    await hammer(browser, "GET", "/no-such-route", 4, from("198.51.100.1"));
    await app.at(6 * second);
    await hammer(browser, "GET", "/get-session", 4, from("198.51.100.1"));
    await browser.get("/get-session/", from("198.51.100.1"));
    if (rateLimit.storage === "database") await app.rows("rateLimit");
  }),
  ...table("limit by special rule", [
    ["reset", "/request-password-reset", { email: "a@example.com" }],
    ["verification", "/send-verification-email", { email: "a@example.com" }],
    ["change password", "/change-password", { currentPassword: "a", newPassword: "password456" }],
    ["change e-mail", "/change-email", { newEmail: "a@example.com" }],
    ["sign-up", "/sign-up/email", { email: "no address" }],
    ["social", "/sign-in/social", { provider: "x" }],
    ["reset itself", "/reset-password", { newPassword: "password456", token: "x" }],
  ], async (t, path, json) => {
    const app = await t.app({ rateLimit: { enabled: true } });
    await hammer(app.browser(), "POST", path, 5, { json, ...from("198.51.100.1") });
    await app.at(11 * second);
    await app.browser().post(path, json, from("198.51.100.1"));
    await app.at(61 * second);
    await app.browser().post(path, json, from("198.51.100.1"));
  }),
  {
    name: "limit: addresses",
    async run(t) {
      const app = await t.app({ rateLimit: { enabled: true, max: 1 }, advanced: { ipAddress: { ipAddressHeaders: ["cf-connecting-ip", "x-forwarded-for"] } } });
      const browser = app.browser();
      const seen = ["198.51.100.1", "198.51.100.1, 10.0.0.1", " 198.51.100.1 ", "2001:db8:1:2::1", "2001:db8:1:2::2", "2001:DB8:1:2:0:0:0:1", "::ffff:198.51.100.1", "nonsense", ""];
      for (const ip of seen) await browser.get("/ok", from(ip));
      await browser.get("/ok", { headers: { "cf-connecting-ip": "198.51.100.9", "x-forwarded-for": "198.51.100.1" } });
      await browser.get("/ok", { headers: { "cf-connecting-ip": "198.51.100.9" } });
    },
  },
  {
    name: "limit: no address tracking",
    async run(t) {
      const { browser } = await alice(t, { rateLimit: { enabled: true, max: 1 }, advanced: { ipAddress: { disableIpTracking: true } } });
      await hammer(browser, "GET", "/get-session", 3, from("198.51.100.1"));
    },
  },
  {
    name: "limit: test environment counts everybody as one",
    async run(t) {
      const app = await t.app({ rateLimit: { enabled: true, max: 2 } }, { env: { NODE_ENV: "test" } });
      await hammer(app.browser(), "GET", "/ok", 4, {});
    },
  },
  {
    name: "limit: disabled paths are not counted",
    async run(t) {
      const app = await t.app({ rateLimit: { enabled: true, max: 1 }, disabledPaths: ["/ok"] });
      await hammer(app.browser(), "GET", "/ok", 3, from("198.51.100.1"));
    },
  },
];
