import { alice, callback, day, minute, table, withMail } from "./kit.mjs";

/** A key-value store that the server reaches through callbacks. */
function store() {
  const values = new Map();
  return {
    values,
    options: { secondaryStorage: { get: callback("storage get"), set: callback("storage set"), delete: callback("storage delete") } },
    handlers: {
      "storage get": (key) => values.get(key) ?? null,
      "storage set": (key, value) => void values.set(key, value),
      "storage delete": (key) => void values.delete(key),
    },
    // How often a server reads is its own business; what it writes is not.
    unrecorded: ["storage get"],
    unordered: ["storage set", "storage delete"],
  };
}

export default [
  ...table("secondary storage", [
    ["sessions only there", {}],
    ["sessions in both", { storeSessionInDatabase: true }],
    ["sessions in both, kept", { storeSessionInDatabase: true, preserveSessionInDatabase: true }],
    ["with cookie cache", { cookieCache: { enabled: true } }],
  ], async (t, session) => {
    const { options, values, ...extra } = store();
    const { app, browser } = await alice(t, { ...options, session }, extra);
    const other = app.browser();
    await app.at(minute);
    await other.signIn();
    await browser.get("/get-session");
    await browser.get("/list-sessions");
    await browser.post("/update-user", { name: "A." });
    await app.at(day + minute);
    await browser.get("/get-session");
    await other.post("/revoke-other-sessions");
    await browser.get("/get-session");
    await other.post("/sign-out");
    await t.note("left in the store", [...values]);
    if (session.storeSessionInDatabase) await app.rows("session");
  }),
  {
    name: "secondary storage: rate limits",
    async run(t) {
      const { options, ...extra } = store();
      const app = await t.app({ ...options, rateLimit: { enabled: true, max: 2 } }, extra);
      for (let i = 0; i < 4; i++) await app.browser().get("/ok", { headers: { "x-forwarded-for": "198.51.100.1" } });
    },
  },
  {
    name: "secondary storage: password reset",
    async run(t) {
      const { options, values, ...extra } = store();
      const { app } = await alice(t, { ...options, ...withMail }, extra);
      const guest = app.browser();
      await guest.post("/request-password-reset", { email: "alice@example.com", redirectTo: "/reset" });
      const { url, token } = app.last("sendResetPassword");
      await guest.open(url);
      await guest.post("/reset-password", { newPassword: "password456", token });
      await guest.post("/reset-password", { newPassword: "password789", token });
      await t.note("left in the store", [...values.keys()].length);
    },
  },
  ...table("without a database", [
    ["plain", {}],
    ["own cache time", { session: { cookieCache: { enabled: true, maxAge: 600, refreshCache: true } } }],
  ], async (t, options) => {
    const { app, browser } = await alice(t, options, { database: { kind: "none" } });
    await browser.get("/get-session");
    await browser.get("/list-sessions");
    await browser.post("/update-user", { name: "A." });
    await app.at(9 * minute);
    await browser.get("/get-session");
    await app.at(6 * day);
    await browser.get("/get-session");
    await browser.post("/sign-out");
    await browser.get("/get-session");
  }),
];
