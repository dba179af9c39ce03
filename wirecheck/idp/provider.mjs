/**
 * npm's oidc-provider as a process, with its own pages for development.
 *
 *     node idp/provider.mjs CALLBACK…   prints "listening on http://localhost:PORT"
 *
 * Two applications are registered, "app" and "another-app", each with all callbacks. POST
 * /test/rotate replaces the signing key, and GET /test/counts says how often each path was
 * asked for. It ends when its standard input closes.
 */
import { createServer } from "node:http";
import { exportJWK, generateKeyPair } from "jose";
import Provider from "oidc-provider";

const people = {
  ada: { sub: "ada", name: "Ada Lovelace", email: "Ada@example.com", email_verified: true },
  grace: { sub: "grace", name: "Grace Hopper", email: "grace@example.com", email_verified: false },
  emmy: { sub: "emmy", name: "Emmy Noether", email: "emmy@example.com", email_verified: true },
  hilda: { sub: "hilda", name: "Hilda Geiringer", email: "hilda@example.com", email_verified: true },
  max: { sub: "max", name: "Max Born", email: "emmy@example.com", email_verified: false },
};
const application = (client_id, client_secret) => ({
  client_id,
  client_secret,
  redirect_uris: process.argv.slice(2),
  grant_types: ["authorization_code", "refresh_token"],
  response_types: ["code"],
  token_endpoint_auth_method: "client_secret_basic",
  id_token_signed_response_alg: "ES256",
});

let count = 0;
async function newKey() {
  const { privateKey } = await generateKeyPair("ES256", { extractable: true });
  return { ...(await exportJWK(privateKey)), kid: `key-${++count}`, use: "sig", alg: "ES256" };
}

/** The provider with one signing key. What it has issued is kept in the process, whatever the key. */
async function provider(issuer) {
  const made = new Provider(issuer, {
    clients: [application("app", "the+secret:of%the app"), application("another-app", "another secret")],
    jwks: { keys: [await newKey()] },
    cookies: { keys: ["of this test only"] },
    claims: { openid: ["sub"], email: ["email", "email_verified"], profile: ["name"] },
    findAccount: (_, id) => people[id] && { accountId: id, claims: () => people[id] },
    pkce: { required: () => true },
    rotateRefreshToken: true,
    ttl: { AccessToken: 300, IdToken: 300, RefreshToken: 3600, Session: 3600, Grant: 3600, Interaction: 600, AuthorizationCode: 60 },
  });
  return made.callback();
}

const counts = {};
let issuer, current;
const server = createServer(async (req, res) => {
  const { pathname } = new URL(req.url, issuer);
  if (pathname === "/test/counts") return res.end(JSON.stringify(counts));
  if (pathname === "/test/rotate") {
    current = await provider(issuer);
    return res.end();
  }
  counts[pathname] = (counts[pathname] ?? 0) + 1;
  current(req, res);
});
server.listen(0, "localhost", async () => {
  issuer = `http://localhost:${server.address().port}`;
  current = await provider(issuer);
  console.log(`listening on ${issuer}`);
});
process.stdin.on("end", () => process.exit()).resume();
