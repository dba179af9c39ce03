/**
 * Applications for phones and desktops by their official clients, of Better Auth 1.6 and of 1.7: a Go server signs their
 * users in, in the application and in the system's browser. Expo and Electron are stubbed, as in upstream's own tests.
 *
 *     node devices.mjs           against the Go server
 *     node devices.mjs --self    against Better Auth 1.6.11, with what does not work there left out
 *
 * Exit code 0: every step held.
 */
import "./runner/device.mjs";
import assert from "node:assert/strict";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { ORIGIN, Run } from "./runner/app.mjs";
import { clients } from "./runner/clients.mjs";
import { Outside } from "./runner/outside.mjs";
import { inPage } from "./runner/page.mjs";
import { closeConnections, startServer } from "./runner/servers.mjs";

const self = process.argv.includes("--self");
const wirecheck = dirname(fileURLToPath(import.meta.url));
const command = self
  ? [process.execPath, join(wirecheck, "reference", "server.mjs"), "--addr", "127.0.0.1:0"]
  : ["go", "run", "./wirecheck/cmd/control", "-addr", "127.0.0.1:0", "-framework", "gin", "-adapter", "memory"];

const { electronClient } = await import("@better-auth/electron/client");
const { electronProxyClient } = await import("@better-auth/electron/proxy");
const { expoClient } = await import("@better-auth/expo/client");
const releases = {
  1.6: { createAuthClient: clients.this.createAuthClient, electronClient, electronProxyClient, expoClient },
  1.7: { createAuthClient: clients.next.createAuthClient, ...(await import("client-1.7/devices")) },
};

let step = 0;
async function check(name, f) {
  step++;
  try {
    await f();
    console.log(`✓ ${step} ${name}`);
  } catch (error) {
    console.log(`✗ ${step} ${name}`);
    throw error;
  }
}

/** A provider that knows Ada. */
const world = ({ url }) => {
  const { hostname, pathname } = new URL(url);
  if (url === "https://github.com/login/oauth/access_token") return { json: { access_token: "gho_1", token_type: "bearer", scope: "read:user,user:email" } };
  if (hostname !== "api.github.com") return undefined;
  if (pathname === "/user") return { json: { id: 1001, name: "Ada Lovelace", login: "ada", email: "ada@example.com" } };
  return { json: [{ email: "ada@example.com", primary: true, verified: true }] };
};

/** Node's fetch, with all headers of its own, to an instance behind the control server. */
const fetchOf = (app) => (url, init = {}) => {
  const { pathname, search } = new URL(url);
  const headers = new Headers(init.headers);
  headers.set("x-ba-instance", app.id);
  headers.set("x-ba-original-url", app.origin + pathname + search);
  return fetch(app.url + pathname + search, { ...init, headers });
};

/** What an application keeps on its device. The client of Expo in 1.7 takes the functions that give promises, as expo-secure-store has them. */
function storage() {
  const kept = new Map();
  const [getItem, setItem] = [(name) => kept.get(name) ?? null, (name, value) => void kept.set(name, value)];
  return { kept, getItem, setItem, getItemAsync: async (name) => getItem(name), setItemAsync: async (name, value) => setItem(name, value) };
}

const good = ({ data, error }, what) => {
  assert.equal(error, null, `${what}: ${JSON.stringify(error)}`);
  return data;
};
const person = { name: "Alice", email: "alice@example.com", password: "password123" };
const entering = { email: person.email, password: person.password };
const options = { trustedOrigins: ["myapp://", "com.example.app:/"], socialProviders: { github: { clientId: "cid", clientSecret: "sec" } } };
const plugins = [{ factory: "expo" }, { factory: "electron" }];

/** From the address of a provider to where the callback leads. */
async function throughProvider(browser, location) {
  const state = new URL(location).searchParams.get("state");
  const { status, location: end, body } = await browser.get(`/callback/github?code=c1&state=${state}`);
  assert.equal(status, 302, body);
  return end;
}

async function phone(release, run) {
  const { createAuthClient, expoClient } = releases[release];
  const app = await run.app(options, { world, plugins });
  const store = storage();
  /** The application, each time it is started. */
  const start = (scheme = "myapp", keep = store) =>
    createAuthClient({ baseURL: `${ORIGIN}/api/auth`, plugins: [expoClient({ scheme, storage: keep })], fetchOptions: { customFetchImpl: fetchOf(app), retry: 0 } });
  let auth = start();
  const whose = async () => good(await auth.getSession(), "get-session")?.user.email ?? null;

  await check(`Expo ${release}: sign-up, and the session is in the phone's storage`, async () => {
    good(await auth.signUp.email(person), "sign-up");
    assert.match([...store.kept.values()].join(), /session_token/);
    assert.equal(await whose(), person.email);
  });
  await check(`Expo ${release}: the session is there when the application starts again`, async () => {
    auth = start();
    assert.equal(await whose(), person.email);
    assert.match(await auth.getCookie(), /session_token=/);
  });
  await check(`Expo ${release}: updates and a new password`, async () => {
    good(await auth.updateUser({ name: "Alice L." }), "update-user");
    assert.equal(good(await auth.getSession({ query: { disableCookieCache: true } }), "get-session").user.name, "Alice L.");
    good(await auth.changePassword({ currentPassword: person.password, newPassword: "password456", revokeOtherSessions: true }), "change-password");
    assert.equal(await whose(), person.email, "the new session is not kept");
  });
  await check(`Expo ${release}: sign-out and sign-in`, async () => {
    good(await auth.signOut(), "sign-out");
    assert.equal(await whose(), null);
    assert.equal(await app.db("count", { model: "session" }), 0, "the session lives on");
    assert.equal((await auth.signIn.email(entering)).error?.status, 401, "the old password");
    good(await auth.signIn.email({ ...entering, password: "password456" }), "sign-in");
    assert.equal(await whose(), person.email);
    good(await auth.signOut(), "sign-out");
  });
  await check(`Expo ${release}: sign-in with a provider, through the proxy and back by the deep link`, async () => {
    const browser = app.browser();
    let opened = 0;
    globalThis.device.browser = async (url, to) => {
      opened++;
      assert.equal(to, "myapp://signed-in");
      const { status, location, body } = await browser.open(url);
      assert.equal(status, 302, body);
      const end = await throughProvider(browser, location);
      assert.ok(end.startsWith("myapp://signed-in?cookie="), end);
      return { type: "success", url: end };
    };
    good(await auth.signIn.social({ provider: "github", callbackURL: "/signed-in" }), "sign-in with a provider");
    assert.equal(opened, 1);
    assert.equal(await whose(), "ada@example.com");
    good(await auth.updateUser({ name: "Ada L." }), "update-user");
    good(await auth.signOut(), "sign-out");
    assert.equal(await whose(), null);
  });
  await check(`Expo ${release}: another application is refused`, async () => {
    const { error } = await start("evil", storage()).signIn.email({ ...entering, password: "password456" });
    assert.deepEqual([error?.status, error?.code], [403, "INVALID_ORIGIN"]);
  });
}

/** A page of the site in a browser, which an application has opened; gives the address that leads back. */
async function page(release, app, browser, query, act) {
  const { createAuthClient, electronProxyClient } = releases[release];
  const client = createAuthClient({
    baseURL: `${ORIGIN}/api/auth`,
    plugins: [electronProxyClient({ protocol: "com.example.app" })],
    fetchOptions: {
      retry: 0,
      customFetchImpl: async (url, init = {}) => {
        const { pathname, search } = new URL(url);
        const answer = await browser.send({ method: init.method ?? "GET", path: pathname + search, headers: Object.fromEntries(new Headers(init.headers)), body: init.body ?? undefined });
        return new Response(answer.body, { status: answer.status, headers: { "content-type": "application/json" } });
      },
    },
  });
  let left;
  const document = {
    get cookie() {
      return browser.jar.get("better-auth.electron") === undefined ? "" : `better-auth.electron=${browser.jar.get("better-auth.electron")}`;
    },
    set cookie(line) {
      assert.match(line, /^better-auth\.electron=;/);
    },
  };
  const window = { location: { replace: (address) => (left = address) } };
  await inPage({ document, window }, async () => {
    await act(client, query);
    const timer = client.ensureElectronRedirect({ interval: 5, timeout: 2000 });
    for (let i = 0; i < 200 && !left; i++) await new Promise((resolve) => setTimeout(resolve, 10));
    clearInterval(timer);
  });
  assert.ok(left?.startsWith("com.example.app://auth/callback#token="), `the page leads to ${left}`);
  return left;
}

async function desktop(release, run) {
  const { createAuthClient, electronClient } = releases[release];
  const app = await run.app(options, { world, plugins });
  const { device } = globalThis;
  device.handlers.clear();
  device.told.length = device.opened.length = 0;
  const store = storage();
  const start = (protocol = "com.example.app", keep = store) =>
    createAuthClient({
      baseURL: `${ORIGIN}/api/auth`,
      plugins: [electronClient({ protocol, signInURL: `${ORIGIN}/sign-in`, storage: keep })],
      fetchOptions: { customFetchImpl: fetchOf(app), retry: 0 },
    });
  let auth = start();
  const whose = async () => good(await auth.getSession(), "get-session")?.user.email ?? null;
  /** The system opens the application by an address of its scheme. */
  const deepLink = (address) => (process.platform === "darwin" ? device.handlers.get("open-url")({}, address) : device.handlers.get("second-instance")({}, [], "", address));
  const told = (channel) => device.told.filter(([name]) => name === `better-auth:${channel}`).map(([, value]) => value);
  const browser = app.browser();
  let used;

  await check(`Electron ${release}: the application opens the sign-in page`, async () => {
    auth.setupMain();
    await auth.requestAuth();
    const { origin, pathname, searchParams } = new URL(device.opened[0]);
    assert.equal(origin + pathname, `${ORIGIN}/sign-in`);
    assert.equal(searchParams.has("code_challenge_method"), release === "1.6");
  });
  await check(`Electron ${release}: a sign-up in the page leads back, and the application has a session`, async () => {
    const query = Object.fromEntries(new URL(device.opened[0]).searchParams);
    if (self && release === "1.7") query.code_challenge_method = "S256"; // Better Auth 1.6 takes it for plain
    used = await page(release, app, browser, query, async (client) => good(await client.signUp.email({ ...person, fetchOptions: { query } }), "sign-up"));
    await deepLink(used);
    assert.equal(told("authenticated").at(-1)?.email, person.email);
    assert.equal(await whose(), person.email);
    assert.ok(!JSON.stringify([...store.kept]).includes("session_token"), "the session is not sealed");
  });
  await check(`Electron ${release}: the address works once`, () => assert.rejects(deepLink(used), /Code verifier not found/));
  await check(`Electron ${release}: the session is there when the application starts again`, async () => {
    auth = start();
    auth.setupMain();
    assert.equal(await whose(), person.email);
    assert.equal((await device.handlers.get("better-auth:getUser")({}))?.email, person.email);
  });
  await check(`Electron ${release}: updates and a new password`, async () => {
    good(await auth.updateUser({ name: "Alice L." }), "update-user");
    good(await auth.changePassword({ currentPassword: person.password, newPassword: "password456" }), "change-password");
    assert.equal(good(await auth.getSession(), "get-session").user.name, "Alice L.");
  });
  await check(`Electron ${release}: the browser is signed in, and hands the user over`, async () => {
    good(await auth.signOut(), "sign-out");
    assert.equal(await whose(), null);
    await auth.requestAuth();
    const query = Object.fromEntries(new URL(device.opened.at(-1)).searchParams);
    if (self && release === "1.7") query.code_challenge_method = "S256";
    await deepLink(await page(release, app, browser, query, async (client) => good(await client.electron.transferUser({ fetchOptions: { query } }), "transfer-user")));
    assert.equal(await whose(), person.email);
    await device.handlers.get("better-auth:signOut")({});
    assert.equal(await whose(), null);
  });
  if (!self) {
    await check(`Electron ${release}: sign-in with a provider, through the proxy`, async () => {
      await auth.requestAuth({ provider: "github" });
      const ada = app.browser();
      const { status, location, body } = await ada.open(device.opened.at(-1));
      assert.equal(status, 302, body);
      assert.equal(await throughProvider(ada, location), ORIGIN);
      await deepLink(await page(release, app, ada, {}, async () => {}));
      assert.equal(await whose(), "ada@example.com");
      good(await auth.signOut(), "sign-out");
    });
  }
  await check(`Electron ${release}: another application is refused`, async () => {
    const { error } = await start("com.evil.app", storage()).signIn.email(entering);
    assert.deepEqual([error?.status, error?.code], [403, "INVALID_ORIGIN"]);
  });
}

async function main() {
  const outside = new Outside();
  await outside.start();
  process.type = "browser"; // Electron's main process
  const server = await startServer("server", command, { cwd: self ? wirecheck : dirname(wirecheck) });
  try {
    for (const release of Object.keys(releases)) {
      for (const play of [phone, desktop]) {
        const run = new Run(server, outside);
        await play(release, run);
        await run.close();
      }
    }
    console.log(`all ${step} steps hold`);
    return 0;
  } catch (error) {
    console.error(error);
    return 1;
  } finally {
    await server.stop();
    closeConnections();
    outside.stop();
  }
}

process.exit(await main());
