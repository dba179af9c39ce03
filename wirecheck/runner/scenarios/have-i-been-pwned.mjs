/** Passwords that are known from breaches, with a double of the service. */
import { createHash } from "node:crypto";
import { alice, callback, table } from "./kit.mjs";

const bad = "a breached password";
const digest = createHash("sha1").update(bad).digest("hex").toUpperCase();
const others = "0018A45C4D1DEF81644B54AB7F969B88D65:3\r\n00D4F6E8FA6EECAD2A3AA415EEC418D38EC:2";

const service = ({ url }) => ({ text: url.endsWith(`/${digest.slice(0, 5)}`) ? `${others}\r\n${digest.slice(5)}:7` : others });
const check = (options = {}, world = service) => ({ plugins: [{ factory: "haveIBeenPwned", options }], world });

async function setters(t, extra) {
  const reset = { emailAndPassword: { enabled: true, sendResetPassword: callback("sendResetPassword") } };
  const { app, browser } = await alice(t, reset, { ...extra, unrecorded: ["sendResetPassword"] });
  await app.browser().signUp({ email: "bob@example.com", password: bad });
  await browser.post("/change-password", { currentPassword: "password123", newPassword: bad });
  await browser.post("/request-password-reset", { email: "alice@example.com" });
  const token = app.last("sendResetPassword")?.token ?? "none";
  await app.browser().post("/reset-password", { token, newPassword: bad });
  await app.browser().signIn();
}

export default [
  {
    name: "have i been pwned: by the official client",
    async run(t) {
      const { client } = (await t.app({}, check())).browser();
      await t.note("breached", await client.signUp.email({ email: "alice@example.com", password: bad, name: "Alice" }));
      await t.note("not breached", await client.signUp.email({ email: "alice@example.com", password: "password123", name: "Alice" }));
    },
  },
  { name: "have i been pwned: every setter", run: (t) => setters(t, check()) },
  ...table("have i been pwned", [
    ["own message", { customPasswordCompromisedMessage: "Choose another one" }],
    ["switched off", { enabled: false }],
    ["one route", { paths: ["/sign-up/email"] }],
  ], (t, options) => setters(t, check(options))),
  ...table("have i been pwned: the service", [
    ["down", { status: 503, text: "" }],
    ["gone", { networkError: "nobody answers" }],
  ], async (t, answer) => {
    const app = await t.app({}, check({}, () => answer));
    await app.browser().signUp();
  }),
];
