import { alice, minute, table } from "./kit.mjs";

const cache = { session: { cookieCache: { enabled: true } } };

export default [
  ...table("cookies", [
    ["https", { baseURL: "https://app.example.com" }],
    ["https with cache", { baseURL: "https://app.example.com", ...cache }],
    ["secure by option", { advanced: { useSecureCookies: true } }],
    ["not secure by option", { baseURL: "https://app.example.com", advanced: { useSecureCookies: false } }],
    ["across subdomains", { baseURL: "https://app.example.com", advanced: { crossSubDomainCookies: { enabled: true } } }],
    ["across subdomains, own domain", { baseURL: "https://app.example.com", advanced: { crossSubDomainCookies: { enabled: true, domain: "example.com" } }, ...cache }],
    ["across subdomains, http", { advanced: { crossSubDomainCookies: { enabled: true, domain: "localhost" } } }],
    ["prefix", { advanced: { cookiePrefix: "shop" }, ...cache }],
    ["own name", { advanced: { cookies: { session_token: { name: "sid" } } }, ...cache }],
    ["own name and attributes", { baseURL: "https://app.example.com", advanced: { cookies: { session_token: { name: "sid", attributes: { sameSite: "none", partitioned: true } }, session_data: { attributes: { maxAge: 30 } } } }, ...cache }],
    ["default attributes", { advanced: { defaultCookieAttributes: { sameSite: "none", secure: true, httpOnly: false, partitioned: true } } }],
    ["strict, with path", { advanced: { defaultCookieAttributes: { sameSite: "strict", path: "/api" } } }],
    ["same site in capitals", { advanced: { defaultCookieAttributes: { sameSite: "None" } } }],
  ], async (t, options) => {
    const { app, browser } = await alice(t, options);
    await t.note("cookies", browser.jar.names());
    await browser.get("/get-session");
    await app.at(minute);
    await browser.post("/update-user", { name: "A." });
    await browser.get("/get-session?disableCookieCache=true");
    await browser.post("/sign-out");
    await browser.signIn({ rememberMe: false });
    await browser.get("/get-session");
    await browser.post("/sign-out");
  }),
  {
    name: "cookies: others are left alone",
    async run(t) {
      const { browser } = await alice(t);
      const cookie = `theme=dark; better-auth.session_token=${browser.jar.get("better-auth.session_token")}; x="a b"; =empty; novalue`;
      await browser.get("/get-session", { headers: { cookie } });
      await browser.get("/get-session", { headers: { cookie: `better-auth.session_token=first; ${cookie}` } });
      await browser.get("/get-session", { headers: { cookie: cookie.replaceAll("; ", ";") } });
      await browser.get("/get-session", { headers: { cookie: cookie.replace("better-auth", "__Secure-better-auth") } });
    },
  },
  {
    name: "cookies: base URL from the request",
    async run(t) {
      const app = await t.app({ baseURL: undefined });
      const browser = app.browser();
      await browser.signUp();
      await browser.get("/get-session");
    },
  },
  {
    name: "cookies: base URL from the environment",
    async run(t) {
      const app = await t.app({ baseURL: undefined }, { env: { BETTER_AUTH_URL: "http://localhost:3000" } });
      await app.browser().signUp();
    },
  },
];
