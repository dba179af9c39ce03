/**
 * What endpoints make of requests that do not fit them: another method, a foreign origin,
 * a damaged body, values of other types, texts that are too long. The requests are made
 * from testdata/endpoints.json, from every entry that says what the endpoint takes.
 */
import { readFileSync } from "node:fs";
import { alice, callback } from "./kit.mjs";
import { domain, siweMessage, wallet } from "./siwe-kit.mjs";

const endpoints = JSON.parse(readFileSync(new URL("../../testdata/endpoints.json", import.meta.url), "utf8"));

/** How a plugin is installed, by its id. */
const installed = {
  "anonymous": { factory: "anonymous", options: { emailDomainName: "visitors.example.com" } },
  "device-authorization": { factory: "deviceAuthorization" },
  "electron": { factory: "electron" },
  "email-otp": { factory: "emailOTP", options: { sendVerificationOTP: callback("send"), changeEmail: { enabled: true } } },
  "magic-link": { factory: "magicLink", options: { sendMagicLink: callback("send") } },
  "one-time-token": { factory: "oneTimeToken" },
  "phone-number": { factory: "phoneNumber", options: { sendOTP: callback("send"), sendPasswordResetOTP: callback("send") } },
  "siwe": { factory: "siwe", options: { domain, getNonce: callback("getNonce"), verifyMessage: callback("verifyMessage") } },
  "username": { factory: "username" },
};
const handlers = { getNonce: () => "wirecheckNonce01", verifyMessage: () => true };

/** Values that have the form that an endpoint wants, by the names of fields. They are nobody's. */
const values = {
  email: "nobody@example.com", newEmail: "new@example.com", type: "sign-in", otp: "none", code: "none", password: "password123", newPassword: "password123",
  phoneNumber: "+15550100199", username: "nobody", token: "none", name: "Nobody", image: "https://example.com/n.png", rememberMe: true,
  callbackURL: "/", newUserCallbackURL: "/", errorCallbackURL: "/", metadata: { a: 1 }, disableSession: true, updatePhoneNumber: false,
  client_id: "cli", scope: "all", grant_type: "urn:ietf:params:oauth:grant-type:device_code", device_code: "none", user_code: "NOSUCHCODE", userCode: "NOSUCHCODE",
  provider: "none", state: "none", code_challenge: "none", code_challenge_method: "S256", code_verifier: "none",
  message: siweMessage({ nonce: "anotherNonce01" }), signature: "good", walletAddress: wallet, address: wallet, chainId: 1,
};

/** What does not fit a field of a type. */
const others = { string: [1, true, [], {}], integer: ["1", true, 0, -1, 1.5, 2 ** 53], boolean: ["true", 1, []], object: ["{}", 1, []] };

/** An app with the plugin of an endpoint, and ways to ask it: as a stranger and as Alice. */
async function open(t, { plugin }) {
  const { app, browser } = await alice(t, {}, { plugins: [installed[plugin]], handlers, unrecorded: ["send", "getNonce", "verifyMessage"] });
  // Every request is the first of its browser: some of them sign in.
  return { stranger: () => app.browser(), member: () => browser.twin() };
}

const json = { "content-type": "application/json" };

/** The wrong requests of a POST, with nothing said about its fields. */
async function requests(t, endpoint) {
  const { method, path } = endpoint;
  const { stranger, member } = await open(t, endpoint);
  const body = JSON.stringify(whole(endpoint));
  for (const other of ["GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"].filter((m) => m !== method)) await stranger().request(other, path, other === "GET" ? {} : { headers: json, body });
  for (const ask of [stranger, member]) {
    for (const origin of ["https://evil.example", "null", null]) {
      await ask().request(method, path + query(endpoint), { headers: method === "GET" ? { origin } : { ...json, origin }, body: method === "GET" ? undefined : body });
    }
  }
  await stranger().request(method, `${path}/`, { headers: json, body });
  if (method === "GET") return;
  for (const wrong of ["", " ", "{", "null", "[]", '"x"', "5", `${body} x`]) await member().request(method, path, { headers: json, body: wrong });
  await member().request(method, path, {});
  for (const type of ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x", "application/xml"]) {
    await member().request(method, path, { headers: { "content-type": type }, body });
  }
}

/** The wrong values of each field. */
async function fields(t, endpoint) {
  const { method, path } = endpoint;
  const { stranger, member } = await open(t, endpoint);
  if (method === "GET") {
    for (const name of Object.keys(endpoint.query)) {
      const rest = (value) => query(endpoint, { [name]: value });
      for (const value of [undefined, "", "x".repeat(3000), "\u0000", "\u202e", "a b"]) await member().get(path + rest(value));
      await member().get(`${path + rest("a")}&${name}=b`);
      await member().get(`${path + rest(undefined)}&${name}[]=b`);
    }
    await stranger().get(path + query(endpoint));
    await stranger().get(`${path + query(endpoint)}&unknown=1`);
    return;
  }
  const good = whole(endpoint);
  const post = (body) => member().post(path, body);
  await stranger().post(path, good);
  await post(good);
  await post({});
  await post({ ...good, unknown: "x", constructor: "x", id: "x" });
  await member().request("POST", path, { headers: json, body: `{"__proto__":{"role":"admin"},${JSON.stringify(good).slice(1)}` });
  for (const [name, type] of Object.entries(endpoint.body)) {
    for (const value of [undefined, null, ...others[type]]) await post({ ...good, [name]: value });
    if (type !== "string") continue;
    for (const value of ["", " ", "x".repeat(5000), "\u0000", "\u202e", "a\nb"]) await post({ ...good, [name]: value });
    await member().request("POST", path, { headers: json, body: JSON.stringify({ ...good, [name]: "?" }).replace('"?"', '"\\ud800"') });
  }
}

function whole({ body, query }) {
  return Object.fromEntries(Object.keys(body ?? query).map((name) => [name, values[name]]));
}

function query(endpoint, more = {}) {
  if (!endpoint.query) return "";
  const pairs = Object.entries({ ...whole(endpoint), ...more }).filter(([, value]) => value !== undefined);
  return `?${pairs.map((pair) => pair.map(encodeURIComponent).join("=")).join("&")}`;
}

export default endpoints.filter(({ body, query }) => body || query).flatMap((endpoint) => {
  const name = `refusals of ${endpoint.method} ${endpoint.path}`;
  return [
    { name: `${name}: requests`, run: (t) => requests(t, endpoint) },
    { name: `${name}: values`, run: (t) => fields(t, endpoint) },
  ];
});
