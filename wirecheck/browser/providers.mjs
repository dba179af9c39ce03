/** Sign-in with the demo provider, and linked accounts. */
import assert from "node:assert/strict";
import { totp } from "../runner/totp.mjs";

const [demo, password] = ["the demo provider", "correct horse 1"];

/** The provider's page, which runs on another port of this machine. */
async function atProvider({ page }, base, fields, { unverified = false } = {}) {
  await page.getByRole("heading", { name: "Demo provider" }).waitFor();
  assert.notEqual(new URL(page.url()).origin, new URL(base).origin);
  for (const [label, value] of Object.entries(fields)) await page.getByLabel(label, { exact: true }).fill(value);
  if (unverified) await page.getByLabel("This provider has not verified the address").check();
}

export async function providers({ check, base, open, mails }) {
  const fay = await open();
  const accounts = (view) => view.items("Ways to sign in");
  const names = async (view) => (await accounts(view).allInnerTexts()).map((text) => text.split("\n")[0].trim());
  const who = { Name: "Fay", "E-mail": "fay@example.com" };

  await check("sign in with a provider", async () => {
    await fay.page.goto(base);
    await fay.press(`Continue with ${demo}`);
    await atProvider(fay, base, who);
    await fay.shot("provider");
    await fay.press("Continue");
    await fay.card("You").waitFor();
    assert.equal(new URL(fay.page.url()).origin, new URL(base).origin);
    assert.deepEqual([await fay.field("name"), await fay.field("email"), await fay.field("verified")], ["Fay", "fay@example.com", "yes"]);
    await fay.count(accounts(fay), 1);
    assert.deepEqual(await names(fay), ["The demo provider"]);
  });
  await check("the last way to sign in stays", async () => {
    await fay.press(`Unlink ${demo}`);
    await fay.shown("You can't unlink your last account");
    await fay.count(accounts(fay), 1);
  });
  await check("sign in again, as the same user", async () => {
    await fay.press("Sign out");
    await fay.card("Sign in").waitFor();
    await fay.shot("sign-in-providers");
    await fay.press(`Continue with ${demo}`);
    await atProvider(fay, base, who);
    await fay.press("Continue");
    await fay.count(accounts(fay), 1);
    assert.equal(await fay.field("email"), "fay@example.com");
  });
  await check("cancel at the provider", async () => {
    await fay.press("Sign out");
    await fay.press(`Continue with ${demo}`);
    await atProvider(fay, base, {});
    await fay.press("Cancel");
    await fay.shown("You have cancelled at the provider");
    assert.equal(new URL(fay.page.url()).search, "");
    await fay.card("Sign in").waitFor();
  });
  await check("a user without a password is not asked for one", async () => {
    await fay.press(`Continue with ${demo}`);
    await atProvider(fay, base, who);
    await fay.press("Continue");
    await fay.count(accounts(fay), 1);
    for (const title of ["Password", "Second factor"]) await fay.card(title).waitFor({ state: "hidden" });
    await fay.shot("without-password");
    await fay.press("Delete my account");
    await fay.shown("The account is deleted");
    await fay.card("Sign in").waitFor();
  });

  const emil = await open();
  const email = "emil@example.com";
  await check("a provider does not open an account whose address is not proven", async () => {
    await emil.page.goto(`${base}/?view=sign-up`);
    await emil.signUp("Emil", email, password);
    const stranger = await open();
    await stranger.page.goto(base);
    await stranger.press(`Continue with ${demo}`);
    await atProvider(stranger, base, { Name: "Somebody", "E-mail": email });
    await stranger.press("Continue");
    await stranger.shown("There is an account with this address already");
    await stranger.card("Sign in").waitFor();
  });
  await check("an address that the provider has not verified is not linked", async () => {
    await emil.press(`Link ${demo} to ${email}`);
    await atProvider(emil, base, { Name: "Emil", "E-mail": email }, { unverified: true });
    await emil.press("Continue");
    await emil.shown("That account cannot be linked");
    await emil.count(accounts(emil), 1);
  });
  await check("link the provider", async () => {
    await emil.press(`Link ${demo} to ${email}`);
    await atProvider(emil, base, { Name: "Emil", "E-mail": email });
    await emil.press("Continue");
    await emil.shown("The account is linked");
    await emil.count(accounts(emil), 2);
    assert.deepEqual((await names(emil)).sort(), ["Password", "The demo provider"]);
    await emil.shot("linked");
    await emil.press("Sign out");
    await emil.press(`Continue with ${demo}`);
    await atProvider(emil, base, { Name: "Emil", "E-mail": email });
    await emil.press("Continue");
    await emil.count(accounts(emil), 2);
    assert.equal(await emil.field("email"), email);
  });
  await check("unlink it", async () => {
    await emil.press(`Unlink ${demo}`);
    await emil.shown("You can no longer sign in with the demo provider");
    await emil.count(accounts(emil), 1);
    assert.deepEqual(await names(emil), ["Password"]);
    await emil.page.getByRole("button", { name: `Link ${demo} to ${email}` }).waitFor();
  });
  await check("a verified address is linked by a sign-in", async () => {
    await emil.page.goto(await mails.link("verify-email", email));
    await emil.shown("The e-mail address is verified");
    await emil.press("Sign out");
    await emil.press(`Continue with ${demo}`);
    await atProvider(emil, base, { Name: "Emil", "E-mail": email });
    await emil.press("Continue");
    await emil.count(accounts(emil), 2);
  });
  await check("the second factor is asked for after the provider, too", async () => {
    await emil.fill("Second factor", { Password: password });
    await emil.press("Set up");
    await emil.page.getByAltText("QR code for the authenticator app").waitFor();
    const secret = (await emil.page.locator("#secret").innerText()).replaceAll(" ", "");
    const code = (drift) => totp({ now: Date.now() }, `otpauth://totp/x?secret=${secret}&period=30&digits=6`, drift);
    await emil.fill("Second factor", { Code: code(-1) });
    await emil.press("Switch on");
    await emil.shown("The second factor is on");
    await emil.press("Sign out");
    await emil.press(`Continue with ${demo}`);
    await atProvider(emil, base, { Name: "Emil", "E-mail": email });
    await emil.press("Continue");
    await emil.card("One more step").waitFor();
    assert.equal(new URL(emil.page.url()).search, "");
    await emil.fill("One more step", { "Code of your authenticator app": code(0) });
    await emil.card("One more step").getByRole("button", { name: "Continue", exact: true }).click();
    await emil.count(accounts(emil), 2);
  });
}
