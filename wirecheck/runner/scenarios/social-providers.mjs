/**
 * A whole sign-in with each provider: authorization URL, token request, profile requests, the profile, its account, and a
 * refresh. What the providers answer was recorded from Better Auth's own tests of them and is in testdata of core/social.
 */
import { readFileSync } from "node:fs";
import { SignJWT, exportJWK, generateKeyPair } from "jose";
import { hour } from "./kit.mjs";

const { providers } = JSON.parse(readFileSync(new URL("../../../core/social/testdata/providers.json", import.meta.url), "utf8"));

/** The iss of id_tokens where it is not recorded. */
const issuers = { google: "https://accounts.google.com", microsoft: "https://login.microsoftonline.com/11111111-2222-3333-4444-555555555555/v2.0", twitch: "https://id.twitch.tv/oauth2", paybin: "https://idp.paybin.io", line: "https://access.line.me" };

const keys = await generateKeyPair("RS256", { extractable: true });
const jwk = { ...(await exportJWK(keys.publicKey)), kid: "k1", alg: "RS256", use: "sig" };

/** Requests that Kernia makes and Better Auth does not: keys, and the checks of tokens. */
function checks(url, claims) {
  const { hostname, pathname } = new URL(url);
  if (/(keys|certs|jwks(\.json)?\/?)$/.test(pathname)) return { json: { keys: [jwk] } };
  if (hostname === "api.line.me" && pathname === "/oauth2/v2.1/verify") return { json: { iss: issuers.line, aud: "cid", exp: claims.exp, iat: claims.iat, ...claims } };
  if (hostname === "graph.facebook.com" && pathname === "/debug_token") return { json: { data: { app_id: "cid", is_valid: true, user_id: "1001" } } };
  return undefined;
}

async function world(provider, sample, app) {
  const now = Math.floor(app.now / 1000);
  const { idTokenClaims, token, responses = [] } = sample.input;
  const claims = idTokenClaims && {
    iss: issuers[provider.id] ?? provider.idToken?.issuer, aud: "cid", iat: now, exp: now + 3600,
    ...(provider.id === "microsoft" && { tid: "11111111-2222-3333-4444-555555555555" }), ...idTokenClaims,
  };
  const idToken = claims && (await new SignJWT(claims).setProtectedHeader({ alg: "RS256", kid: "k1" }).sign(keys.privateKey));
  const { user, ...extra } = token ?? {};
  return ({ url, body }) => {
    const check = checks(url, claims);
    if (check) return { ...check, unrecorded: true };
    const asked = url.startsWith(provider.token.url.split("?")[0]) || /refresh_token/.test(url) || new URLSearchParams(body).has("grant_type");
    if (asked) return { json: { ...provider.answer, ...(idToken && { id_token: idToken }), ...extra } };
    const found = responses.find(({ urlContains }) => url.includes(urlContains));
    if (!found) return { status: 404, json: {} };
    return typeof found.body === "string" ? { status: 404, text: "" } : { status: found.status ?? 200, json: found.body };
  };
}

export default providers.flatMap((provider) =>
  provider.samples.slice(0, 2).map((sample, number) => ({
    name: `social: ${provider.id}, profile ${number + 1}`,
    async run(t) {
      let answer;
      const options = { clientId: "cid", clientSecret: "sec", ...provider.options };
      const app = await t.app({ socialProviders: { [provider.id]: options } }, { world: (request) => answer(request) });
      answer = await world(provider, sample, app);
      const browser = app.browser();
      const { json } = await browser.post("/sign-in/social", { provider: provider.id, callbackURL: "/dashboard", errorCallbackURL: "/sorry" });
      const state = new URL(json.url).searchParams.get("state");
      const user = sample.input.token?.user ? `&user=${encodeURIComponent(JSON.stringify(sample.input.token.user))}` : "";
      await browser.get(`/callback/${provider.id}?code=c1&state=${state}${provider.id === "vk" ? "&device_id=d1" : ""}${user}`);
      await app.rows("user", "account");
      await app.at(2 * hour);
      answer = await world(provider, sample, app);
      await browser.post("/get-access-token", { providerId: provider.id });
      await browser.post("/refresh-token", { providerId: provider.id });
    },
  })),
);
