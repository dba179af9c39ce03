/** Devices without a browser: codes, polls, claims and decisions (RFC 8628). */
import { alice, callback, minute, second, table } from "./kit.mjs";

const grant_type = "urn:ietf:params:oauth:grant-type:device_code";
const client_id = "cli";
const device = (options = {}, extra = {}) => ({ plugins: [{ factory: "deviceAuthorization", options }], clientPlugins: ({ deviceAuthorizationClient }) => [deviceAuthorizationClient()], ...extra });
const bob = { email: "bob@example.com", name: "Bob" };

/** Alice, signed in, and a device that has its codes. */
async function start(t, options, extra, core = {}) {
  const { app, browser, user } = await alice(t, core, device(options, extra));
  return { app, browser, user, tv: await ask(app) };
}

/** A device, its codes, and what it and its user do with them. */
async function ask(app, body = { client_id, scope: "read write" }) {
  const screen = app.browser();
  const { json } = await screen.post("/device/code", body);
  const { device_code, user_code } = json ?? {};
  return {
    user_code,
    device_code,
    poll: (change = {}) => screen.post("/device/token", { grant_type, device_code, client_id, ...change }),
    claim: (browser) => browser.get(`/device?user_code=${encodeURIComponent(user_code)}`),
    approve: (browser) => browser.post("/device/approve", { userCode: user_code }),
    deny: (browser) => browser.post("/device/deny", { userCode: user_code }),
  };
}

export default [
  {
    name: "device authorization: a life with the official client",
    async run(t) {
      const { app, browser } = await alice(t, {}, device());
      const tv = app.browser().client;
      const { client } = browser;
      const say = async (label, promise) => {
        const answer = await promise;
        await t.note(label, answer);
        return answer.data;
      };
      const { device_code, user_code } = await say("code", tv.device.code({ client_id, scope: "read" }));
      const poll = () => tv.device.token({ grant_type, device_code, client_id });
      await say("pending", poll());
      await say("too early", client.device.approve({ userCode: user_code }));
      await say("claim", client.device({ query: { user_code } }));
      await say("approve", client.device.approve({ userCode: user_code }));
      await say("claim again", client.device({ query: { user_code } }));
      await app.at(6 * second);
      const { access_token } = await say("token", poll());
      await say("used", poll());
      await say("sessions", client.listSessions());
      await say("revoke", client.revokeSession({ token: access_token }));
      await say("session", client.getSession());
      const second_ = await say("code", tv.device.code({ client_id }));
      await say("claim", client.device({ query: { user_code: second_.user_code } }));
      await say("deny", client.device.deny({ userCode: second_.user_code }));
      await say("denied", tv.device.token({ grant_type, device_code: second_.device_code, client_id }));
      await app.rows("deviceCode", "session");
    },
  },
  {
    name: "device authorization: approved",
    async run(t) {
      const { app, browser, tv } = await start(t);
      await tv.claim(app.browser());
      await tv.claim(browser);
      await app.rows("deviceCode");
      await tv.approve(browser);
      await tv.approve(browser);
      await tv.deny(browser);
      await tv.poll();
      await tv.poll();
      await browser.get("/get-session");
      await browser.get("/list-sessions");
      await app.rows("deviceCode", "session");
    },
  },
  {
    name: "device authorization: denied",
    async run(t) {
      const { app, browser, tv } = await start(t);
      await tv.claim(browser);
      await tv.deny(browser);
      await tv.approve(browser);
      await tv.claim(browser);
      await app.rows("deviceCode");
      await tv.poll();
      await tv.poll();
      await app.rows("deviceCode", "session");
    },
  },
  {
    name: "device authorization: whose code",
    async run(t) {
      const { app, browser, tv } = await start(t);
      const other = app.browser();
      await other.signUp(bob);
      for (const who of [app.browser(), browser]) {
        await tv.approve(who);
        await tv.deny(who);
      }
      await tv.claim(browser);
      await tv.claim(other);
      await tv.approve(other);
      await tv.deny(other);
      await tv.approve(app.browser());
      await tv.poll();
      await app.rows("deviceCode");
    },
  },
  {
    name: "device authorization: a client that polls by itself",
    async run(t) {
      const { app, browser, tv } = await start(t);
      await tv.poll();
      await tv.claim(browser);
      await tv.approve(browser);
      await app.at(5 * second);
      await browser.post("/device/token", { grant_type, device_code: tv.device_code, client_id });
      await browser.get("/get-session");
      await app.rows("session");
    },
  },
  {
    name: "device authorization: polls in time",
    async run(t) {
      const { app, tv } = await start(t);
      for (const moment of [0, 5 * second, 10 * second, 10 * second + 1, 20 * second]) {
        await app.at(moment);
        await tv.poll();
      }
      await app.rows("deviceCode");
    },
  },
  {
    name: "device authorization: the interval grows",
    async run(t) {
      const { app, tv } = await start(t);
      await tv.poll();
      await app.at(4 * second);
      await tv.poll();
      await app.at(9 * second);
      await tv.poll();
    },
  },
  {
    name: "device authorization: too late",
    async run(t) {
      const { app, browser, tv } = await start(t);
      const other = await ask(app);
      await other.claim(browser);
      await other.approve(browser);
      await app.at(30 * minute);
      await tv.claim(browser);
      await app.at(30 * minute + 1);
      await tv.claim(browser);
      await tv.approve(browser);
      await tv.deny(browser);
      await tv.poll();
      await tv.poll();
      await other.poll();
      await app.rows("deviceCode");
    },
  },
  {
    name: "device authorization: another client",
    async run(t) {
      const { browser, tv } = await start(t);
      await tv.claim(browser);
      await tv.approve(browser);
      await tv.poll({ client_id: "other" });
      await tv.poll({ client_id: "" });
      await tv.poll({ device_code: "unknown" });
      await tv.poll({ device_code: "" });
      await tv.poll();
    },
  },
  {
    name: "device authorization: what is not valid",
    async run(t) {
      const { browser } = await start(t);
      for (const body of [undefined, {}, { client_id: 1 }, { client_id, scope: 1 }, { client_id, scope: "" }, { client_id, scope: null }]) await browser.post("/device/code", body);
      const token = { grant_type, device_code: "x", client_id };
      for (const change of [{ grant_type: "password" }, { grant_type: undefined }, { grant_type: 1 }, { device_code: 1 }, { device_code: undefined }, { client_id: undefined }]) await browser.post("/device/token", { ...token, ...change });
      for (const query of ["", "?user_code=", "?user_code=unknown", "?user_code=a&user_code=b"]) await browser.get(`/device${query}`);
      for (const path of ["/device/approve", "/device/deny"]) {
        for (const body of [undefined, {}, { userCode: 1 }, { userCode: "" }, { userCode: "unknown" }]) await browser.post(path, body);
      }
      await browser.get("/device/code");
      await browser.get("/device/approve");
      await browser.post("/device", { user_code: "x" });
    },
  },
  {
    name: "device authorization: from another site",
    async run(t) {
      const { browser, tv } = await start(t);
      await tv.claim(browser);
      await browser.post("/device/approve", { userCode: tv.user_code }, { headers: { origin: "https://evil.example" } });
      await tv.poll();
    },
  },
  {
    name: "device authorization: as a person types it",
    async run(t) {
      const { app, browser, tv } = await start(t);
      const code = `${tv.user_code.slice(0, 4)}-${tv.user_code.slice(4)}`;
      await browser.get(`/device?user_code=${code}`);
      await browser.post("/device/approve", { userCode: code });
      await tv.poll();
      await app.rows("session");
    },
  },
  {
    name: "device authorization: in small letters, with spaces",
    async run(t) {
      const { browser } = await start(t, { generateUserCode: callback("make") }, { handlers: { make: () => "WDJBMJHT" } });
      await browser.get("/device?user_code=wdjb%20mjht");
      await browser.post("/device/approve", { userCode: "wdjbmjht" });
    },
  },
  ...table("device authorization options", [
    ["lifetimes", { expiresIn: "1h", interval: "10s" }],
    ["lengths", { deviceCodeLength: 32, userCodeLength: 10 }],
    ["a path", { verificationUri: "/activate" }],
    ["a relative path", { verificationUri: "activate" }],
    ["a URL", { verificationUri: "https://tv.example.com" }],
    ["a URL with a query", { verificationUri: "https://tv.example.com/on?a=b#c" }],
    // 1.6.11 writes the names into what all instances of a process share: these have a process of their own.
    ["names", { schema: { deviceCode: { modelName: "devices", fields: { userCode: "code", clientId: "client" } } } }, { NODE_ENV: "renamed-tables" }],
  ], async (t, options, env) => {
    const { app, browser } = await alice(t, {}, device({ ...options, generateUserCode: callback("make") }, { handlers: { make: () => "WDJBMJHTAB" }, env }));
    const tv = await ask(app);
    await tv.poll();
    await tv.claim(browser);
    await tv.approve(browser);
    await app.at(9 * second);
    await tv.poll();
    await app.at(15 * second);
    await tv.poll();
  }),
  {
    name: "device authorization: codes and clients of one's own",
    async run(t) {
      const codes = ["one", "two", "three"];
      const options = { generateDeviceCode: callback("device"), generateUserCode: callback("user"), validateClient: callback("known"), onDeviceAuthRequest: callback("asked") };
      const handlers = { device: () => `device-${codes[0]}`, user: () => `user${codes.shift()}`, known: (id) => id !== "other" };
      const { app, browser } = await alice(t, {}, device(options, { handlers }));
      const tv = await ask(app);
      await ask(app, { client_id });
      await ask(app, { client_id: "other" });
      await tv.poll({ client_id: "other" });
      await tv.claim(browser);
      await tv.approve(browser);
      await tv.poll();
      await app.rows("deviceCode");
    },
  },
  {
    name: "device authorization: a request that is refused",
    async run(t) {
      const body = { error: "invalid_scope", error_description: "Not this scope" };
      const handlers = { asked: () => { throw { $error: { name: "APIError", message: "", status: "BAD_REQUEST", statusCode: 400, body } }; } };
      const { app } = await alice(t, {}, device({ onDeviceAuthRequest: callback("asked") }, { handlers }));
      await ask(app);
      await app.rows("deviceCode");
    },
  },
  {
    name: "device authorization: the user is gone",
    async run(t) {
      const { app, browser, user, tv } = await start(t);
      await tv.claim(browser);
      await tv.approve(browser);
      for (const model of ["session", "account"]) await app.db("deleteMany", { model, where: [{ field: "userId", value: user.id }] });
      await app.db("delete", { model: "user", where: [{ field: "id", value: user.id }] });
      await tv.poll();
    },
  },
  {
    name: "device authorization: tries of a code",
    async run(t) {
      const app = await t.app({ rateLimit: { enabled: true } }, device());
      for (let i = 0; i < 6; i++) await app.browser().get("/device?user_code=ABCDEFGH");
    },
  },
  {
    name: "device authorization: a client without an id",
    async run(t) {
      const { app } = await alice(t, {}, device());
      await ask(app, { client_id: "" });
    },
  },
  {
    name: "device authorization: forms",
    async run(t) {
      const app = await t.app({}, device());
      const form = (path, values) => app.browser().request("POST", path, { body: new URLSearchParams(values).toString(), headers: { "content-type": "application/x-www-form-urlencoded" } });
      await form("/device/code", { client_id, scope: "read" });
      await form("/device/code", { scope: "read" });
      await form("/device/token", { grant_type, device_code: "unknown", client_id });
      await form("/device/token", { grant_type: "password", device_code: "unknown", client_id });
      await form("/device/approve", { userCode: "unknown" });
    },
  },
  {
    name: "device authorization: a code for one user",
    async run(t) {
      const { app, browser, user } = await alice(t, {}, device());
      const other = app.browser();
      await other.signUp(bob);
      const { data } = await app.browser().client.device.code({ client_id, user_id: user.id });
      await other.post("/device/approve", { userCode: data.user_code });
      await t.note("approved", await browser.client.device.approve({ userCode: data.user_code }));
    },
  },
  {
    name: "device authorization: a hook refuses the session",
    async run(t) {
      let refused = false;
      const databaseHooks = { session: { create: { before: callback("refuse") } } };
      const { app, browser, tv } = await start(t, {}, { handlers: { refuse: () => (refused ? false : undefined) }, unrecorded: ["refuse"] }, { databaseHooks });
      await tv.claim(browser);
      await tv.approve(browser);
      refused = true;
      await app.at(minute);
      await tv.poll();
    },
  },
  {
    name: "device authorization: a status that is none",
    async run(t) {
      const { app, tv } = await start(t);
      await app.db("updateMany", { model: "deviceCode", where: [], update: { status: "lost" } });
      await app.at(minute);
      await tv.poll();
    },
  },
];
