/** Sessions named by the Authorization header. */
import { alice, day, hour, table } from "./kit.mjs";

const bearer = (options = {}) => ({ plugins: [{ factory: "bearer", options }] });
const auth = (value) => ({ headers: { authorization: value, origin: null } });

/** A client without cookies: what it names its session by is its header. */
async function holder(t, options = {}, core = {}, extra = {}) {
  const { app, browser, token } = await alice(t, core, { ...bearer(options), ...extra });
  const raw = browser.jar.get("better-auth.session_token") ?? browser.jar.get("__Secure-better-auth.session_token");
  return { app, browser, token, raw, signed: decodeURIComponent(raw), phone: app.browser() };
}

export default [
  {
    name: "bearer: a life by the official client",
    async run(t) {
      const app = await t.app({}, bearer());
      let token;
      const device = () => app.browser();
      const say = async (label, promise) => t.note(label, await promise);
      const fetchOptions = () => ({ headers: { authorization: `Bearer ${token}` } });
      const onSuccess = ({ response }) => (token = response.headers.get("set-auth-token") ?? token);
      await say("sign up", device().client.signUp.email({ email: "alice@example.com", password: "password123", name: "Alice" }, { onSuccess }));
      await say("session", device().client.getSession({ fetchOptions: fetchOptions() }));
      await say("update", device().client.updateUser({ name: "Al", fetchOptions: fetchOptions() }));
      await say("sessions", device().client.listSessions({ fetchOptions: fetchOptions() }));
      await say("sign out", device().client.signOut({ fetchOptions: fetchOptions() }));
      await say("signed out", device().client.getSession({ fetchOptions: fetchOptions() }));
      await app.rows("session");
    },
  },
  ...table("bearer token", [
    ["bare", ({ token }) => `Bearer ${token}`],
    ["signed", ({ signed }) => `Bearer ${signed}`],
    ["signed, as in the cookie", ({ raw }) => `Bearer ${raw}`],
    ["lower case, many spaces", ({ token }) => `bearer    ${token}  `],
    ["forged signature", ({ token }) => `Bearer ${token}.${"A".repeat(43)}=`],
    ["half a signature", ({ signed }) => `Bearer ${signed.slice(0, -10)}`],
    ["empty", () => "Bearer "],
    ["unknown", () => "Bearer 0123456789abcdef0123456789abcdef"],
    ["another scheme", ({ token }) => `Basic ${token}`],
    ["no scheme", ({ token }) => token],
  ], async (t, header) => {
    for (const options of [{}, { requireSignature: true }]) {
      const all = await holder(t, options);
      await all.phone.get("/get-session", auth(header(all)));
      await all.phone.get("/list-accounts", auth(header(all)));
    }
  }),
  {
    name: "bearer: ending and renewing",
    async run(t) {
      const { app, token, phone } = await holder(t);
      const other = app.browser();
      const { json } = await other.signIn();
      await phone.get("/list-sessions", auth(`Bearer ${token}`));
      await phone.post("/revoke-session", { token: json.token }, auth(`Bearer ${token}`));
      await phone.post("/update-session", {}, auth(`Bearer ${token}`));
      await app.at(2 * day);
      await phone.get("/get-session", auth(`Bearer ${token}`));
      await phone.post("/change-password", { currentPassword: "password123", newPassword: "password1234", revokeOtherSessions: true }, auth(`Bearer ${token}`));
      await phone.get("/get-session", auth(`Bearer ${token}`));
      await app.rows("session");
    },
  },
  ...table("bearer: beside a cookie", [
    ["of another user", ({ token }) => `Bearer ${token}`],
    ["that it does not concern", () => "Bearer nonsense.nonsense"],
    ["but of nobody", () => "Bearer 0123456789abcdef0123456789abcdef"],
    ["and of another scheme", ({ token }) => `Basic ${token}`],
  ], async (t, header) => {
    const { app, token } = await holder(t);
    const bob = app.browser();
    await bob.signUp({ email: "bob@example.com", name: "Bob" });
    const headers = { authorization: header({ token }) };
    await bob.get("/get-session", { headers });
    await bob.twin().get("/list-accounts", { headers });
    await bob.twin().post("/update-user", { name: "Somebody" }, { headers });
    await app.rows("user");
  }),
  {
    name: "bearer: two sessions of one user",
    async run(t) {
      const { app, token } = await holder(t);
      const other = app.browser();
      await other.signIn();
      const headers = { authorization: `Bearer ${token}` };
      await other.get("/get-session", { headers });
      await other.post("/sign-out", {}, { headers });
      await app.rows("session");
    },
  },
  {
    name: "bearer: beside the cookie of the same session",
    async run(t) {
      const { browser, token } = await holder(t);
      const headers = { authorization: `Bearer ${token}` };
      await browser.get("/get-session", { headers });
      await browser.post("/update-user", { name: "Al" }, { headers });
      await browser.post("/sign-out", {}, { headers });
    },
  },
  {
    name: "bearer: with the cookie cache and https",
    async run(t) {
      const { token, phone, app } = await holder(t, {}, { baseURL: "https://app.example.com", session: { cookieCache: { enabled: true } } });
      await phone.get("/get-session", auth(`Bearer ${token}`));
      await app.at(hour);
      await phone.get("/get-session", auth(`Bearer ${token}`));
      await phone.post("/sign-out", {}, auth(`Bearer ${token}`));
      await phone.get("/get-session", auth(`Bearer ${token}`));
    },
  },
];
