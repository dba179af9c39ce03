/** Applications made with Expo, by the official client, whose phone is stubbed as in upstream's own tests. */
import "../device.mjs";
import { table } from "./kit.mjs";

const { expoClient } = await import("@better-auth/expo/client");

const github = { clientId: "cid", clientSecret: "sec" };
const world = ({ url }) => {
  const { hostname, pathname } = new URL(url);
  if (url === "https://github.com/login/oauth/access_token") return { json: { access_token: "gho_1", token_type: "bearer", scope: "read:user,user:email" } };
  if (hostname !== "api.github.com") return undefined;
  if (pathname === "/user") return { json: { id: 1001, name: "Ada Lovelace", login: "ada", email: "ada@example.com" } };
  return { json: [{ email: "ada@example.com", primary: true, verified: true }] };
};

/** A server, and what the client of a phone keeps. */
async function phone(t, options = {}, plugin = {}) {
  const kept = new Map();
  const storage = { getItem: (name) => kept.get(name) ?? null, setItem: (name, value) => kept.set(name, value) };
  const app = await t.app(
    { trustedOrigins: ["myapp://"], socialProviders: { github }, ...options },
    { world, plugins: [{ factory: "expo", options: plugin }], clientPlugins: () => [expoClient({ scheme: "myapp", storage, disableCache: true })] },
  );
  return { app, kept };
}
const address = { email: "alice@example.com", password: "password123" };
const stateOf = (url) => new URL(url).searchParams.get("state");
/** What a deep link hands over, by the names of the cookies: their values are compared elsewhere. */
const handed = (location) => {
  const url = new URL(location);
  const cookie = url.searchParams.get("cookie");
  url.searchParams.delete("cookie");
  return { target: url.toString(), cookies: cookie && [...cookie.matchAll(/(?:^|, )([\w.-]+)=([^;]*)/g)].map(([, name, value]) => `${name} ${value ? "set" : "removed"}`) };
};

export default [
  ...table("expo: the origin of an application", [
    ["trusted", { "expo-origin": "myapp://" }],
    ["not trusted", { "expo-origin": "evil://" }],
    ["beside a foreign one", { "expo-origin": "myapp://", origin: "https://evil.example" }],
    ["none", {}],
    ["switched off", { "expo-origin": "myapp://" }, { disableOriginOverride: true }],
  ], async (t, headers, plugin) => {
    const { app } = await phone(t, {}, plugin);
    const browser = app.browser();
    await browser.signUp();
    await browser.post("/update-user", { name: "Al" }, { headers: { origin: null, ...headers } });
    await app.browser().post("/sign-in/email", address, { headers: { origin: null, "sec-fetch-mode": "cors", ...headers } });
  }),
  ...table("expo: a sign-in in the phone's browser", [
    ["state in the database", {}],
    ["state in a cookie", { account: { storeStateStrategy: "cookie" } }],
  ], async (t, options) => {
    const { app } = await phone(t, options);
    const [device, browser] = [app.browser(), app.browser()];
    const { json } = await device.post("/sign-in/social", { provider: "github", callbackURL: "myapp://signed-in" }, { headers: { origin: null, "expo-origin": "myapp://" } });
    const kept = device.jar.get("better-auth.oauth_state");
    const query = new URLSearchParams({ authorizationURL: json.url });
    if (kept) query.set("oauthState", decodeURIComponent(kept));
    await t.note("without the proxy", (await app.browser().get(`/callback/github?code=c0&state=nonsense`)).status);
    const opened = await browser.get(`/expo-authorization-proxy?${query}`, { unrecorded: true });
    await t.note("opened", { status: opened.status, right: opened.headers.find(([name]) => name === "location")?.[1] === json.url });
    const ended = await browser.get(`/callback/github?code=c1&state=${stateOf(json.url)}`, { unrecorded: true });
    await t.note("ended", { status: ended.status, ...handed(ended.headers.find(([name]) => name === "location")[1]) });
  }),
  ...table("expo: the proxy's query", [
    ["is empty", {}],
    ["has no state", { authorizationURL: "https://github.com/login/oauth/authorize" }],
  ], async (t, query) => {
    const { app } = await phone(t);
    await app.browser().get(`/expo-authorization-proxy?${new URLSearchParams(query)}`);
  }),
];
