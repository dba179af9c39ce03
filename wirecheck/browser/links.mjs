/** Links of mails, pasted from the server's output, and how the page looks. */
import assert from "node:assert/strict";

export async function links({ check, base, open, mails }) {
  const cleo = await open();
  const [email, password, second] = ["cleo@example.com", "correct horse 1", "battery staple 2"];

  await check("typed input is not bold", async () => {
    await cleo.page.goto(`${base}/?view=sign-up`);
    await cleo.signUp("Cleo", email, password);
    const fields = cleo.page.locator("input:not([type=checkbox]), select");
    const weights = await fields.evaluateAll((all) => all.map((field) => getComputedStyle(field).fontWeight));
    assert.ok(weights.length >= 20, `${weights.length} fields`);
    assert.deepEqual([...new Set(weights)], ["400"]);
  });
  await check("the link that verifies an address can be pasted", async () => {
    assert.equal(await cleo.field("verified"), "not yet");
    await cleo.page.goto(await mails.link("verify-email", email));
    await cleo.shown("The e-mail address is verified");
    assert.equal(await cleo.field("verified"), "yes");
  });
  await check("the link that resets a password can be pasted", async () => {
    await cleo.press("Sign out");
    await cleo.card("Sign in").waitFor();
    await cleo.page.getByRole("link", { name: "Forgot the password?" }).click();
    await cleo.fill("Forgot the password?", { "E-mail": email });
    await cleo.press("Send a reset link");
    await cleo.shown("a mail is on its way");
    const link = await mails.link("reset-password", email);
    await cleo.page.goto(link);
    await cleo.fill("Choose a new password", { "New password": second });
    await cleo.press("Save password");
    await cleo.shown("The new password is saved");
    assert.equal(new URL(cleo.page.url()).search, "", "the token has left the address bar");
    await cleo.signIn(email, second);
    await cleo.card("You").waitFor();
    await cleo.page.goto(link);
    await cleo.shown("The link is not valid, or it was used before");
  });
}
