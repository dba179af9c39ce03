/** Messages of errors in the caller's language. */
import { alice, callback, table } from "./kit.mjs";

const translations = {
  en: { INVALID_EMAIL_OR_PASSWORD: "Wrong e-mail or password", INVALID_PASSWORD: "Wrong password" },
  fr: { INVALID_EMAIL_OR_PASSWORD: "Adresse ou mot de passe incorrect", INVALID_PASSWORD: "Mot de passe incorrect", UNAUTHORIZED: "Non autorisé" },
  de: { INVALID_EMAIL_OR_PASSWORD: "Adresse oder Passwort falsch" },
};
const i18n = (options = {}) => ({
  plugins: [{ factory: "i18n", options: { translations, ...options } }],
  clientPlugins: ({ i18nClient }) => (i18nClient ? [i18nClient()] : []),
});
const wrong = (browser, headers) => browser.post("/sign-in/email", { email: "alice@example.com", password: "nonsense1" }, { headers });

export default [
  ...table("i18n: accepted languages", [
    ["one", "fr"],
    ["with a region", "fr-CA,en;q=0.5"],
    ["by weight", "en;q=0.3, de;q=0.9, fr;q=0.5"],
    ["unknown ones", "ja, zh;q=0.5"],
    ["none", undefined],
  ], async (t, language) => {
    const { app } = await alice(t, {}, i18n());
    await wrong(app.browser(), language ? { "accept-language": language } : {});
  }),
  {
    name: "i18n: by the official client",
    async run(t) {
      const { app, browser } = await alice(t, {}, i18n());
      const { client } = app.browser();
      const fetchOptions = { headers: { "accept-language": "fr" } };
      await t.note("wrong", await client.signIn.email({ email: "alice@example.com", password: "nonsense1", fetchOptions }));
      await t.note("not translated", await client.signIn.email({ email: "nonsense", password: "nonsense1", fetchOptions }));
      await t.note("no session", await client.listSessions({ fetchOptions }));
      await t.note("wrong password", await browser.client.changePassword({ currentPassword: "nonsense1", newPassword: "password456", fetchOptions }));
    },
  },
  ...table("i18n: the locale comes from", [
    ["a cookie", { detection: ["cookie", "header"] }],
    ["a cookie of another name", { detection: ["cookie"], localeCookie: "lang" }],
    ["a callback", { detection: ["callback", "header"], getLocale: callback("getLocale") }],
    ["a default of its own", { defaultLocale: "de" }],
  ], async (t, options) => {
    const { app } = await alice(t, {}, { ...i18n(options), handlers: { getLocale: () => "fr" }, unrecorded: ["getLocale"] });
    const browser = app.browser();
    browser.jar.set("locale", "de");
    browser.jar.set("lang", "fr");
    await wrong(browser, { "accept-language": "ja" });
  }),
  {
    name: "i18n: the locale comes from the session",
    async run(t) {
      const { app } = await alice(t, { user: { additionalFields: { locale: { type: "string", required: false } } } }, i18n({ detection: ["session"] }));
      const browser = app.browser();
      await browser.signUp({ email: "bob@example.com", name: "Bob", locale: "fr" });
      await browser.post("/change-password", { currentPassword: "nonsense1", newPassword: "password456" });
    },
  },
];
