/** Answers of get-session that the application makes. */
import { alice, callback, day, refuse, table } from "./kit.mjs";

const custom = (pluginOptions, plugins = []) => ({
  plugins: [...plugins, { factory: "customSession", options: callback("custom"), args: [null, pluginOptions] }],
  clientPlugins: ({ multiSessionClient }) => [multiSessionClient()],
});
const roles = { custom: ({ user, session }) => ({ user: { ...user, initial: user.name[0] }, session, roles: ["editor"] }) };

export default [
  ...table("custom session: by the official client", [
    ["without a cookie cache", {}],
    ["with a cookie cache", { session: { cookieCache: { enabled: true } } }],
  ], async (t, core) => {
    const { app, browser } = await alice(t, core, { ...custom(), handlers: roles });
    const say = async (label, promise) => t.note(label, await promise);
    await say("session", browser.client.getSession());
    await say("sessions", browser.client.listSessions());
    await app.at(2 * day);
    await say("refreshed", browser.client.getSession());
    await say("update", browser.client.updateUser({ name: "Bea" }));
    await say("session", browser.client.getSession());
    await say("sign out", browser.client.signOut());
    await say("none", browser.client.getSession());
  }),
  ...table("custom session: the function answers", [
    ["with another shape", () => ({ id: 1, nested: { list: [1, null, "x"] } })],
    ["with nothing", () => null],
    ["with a refusal", () => refuse("FORBIDDEN", 403, { message: "Suspended", code: "SUSPENDED" })],
  ], async (t, answer) => {
    const { browser } = await alice(t, {}, { ...custom(), handlers: { custom: answer } });
    await browser.get("/get-session");
  }),
  ...table("custom session: the list of a browser's sessions", [
    ["as it is", undefined],
    ["changed", { shouldMutateListDeviceSessionsEndpoint: true }],
  ], async (t, pluginOptions) => {
    const { browser } = await alice(t, {}, { ...custom(pluginOptions, [{ factory: "multiSession", options: {} }]), handlers: roles, unrecorded: ["custom"] });
    await browser.signUp({ email: "bob@example.com", name: "Bob" });
    await t.note("list", await browser.client.multiSession.listDeviceSessions());
  }),
  {
    name: "custom session: with the query of get-session",
    async run(t) {
      const { app, browser } = await alice(t, { session: { cookieCache: { enabled: true } } }, { ...custom(), handlers: roles, unrecorded: ["custom"] });
      await app.at(2 * day);
      await browser.get("/get-session?disableRefresh=true");
      await browser.get("/get-session?disableCookieCache=true");
    },
  },
].map((scenario) => ({ ...scenario, untied: true }));
