/** Single sign-on by SAML. */
import { ssoClient as officialClient } from "@better-auth/sso/client";
import { ORIGIN } from "./kit.mjs";
import { company, organization } from "./organization-kit.mjs";
import { asked, IDP, post, registration, response } from "./sso-saml-kit.mjs";

const plugin = (options = {}) => ({ factory: "sso", options });
const client = { clientPlugins: ({ ssoClient }) => [(ssoClient ?? officialClient)({ domainVerification: { enabled: true } })] };

async function acme(t, options = {}, saml = {}, more = {}) {
  const world = await company(t, { trustedOrigins: [ORIGIN, IDP] }, { plugins: [organization(), plugin(options)], ...client });
  await world.alice.post("/sso/register", registration(saml, more));
  return world;
}

export default [
  {
    name: "sso saml: a sign-in that begins there",
    async run(t) {
      const { app } = await acme(t);
      const browser = app.browser();
      await post(browser, response(app));
      await browser.get("/get-session");
      await app.rows("user", "member");
      const again = app.browser();
      await post(again, response(app)); // the same person
      await app.rows("user");
    },
  },
  {
    name: "sso saml: the same response again",
    async run(t) {
      const { app } = await acme(t);
      const said = response(app);
      await post(app.browser(), said);
      const other = app.browser();
      await post(other, said);
      await other.get("/get-session");
    },
  },
  {
    name: "sso saml: responses that are refused",
    async run(t) {
      const { app } = await acme(t);
      const browser = app.browser();
      await post(browser, "!");
      await post(browser, response(app, { inner: () => "" }));
      await post(browser, response(app, { inner: (a) => a + a }));
      await browser.post("/sso/saml2/callback/acme", { SAMLResponse: "!" });
      await browser.get("/get-session");
      await app.rows("user");
    },
  },
  {
    name: "sso saml: a sign-in that begins here",
    async run(t) {
      const { app } = await acme(t);
      const browser = app.browser();
      const { json } = await browser.post("/sign-in/sso", { providerId: "acme", callbackURL: "/welcome-back", errorCallbackURL: "/sorry" });
      const { id, destination, issuer, relayState } = asked(json.url);
      await t.note("request", { destination, issuer });
      await post(browser, response(app, { request: id }), relayState);
      await browser.get("/get-session");
      await app.rows("user", "member");
    },
  },
  {
    name: "sso saml: none that begins there",
    async run(t) {
      const { app } = await acme(t, { saml: { allowIdpInitiated: false } });
      const browser = app.browser();
      await post(browser, response(app));
      await browser.get("/get-session");
    },
  },
];
