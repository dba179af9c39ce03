/**
 * The pages of the plugin oauth-provider, with examples/idp and the application that signs its
 * users in there: password, second factor, consent, account and sign-out.
 */
import assert from "node:assert/strict";
import { startServer } from "../runner/servers.mjs";
import { totp } from "../runner/totp.mjs";
import { patience } from "./page.mjs";

export async function identityProvider({ check, repository, newPage }) {
  let [app, password] = [];
  const onLine = (line) => ([, app, password] = /^sign in at (\S+) as ada@example.com with (\S+)/.exec(line) ?? [, app, password]);
  const server = await startServer("idp", ["go", "run", "./examples/idp"], { cwd: repository, env: { ...process.env, PORT: "0", CLIENT_PORT: "0", KERNIA_NO_RATE_LIMIT: "1" }, onLine });
  const open = async () => {
    const page = await newPage();
    page.setDefaultTimeout(patience);
    return page;
  };
  const press = (page, name) => page.getByRole("button", { name, exact: true }).click();
  const begin = async (page) => {
    await page.goto(app);
    await press(page, "Sign in with Kernia");
    await page.getByRole("heading", { name: "Sign in", exact: true }).waitFor();
  };
  const enter = async (page, secret = password) => {
    await page.getByLabel("E-mail address").fill("ada@example.com");
    await page.getByLabel("Password").fill(secret);
    await press(page, "Sign in");
  };
  const signedIn = (page) => page.getByText("You are Ada Lovelace (ada@example.com).").waitFor();
  /** Calls a route as the user of a page. */
  const post = (page, path, body) =>
    page.evaluate(async ([path, body]) => (await fetch(path, { method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify(body) })).json(), [`/api/auth${path}`, body]);
  try {
    const page = await open();
    await check("identity provider: a wrong password is said on the page", async () => {
      await begin(page);
      await enter(page, "wrong password");
      await page.getByRole("alert").filter({ hasText: /\w/ }).waitFor();
    });
    await check("identity provider: password and consent lead to the application", async () => {
      await enter(page);
      await page.getByRole("heading", { name: "Allow access?" }).waitFor();
      assert.match(await page.getByRole("main").innerText(), /Notes \(127\.0\.0\.1:\d+\)[^]*Ada Lovelace/);
      await press(page, "Allow");
      await signedIn(page);
    });
    let uri;
    await check("identity provider: the page asks for the second factor, and the consent counts", async () => {
      const own = await page.context().newPage();
      await own.goto(`${server.url}/api/auth/ok`);
      const { totpURI } = await post(own, "/two-factor/enable", { password });
      uri = totpURI;
      await post(own, "/two-factor/verify-totp", { code: totp({ now: Date.now() }, uri, -1) });
      await own.close();
      const other = await open();
      await begin(other);
      assert.equal(await other.getByLabel("Code of your authenticator app").isVisible(), false, "before the password");
      await enter(other);
      await other.getByLabel("Code of your authenticator app").fill("000000");
      assert.equal(await other.getByLabel("Password").isVisible(), false, "after the password");
      await press(other.locator("form:has(#code-totp)"), "Continue");
      await other.getByRole("alert").filter({ hasText: /\w/ }).waitFor();
      await other.getByLabel("Code of your authenticator app").fill(totp({ now: Date.now() }, uri, 0));
      await press(other.locator("form:has(#code-totp)"), "Continue");
      await signedIn(other);
    });
    await check("identity provider: signing out ends both, and the provider asks who came without a token of the session", async () => {
      // The second factor has replaced the session that the application knows of.
      await press(page, "Sign out");
      await page.getByRole("heading", { name: "Sign out?" }).waitFor();
      await press(page, "Sign out");
      await page.getByText("You are signed out. You can close this window.").waitFor();
      await page.goto(`${server.url}/api/auth/oauth2/end-session`);
      await page.getByRole("heading", { name: "You are signed out" }).waitFor();
      const own = await open();
      await begin(own);
      await enter(own);
      await own.getByLabel("Code of your authenticator app").fill(totp({ now: Date.now() }, uri, 1));
      await press(own.locator("form:has(#code-totp)"), "Continue");
      await signedIn(own);
      await press(own, "Sign out");
      await own.getByRole("button", { name: "Sign in with Kernia" }).waitFor();
      await begin(own);
      await own.goto(`${server.url}/api/auth/oauth2/end-session`);
      await own.getByRole("heading", { name: "You are signed out" }).waitFor();
    });
  } finally {
    await server.stop();
  }
}
