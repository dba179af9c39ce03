/** Signing in by a mailed link, a mailed code and a user name, and a visit without an account that is kept. */
import assert from "node:assert/strict";

export async function otherWays({ check, base, open, mails }) {
  const fred = await open();
  const email = "fred@example.com";
  const { card, press, shown } = fred;
  const leave = async () => {
    await press("Sign out");
    await card("Other ways").waitFor();
  };
  await check("sign up by a link in a mail", async () => {
    await fred.page.goto(base);
    await fred.fill("Other ways", { "E-mail": email });
    await press("Mail me a link");
    await shown("A link is on its way");
    await fred.page.goto(await mails.link("magic-link", email));
    await card("You").waitFor();
    assert.equal(await fred.field("email"), email);
    assert.equal(await fred.field("verified"), "yes");
    await fred.shot("magic-link");
  });
  await check("sign in by a code in a mail", async () => {
    await leave();
    await fred.fill("Other ways", { "E-mail": email });
    await press("Mail me a code");
    await shown("A code is on its way");
    await fred.fill("Other ways", { Code: "000000" });
    await press("Use the code");
    await shown("Invalid OTP");
    await fred.fill("Other ways", { Code: await mails.token("sign-in-code", email) });
    await press("Use the code");
    await card("You").waitFor();
    assert.equal(await fred.field("email"), email);
  });
  await check("choose a user name and sign in with it", async () => {
    const gina = await open();
    await gina.page.goto(`${base}/?view=sign-up`);
    await gina.signUp("Gina", "gina@example.com", "correct horse 1");
    await gina.fill("User name", { "User name": "no" });
    await gina.press("Save user name");
    await gina.shown("Username is too short");
    await gina.fill("User name", { "User name": "Gina_1" });
    await gina.press("Save user name");
    await gina.shown("The user name is saved");
    await gina.press("Sign out");
    await gina.fill("Other ways", { "User name": "GINA_1", Password: "correct horse 1" });
    await gina.press("Sign in with the user name");
    await gina.card("You").waitFor();
    assert.equal(await gina.field("email"), "gina@example.com");
  });
  await check("look around without an account, then keep it", async () => {
    const hal = await open();
    await hal.page.goto(base);
    await hal.press("Look around without an account");
    await hal.card("You").waitFor();
    assert.equal(await hal.field("name"), "Anonymous");
    await hal.page.goto(`${base}/?view=sign-up`);
    await hal.signUp("Hal", "hal@example.com", "correct horse 1");
    assert.equal(await hal.field("email"), "hal@example.com");
  });
}
