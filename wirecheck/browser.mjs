/**
 * A real browser against the Gin quickstart: headless Chromium with a virtual
 * authenticator registers, signs in with, renames and deletes a passkey on the
 * page, which uses the official client.
 *
 *     node browser.mjs                 says so and passes where there is no Chromium
 *     node browser.mjs --required      fails there
 *     node browser.mjs --shots FOLDER  keeps pictures of the page
 *
 * The page must have been built (`make page`). CHROMIUM names the program;
 * default /usr/bin/chromium. Exit code 0: every step held.
 */
import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { chromium } from "playwright-core";
import { closeConnections, startServer } from "./runner/servers.mjs";

const { values: flags } = parseArgs({ options: { required: { type: "boolean", default: false }, shots: { type: "string" } } });
const repository = dirname(dirname(fileURLToPath(import.meta.url)));
const executablePath = process.env.CHROMIUM || "/usr/bin/chromium";
const patience = 60_000; // of one step, on a busy machine

let step = 0;
async function check(name, f) {
  step++;
  try {
    await f();
    console.log(`✓ ${step} ${name}`);
  } catch (error) {
    console.log(`✗ ${step} ${name}`);
    throw error;
  }
}

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

async function prove(page, base) {
  const shown = (text) => page.getByText(text, { exact: false }).first().waitFor({ timeout: patience });
  const press = (name) => page.getByRole("button", { name, exact: true }).click({ timeout: patience });
  const card = (title) => page.locator("section", { has: page.getByRole("heading", { name: title, exact: true }) });
  const items = () => card("Passkeys").getByRole("listitem");
  const shot = async (name) => {
    if (flags.shots) await page.screenshot({ path: join(flags.shots, `${name}.png`), fullPage: true });
  };
  page.setDefaultTimeout(patience);
  const key = await authenticator(page);
  const [email, password] = ["alice@example.com", "correct horse 1"];

  await check("sign up", async () => {
    await page.goto(`${base}/?view=sign-up`);
    const form = card("Create an account");
    await form.getByLabel("Name").fill("Alice");
    await form.getByLabel("E-mail").fill(email);
    await form.getByLabel("Password").fill(password);
    await press("Create account");
    await card("Passkeys").waitFor();
    assert.equal(await items().count(), 0);
  });
  await check("register a passkey", async () => {
    await card("Passkeys").getByLabel("Name").fill("Laptop");
    await press("Add a passkey");
    await shown("The passkey is added");
    assert.match(await items().innerText(), /^Laptop/);
    const [credential] = await key.credentials();
    assert.equal(credential.rpId, "localhost");
    assert.ok(credential.isResidentCredential);
    await shot("account");
  });
  await check("the same authenticator is not registered twice", async () => {
    await press("Add a passkey");
    await shown("Previously registered");
    assert.equal(await items().count(), 1);
  });
  await check("sign in with the passkey", async () => {
    await key.present(false); // or the e-mail field is filled in at once
    await press("Sign out");
    await card("Sign in").waitFor();
    await shot("sign-in");
    await key.present(true);
    await press("Sign in with a passkey");
    await card("Passkeys").waitFor();
    assert.equal(await page.locator("[data-field=email]").innerText(), email);
  });
  await check("sign in by the autofill of the e-mail field", async () => {
    await press("Sign out");
    await card("Passkeys").waitFor();
    assert.equal(await page.locator("[data-field=email]").innerText(), email);
  });
  await check("rename it", async () => {
    await press("Rename Laptop");
    await page.getByLabel("New name of Laptop").fill("Work laptop");
    await press("Save the name of Laptop");
    await shown("The passkey has a new name");
    assert.match(await items().innerText(), /^Work laptop/);
    await page.reload();
    await shown("Work laptop");
  });
  await check("a copied authenticator is refused", async () => {
    await key.present(false);
    await press("Sign out");
    await card("Sign in").waitFor();
    const [credential] = await key.credentials();
    await key.counter(credential, 1);
    await key.present(true);
    await press("Sign in with a passkey");
    await shown("Authentication failed");
    await key.counter(credential, credential.signCount + 10);
    await press("Sign in with a passkey");
    await card("Passkeys").waitFor();
  });
  await check("delete it", async () => {
    await press("Delete Work laptop");
    await shown("The passkey is deleted");
    assert.equal(await items().count(), 0);
    await key.present(false);
    await press("Sign out");
    await card("Sign in").waitFor();
    await key.present(true);
    await press("Sign in with a passkey");
    await shown("Passkey not found");
  });
  await check("the password still works", async () => {
    const form = card("Sign in");
    await form.getByLabel("E-mail").fill(email);
    await form.getByLabel("Password").fill(password);
    await press("Sign in");
    await card("Passkeys").waitFor();
  });
}

async function main() {
  if (!existsSync(executablePath)) {
    console.log(`The browser was not tested: there is no ${executablePath}. Install chromium, or name one with CHROMIUM.`);
    return flags.required ? 1 : 0;
  }
  const folder = await mkdtemp(join(tmpdir(), "kernia-browser-"));
  let server, browser;
  const problems = [];
  try {
    const env = { ...process.env, PORT: "0", DATABASE: join(folder, "quickstart.sqlite"), KERNIA_NO_RATE_LIMIT: "1" };
    server = await startServer("quickstart", ["go", "run", "./examples/gin"], { cwd: repository, env });
    browser = await chromium.launch({
      executablePath,
      args: ["--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync"],
      timeout: 2 * patience,
    });
    const page = await browser.newPage({ viewport: { width: 720, height: 900 } });
    page.on("pageerror", (error) => problems.push(error.message));
    try {
      await prove(page, server.url);
    } catch (error) {
      if (flags.shots) await page.screenshot({ path: join(flags.shots, "failed.png"), fullPage: true });
      throw error;
    }
    assert.deepEqual(problems, [], "errors of the page");
    console.log(`all ${step} steps hold in ${browser.version()}`);
    return 0;
  } catch (error) {
    console.error(error);
    return 1;
  } finally {
    await browser?.close();
    await server?.stop();
    closeConnections();
    await rm(folder, { recursive: true, force: true });
  }
}

process.exitCode = await main();
