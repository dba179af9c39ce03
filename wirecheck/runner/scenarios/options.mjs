/** Options that shape everything else. */
import { ORIGIN, SECRET, alice, callback, day, hour, table, withMail } from "./kit.mjs";

async function tour(app) {
  const browser = app.browser();
  await browser.signUp();
  await browser.get("/get-session");
  await browser.post("/request-password-reset", { email: "alice@example.com", redirectTo: "/reset" });
  await app.rows("user", "account", "session", "verification");
  return browser;
}

export default [
  ...table("base URL by host", [
    ["allowed", { allowedHosts: ["localhost:3000"] }],
    ["wildcard", { allowedHosts: ["localhost:*"] }],
    ["not allowed", { allowedHosts: ["app.example.com"] }],
    ["fallback", { allowedHosts: ["app.example.com"], fallback: "https://app.example.com" }],
    ["https", { allowedHosts: ["localhost:3000"], protocol: "https" }],
  ], async (t, baseURL) => {
    const app = await t.app({ ...withMail, baseURL, trustedOrigins: [ORIGIN] });
    await tour(app);
    const forwarded = [
      { "x-forwarded-host": "app.example.com", "x-forwarded-proto": "https" },
      { "x-forwarded-host": "evil.example", "x-forwarded-proto": "https" },
      { "x-forwarded-host": "app.example.com@evil.example" },
      { "x-forwarded-proto": "javascript" },
    ];
    for (const headers of forwarded) await app.browser().post("/sign-in/email", { email: "alice@example.com", password: "password123" }, { headers });
  }),
  ...table("base URL with path", [["short", "http://localhost:3000/auth", "/auth"], ["slash only", "http://localhost:3000/", "/api/auth"]], async (t, baseURL, basePath) => {
    const app = await t.app({ ...withMail, baseURL });
    app.basePath = basePath;
    const browser = app.browser();
    await browser.get("/ok");
    await browser.get("/get-session");
    await browser.signUp();
    await browser.post("/request-password-reset", { email: "alice@example.com", redirectTo: "/reset" });
  }),
  ...table("ids", [["uuid", "uuid"], ["serial", "serial"], ["by function", callback("id", { sync: true })]], async (t, generateId) => {
    let n = 0;
    const app = await t.app({ ...withMail, advanced: { database: { generateId } } }, { handlers: { id: () => `id-${++n}` }, unrecorded: ["id"] });
    const browser = await tour(app);
    await browser.post("/update-user", { name: "A." });
    await browser.get("/list-accounts");
  }),
  ...table("verification identifiers", [
    ["plain", "plain"],
    ["hashed", "hashed"],
    ["by function", { hash: callback("hash") }],
    ["overrides", { default: "plain", overrides: { "reset-password:": "hashed" } }],
  ], async (t, storeIdentifier) => {
    const { app } = await alice(t, { ...withMail, verification: { storeIdentifier } }, { handlers: { hash: (text) => `#${text.length}` }, unrecorded: ["hash"] });
    const guest = app.browser();
    await guest.post("/request-password-reset", { email: "alice@example.com", redirectTo: "/reset" });
    const { url, token } = app.last("sendResetPassword");
    await t.note("kept in clear", (await app.db("findMany", { model: "verification" })).map((row) => row.identifier.includes(token)));
    await guest.open(url);
    await guest.post("/reset-password", { newPassword: "password456", token });
    await guest.post("/reset-password", { newPassword: "password789", token });
  }),
  {
    name: "secrets: rotated",
    async run(t) {
      const app = await t.app({ secret: undefined, secrets: [{ version: 2, value: SECRET }, { version: 1, value: "another-secret-of-32-characters!" }] });
      const browser = app.browser();
      await browser.signUp();
      await browser.get("/get-session");
    },
  },
  ...table("password functions", [["right", true], ["wrong", false]], async (t, verdict) => {
    const password = { hash: callback("hash"), verify: callback("verify") };
    const app = await t.app({ emailAndPassword: { enabled: true, password } }, { handlers: { hash: (text) => `h:${text.length}`, verify: () => verdict } });
    await app.browser().signUp();
    await app.browser().signIn();
    await app.browser().signIn({ email: "nobody@example.com" });
    await app.rows("account");
  }),
  ...table("fresh age", [["zero", 0], ["an hour", 3600]], async (t, freshAge) => {
    const { app, browser } = await alice(t, { session: { freshAge }, user: { deleteUser: { enabled: true } } });
    for (const moment of [hour - 1, hour, 2 * day]) {
      await app.at(moment);
      await browser.post("/unlink-account", { providerId: "github" });
    }
    await browser.post("/delete-user");
  }),
  {
    name: "plugin: tables only",
    async run(t) {
      const { app, browser } = await alice(t, {}, {
        plugins: [{ id: "shop", inline: true, schema: {
          user: { fields: { tier: { type: "string", required: false, defaultValue: "basic" }, credit: { type: "number", required: false, input: false } } },
          order: { modelName: "orders", fields: { total: { type: "number" }, userId: { type: "string", references: { model: "user", field: "id" } } } },
        } }],
      });
      await browser.get("/get-session");
      await browser.post("/update-user", { tier: "gold" });
      await browser.post("/update-user", { credit: 5 });
      await browser.get("/get-session");
      await app.rows("user", "order");
    },
  },
];
