import { alice, day, second } from "./kit.mjs";

/** Links an account a second after whatever came before: lists are in the order of time. */
async function link(app, user, providerId, accountId, more = {}) {
  app.linked = (app.linked ?? 0) + 1;
  const moment = { $date: new Date(app.now + app.linked * second).toISOString() };
  await app.db("create", { model: "account", data: { providerId, accountId, userId: user.id, createdAt: moment, updatedAt: moment, ...more } });
}

export default [
  {
    name: "accounts: list",
    async run(t) {
      const { app, browser, user } = await alice(t);
      await browser.get("/list-accounts");
      await link(app, user, "github", "42", { scope: "read:user,user:email" });
      await browser.get("/list-accounts");
      await app.browser().get("/list-accounts");
    },
  },
  {
    name: "accounts: unlink",
    async run(t) {
      const { app, browser, user } = await alice(t);
      await browser.post("/unlink-account", { providerId: "credential" });
      await link(app, user, "github", "42");
      await link(app, user, "github", "43");
      await browser.post("/unlink-account", { providerId: "google" });
      await browser.post("/unlink-account", { providerId: "github", accountId: "44" });
      await browser.post("/unlink-account", { providerId: "github", accountId: "43" });
      await browser.post("/unlink-account", { providerId: "github" });
      await browser.post("/unlink-account", { providerId: "credential" });
      await browser.post("/unlink-account", {});
      await app.browser().post("/unlink-account", { providerId: "github" });
      await app.rows("account");
    },
  },
  {
    name: "accounts: unlink needs a fresh session",
    async run(t) {
      const { app, browser, user } = await alice(t);
      await link(app, user, "github", "42");
      await app.at(day);
      await browser.post("/unlink-account", { providerId: "github" });
      await app.rows("account");
    },
  },
  {
    name: "accounts: unlink the last one when allowed",
    async run(t) {
      const { app, browser } = await alice(t, { account: { accountLinking: { allowUnlinkingAll: true } } });
      await browser.post("/unlink-account", { providerId: "credential" });
      await app.rows("account");
    },
  },
  {
    name: "accounts: tokens without a provider",
    async run(t) {
      const { app, browser } = await alice(t);
      for (const path of ["/get-access-token", "/refresh-token"]) {
        await browser.post(path, { providerId: "github" });
        await browser.post(path, {});
        await app.browser().post(path, { providerId: "github" });
        await app.browser().post(path, { providerId: "github", userId: "x" });
      }
      await browser.get("/account-info?accountId=42");
      await browser.get("/account-info");
      await app.browser().get("/account-info?accountId=42");
    },
  },
];
