/** What a server makes of requests that no client sends. */
import { alice, table } from "./kit.mjs";

const json = { "content-type": "application/json" };
const good = '{"email":"alice@example.com","password":"password123"}';

export default [
  ...table("body", [
    ["malformed", { headers: json, body: "{bad" }],
    ["cut off", { headers: json, body: '{"email":' }],
    ["blank", { headers: json, body: " " }],
    ["empty", { headers: json, body: "" }],
    ["absent", {}],
    ["untyped", { body: good }],
    ["null", { headers: json, body: "null" }],
    ["array", { headers: json, body: "[]" }],
    ["text", { headers: json, body: '"x"' }],
    ["number", { headers: json, body: "5" }],
    ["object", { headers: json, body: "{}" }],
    ["byte order mark", { headers: json, body: `\ufeff${good}` }],
    ["key twice", { headers: json, body: `{"email":"x",${good.slice(1)}` }],
    ["trailing text", { headers: json, body: `${good} x` }],
    ["trailing space", { headers: json, body: `${good} \n` }],
    ["prototype", { headers: json, body: `{"__proto__":{"email":"x"},${good.slice(1)}` }],
    ["deep", { headers: json, body: `{"x":${"[".repeat(200)}${"]".repeat(200)},${good.slice(1)}` }],
    ["text/plain", { headers: { "content-type": "text/plain" }, body: good }],
    ["multipart", { headers: { "content-type": "multipart/form-data; boundary=x" }, body: "--x--\r\n" }],
    ["charset", { headers: { "content-type": "application/json; charset=utf-8" }, body: good }],
    ["upper case type", { headers: { "content-type": "Application/JSON" }, body: good }],
    ["problem+json", { headers: { "content-type": "application/problem+json" }, body: good }],
    ["type with suffix", { headers: { "content-type": "application/jsonx" }, body: good }],
    ["type with prefix", { headers: { "content-type": "xapplication/json" }, body: good }],
    ["type of several", { headers: { "content-type": "text/plain, application/json" }, body: good }],
    ["nonsense type", { headers: { "content-type": ";;;" }, body: good }],
  ], async (t, options) => {
    const { app, browser } = await alice(t);
    for (const path of ["/sign-in/email", "/sign-up/email", "/sign-out", "/update-user", "/revoke-sessions", "/request-password-reset", "/no-such-route"]) {
      await app.browser().request("POST", path, options);
    }
    await browser.request("POST", "/update-user", options);
  }),
  ...table("path", [
    ["trailing slash", "GET", "/ok/"],
    ["double slash", "GET", "//ok"],
    ["double slash inside", "POST", "/sign-in//email"],
    ["base only", "GET", ""],
    ["base and slash", "GET", "/"],
    ["base twice", "GET", "/api/auth/ok"],
    ["upper case", "GET", "/OK"],
    ["encoded letter", "GET", "/%6fk"],
    ["encoded slash", "POST", "/sign-in%2Femail"],
    ["dots", "GET", "/x/../ok"],
    ["unknown", "GET", "/no-such-route"],
    ["unknown POST", "POST", "/no-such-route"],
    ["below a route", "GET", "/ok/more"],
    ["semicolon", "GET", "/ok;a=b"],
    ["query only", "GET", "/ok?x=1&y"],
    ["server only route", "POST", "/set-password"],
    ["route of a plugin", "POST", "/two-factor/enable"],
  ], async (t, method, path) => {
    const app = await t.app();
    await app.browser().request(method, path, method === "POST" ? { json: {} } : {});
  }),
  {
    name: "path: outside the base path",
    async run(t) {
      const browser = (await t.app()).browser();
      for (const path of ["/", "/other", "/ok", "/API/AUTH/ok", "/api/auth", "/api/authx/ok", "/x/api/auth/ok"]) {
        await browser.send({ method: "GET", path, headers: {} });
      }
    },
  },
  {
    name: "path: own base path",
    async run(t) {
      const app = await t.app({ basePath: "/auth/v1" });
      const browser = app.browser();
      await browser.get("/ok");
      await browser.signUp();
      await browser.get("/get-session");
      await browser.send({ method: "GET", path: "/api/auth/ok", headers: {} });
    },
  },
  {
    name: "path: trailing slashes allowed",
    async run(t) {
      const browser = (await t.app({ advanced: { skipTrailingSlashes: true } })).browser();
      await browser.get("/ok/");
      await browser.get("/ok");
      await browser.get("/ok//");
      await browser.post("/sign-in/email/", { email: "a@b.co", password: "x" });
      await browser.get("/no-such-route/");
    },
  },
  {
    name: "path: disabled",
    async run(t) {
      const browser = (await t.app({ disabledPaths: ["/ok", "/sign-in/email"] })).browser();
      await browser.get("/ok");
      await browser.get("/ok/");
      await browser.get("/ok?x=1");
      await browser.signIn();
      await browser.request("HEAD", "/ok");
      await browser.get("/get-session");
    },
  },
  ...table("method", ["HEAD", "OPTIONS", "PUT", "PATCH", "DELETE"].map((m) => [m, m]), async (t, method) => {
    const { browser } = await alice(t);
    await browser.request(method, "/ok");
    await browser.request(method, "/get-session");
    await browser.request(method, "/sign-in/email", { headers: { "access-control-request-method": "POST" } });
    await browser.request(method, "/no-such-route");
  }),
  {
    name: "method: GET where POST belongs",
    async run(t) {
      const { browser } = await alice(t);
      for (const path of ["/sign-in/email", "/sign-out", "/update-user", "/change-password", "/delete-user"]) await browser.get(path);
      for (const path of ["/ok", "/error", "/list-sessions", "/verify-email", "/list-accounts"]) await browser.post(path);
    },
  },
  ...table("error page", [
    ["plain", ""], ["code", "?error=state_mismatch"], ["description", "?error=access_denied&error_description=No%20thanks"],
    ["script", "?error=%3Cscript%3Ealert(1)%3C%2Fscript%3E&error_description=%22%3E%3Cimg%20src%3Dx%3E"], ["twice", "?error=a&error=b"],
  ], async (t, query) => {
    await (await t.app()).browser().get(`/error${query}`);
    await (await t.app({}, { env: { NODE_ENV: "production" } })).browser().get(`/error${query}`);
    await (await t.app({ onAPIError: { errorURL: "http://localhost:3000/oops" } })).browser().get(`/error${query}`);
  }),
  {
    name: "order of the checks",
    async run(t) {
      const { app, browser } = await alice(t);
      const evil = { origin: "http://evil.example" };
      const attempts = [
        { headers: { ...json, ...evil }, body: "{bad" },
        { headers: { "content-type": "text/plain", ...evil }, body: "x" },
        { headers: { ...json, ...evil }, body: "{}" },
        { headers: json, body: "{}" },
      ];
      for (const attempt of attempts) {
        await browser.request("POST", "/change-password", attempt);
        await browser.request("POST", "/no-such-route", attempt);
        await app.browser().request("POST", "/change-password", attempt);
      }
    },
  },
];
