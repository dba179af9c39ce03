/** Previews whose sign-ins come back by way of production. */
import { acme, begin, generic, idp } from "./generic-oauth.mjs";
import { table } from "./kit.mjs";

const PRODUCTION = "https://app.example.com";
const PREVIEW = "https://pr-7.preview.example.com";

const server = (t, baseURL, options = {}) => {
  const extra = generic([acme({ redirectURI: `${PRODUCTION}/api/auth/callback/acme` })], idp());
  extra.plugins.push({ factory: "oAuthProxy", options: { productionURL: PRODUCTION, currentURL: baseURL, ...options } });
  return t.app({ baseURL, trustedOrigins: ["https://*.preview.example.com"] }, extra);
};

/** A sign-in by /sign-in/social that begins on a preview; gives where production sends the browser. */
async function depart(t, browser, more = {}) {
  const production = await server(t, PRODUCTION);
  const state = await begin(browser, "/sign-in/social", { provider: "acme", ...more });
  const { location } = await production.browser().get(`/callback/acme?code=c-1&state=${encodeURIComponent(state)}`);
  return location;
}

export default [
  {
    name: "oauth proxy: a whole sign-in",
    async run(t) {
      const preview = await server(t, PREVIEW);
      const browser = preview.browser();
      await browser.open(await depart(t, browser));
      await browser.get("/get-session");
      await preview.rows("user", "account", "session", "verification");
    },
  },
  {
    name: "oauth proxy: a profile that is old",
    async run(t) {
      const preview = await server(t, PREVIEW, { maxAge: 30 });
      const browser = preview.browser();
      const location = await depart(t, browser);
      await preview.at(31_000);
      await browser.open(location);
      await browser.get("/get-session");
    },
  },
  {
    name: "oauth proxy: production itself",
    async run(t) {
      const app = await server(t, PRODUCTION);
      const browser = app.browser();
      const state = await begin(browser, "/sign-in/social", { provider: "acme" });
      await browser.get(`/callback/acme?code=c-1&state=${state}`);
      await browser.get("/get-session");
    },
  },
  ...table("oauth proxy: the callback", [
    ["without a profile", "?callbackURL=/dashboard"],
    ["with a profile that is none", "?callbackURL=/dashboard&profile=abc"],
    ["without a target", "?profile=abc"],
    ["with a target that is not trusted", "?callbackURL=https%3A%2F%2Fevil.example&profile=abc"],
  ], async (t, query) => {
    const app = await server(t, PREVIEW);
    await app.browser().get(`/oauth-proxy-callback${query}`);
  }),
];
