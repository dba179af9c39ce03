/** Captchas on routes of the core, with a double of each provider. */
import { callback, table } from "./kit.mjs";

const addresses = {
  "google-recaptcha": "https://www.google.com/recaptcha/api/siteverify",
  "cloudflare-turnstile": "https://challenges.cloudflare.com/turnstile/v0/siteverify",
  hcaptcha: "https://api.hcaptcha.com/siteverify",
  captchafox: "https://api.captchafox.com/siteverify",
};

const token = (text = "token") => ({ headers: { "x-captcha-response": text } });
const credentials = { email: "alice@example.com", password: "password123" };

const guard = (options, answer) => ({
  plugins: [{ factory: "captcha", options: { provider: "cloudflare-turnstile", secretKey: "s3cr3t", ...options } }],
  world: () => answer,
});

export default [
  {
    name: "captcha: by the official client",
    async run(t) {
      const app = await t.app({}, guard({}, { json: { success: true } }));
      const { client } = app.browser();
      await t.note("sign up", await client.signUp.email({ ...credentials, name: "Alice", fetchOptions: token() }));
      await t.note("without a token", await client.signIn.email(credentials));
      await t.note("sign in", await client.signIn.email({ ...credentials, fetchOptions: token("other") }));
    },
  },
  ...table("captcha: provider", Object.entries(addresses).map(([provider]) => [provider, provider]), async (t, provider) => {
    const app = await t.app({}, guard({ provider }, { json: { success: true } }));
    await app.browser().request("POST", "/sign-up/email", { json: { ...credentials, name: "Alice" }, ...token() });
    await app.browser().request("POST", "/sign-in/email", { json: credentials, headers: { ...token("other").headers, "x-forwarded-for": "198.51.100.7" } });
    await app.browser().post("/sign-in/email", credentials);
    await app.browser().post("/request-password-reset", { email: credentials.email });
    await app.browser().get("/get-session");
  }),
  ...table("captcha: answer", [
    ["no", { json: { success: false } }],
    ["no, and why", { json: { success: false, "error-codes": ["timeout-or-duplicate"] } }],
    ["nothing about success", { json: { challenge_ts: "2026-01-01T00:00:00Z" } }],
    ["down", { status: 503, json: {} }],
    ["refused", { status: 400, json: { success: false } }],
    ["gone", { networkError: "nobody answers" }],
    ["a page", { text: "<html>", headers: [] }],
  ], async (t, answer) => {
    const app = await t.app({}, guard({}, answer));
    await app.browser().post("/sign-in/email", credentials, token());
  }),
  ...table("captcha: score", [
    ["enough", {}, 0.5], ["too low", {}, 0.49], ["own least", { minScore: 0.9 }, 0.89], ["own least reached", { minScore: 0.9 }, 0.9],
  ], async (t, options, score) => {
    const app = await t.app({}, guard({ provider: "google-recaptcha", ...options }, { json: { success: true, score } }));
    await app.browser().post("/sign-in/email", credentials, token());
  }),
  ...table("captcha: options", [
    ["site key of hCaptcha", { provider: "hcaptcha", siteKey: "site" }],
    ["site key of CaptchaFox", { provider: "captchafox", siteKey: "site" }],
    ["another address", { siteVerifyURLOverride: "https://captcha.example.com/check" }],
    ["own endpoints", { endpoints: ["/sign-up/email"] }],
  ], async (t, options) => {
    const app = await t.app({ emailAndPassword: { enabled: true, sendResetPassword: callback("sendResetPassword") } }, { ...guard(options, { json: { success: true } }), unrecorded: ["sendResetPassword"] });
    await app.browser().post("/sign-in/email", credentials, token());
    await app.browser().post("/sign-in/email", credentials);
    await app.browser().post("/sign-up/email", { ...credentials, name: "Alice" });
  }),
];
