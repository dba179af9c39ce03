/** A passkey: registered, used, renamed, copied and deleted. */
import assert from "node:assert/strict";

/** A virtual authenticator of the page's browser, by the DevTools protocol. */
async function authenticator(page) {
  const devtools = await page.context().newCDPSession(page);
  await devtools.send("WebAuthn.enable", { enableUI: false });
  const { authenticatorId } = await devtools.send("WebAuthn.addVirtualAuthenticator", {
    options: { protocol: "ctap2", transport: "internal", hasResidentKey: true, hasUserVerification: true, isUserVerified: true, automaticPresenceSimulation: true },
  });
  const send = (method, more) => devtools.send(`WebAuthn.${method}`, { authenticatorId, ...more });
  return {
    credentials: async () => (await send("getCredentials")).credentials,
    /** Whether it answers by itself, as if somebody touched it. */
    present: (enabled) => send("setAutomaticPresenceSimulation", { enabled }),
    counter: async (credential, signCount) => {
      await send("removeCredential", { credentialId: credential.credentialId });
      await send("addCredential", { credential: { ...credential, signCount } });
    },
  };
}

export async function passkeys({ check, base, open }) {
  const alice = await open();
  const { card, shown, press, items, shot } = alice;
  const key = await authenticator(alice.page);
  const [email, password] = ["alice@example.com", "correct horse 1"];
  const options = "**/passkey/generate-authenticate-options*";
  const signOut = async () => {
    await key.present(false); // or the e-mail field is filled in at once
    const asked = alice.page.waitForResponse(options); // by the e-mail field
    await press("Sign out");
    await card("Sign in").waitFor();
    await asked;
    await shot("sign-in");
  };
  /**
   * The authenticator answers once the button is pressed: before, it would answer the e-mail field. It must be there before the
   * browser asks it, which it does when the page has the options.
   */
  const pressWithKey = async () => {
    await alice.page.route(options, async (route) => {
      await key.present(true);
      await route.continue();
    }, { times: 1 });
    await press("Sign in with a passkey");
  };

  await check("sign up", async () => {
    await alice.page.goto(`${base}/?view=sign-up`);
    await alice.signUp("Alice", email, password);
    await alice.count(items("Passkeys"), 0);
  });
  await check("register a passkey", async () => {
    await alice.fill("Passkeys", { Name: "Laptop" });
    await press("Add a passkey");
    await shown("The passkey is added");
    assert.match(await items("Passkeys").innerText(), /^Laptop/);
    const [credential] = await key.credentials();
    assert.equal(credential.rpId, "localhost");
    assert.ok(credential.isResidentCredential);
  });
  await check("the same authenticator is not registered twice", async () => {
    await press("Add a passkey");
    await shown("Previously registered");
    await alice.count(items("Passkeys"), 1);
  });
  await check("sign in with the passkey", async () => {
    await signOut();
    await pressWithKey();
    await card("Passkeys").waitFor();
    assert.equal(await alice.field("email"), email);
  });
  await check("sign in by the autofill of the e-mail field", async () => {
    await press("Sign out");
    await card("Passkeys").waitFor();
    assert.equal(await alice.field("email"), email);
  });
  await check("rename it", async () => {
    await press("Rename Laptop");
    await alice.page.getByLabel("New name of Laptop").fill("Work laptop");
    await press("Save the name of Laptop");
    await shown("The passkey has a new name");
    assert.match(await items("Passkeys").innerText(), /^Work laptop/);
    await alice.page.reload();
    await shown("Work laptop");
  });
  await check("a copied authenticator is refused", async () => {
    await signOut();
    const [credential] = await key.credentials();
    await key.counter(credential, 1);
    await pressWithKey();
    await shown("Authentication failed");
    await key.counter(credential, credential.signCount + 10);
    await pressWithKey();
    await card("Passkeys").waitFor();
  });
  await check("delete it", async () => {
    await press("Delete Work laptop");
    await shown("The passkey is deleted");
    await alice.count(items("Passkeys"), 0);
    await signOut();
    await pressWithKey();
    await shown("Passkey not found");
  });
  await check("the password still works", async () => {
    await alice.signIn(email, password);
    await card("Passkeys").waitFor();
  });
}
