/**
 * A real browser against the Gin quickstart: headless Chromium clicks through its page,
 * which uses the official client. Passkeys (with a virtual authenticator), links of mails,
 * sign-in with a provider, in a popup window too, the pages of a provider of our own, organizations, the second factor, devices,
 * limits, the reference of the API, and pages on another port: browser/ has a file for each.
 *
 *     node browser.mjs                 says so and passes where there is no Chromium
 *     node browser.mjs --required      fails there
 *     node browser.mjs --shots FOLDER  keeps pictures of the page
 *     node browser.mjs --only PART     passkeys, links, providers, popup, organizations, secondFactor, devices, otherWays, limits, reference, identityProvider or frontend
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
import { devices } from "./browser/devices.mjs";
import { frontend } from "./browser/frontend.mjs";
import { identityProvider } from "./browser/identity-provider.mjs";
import { limits } from "./browser/limits.mjs";
import { links } from "./browser/links.mjs";
import { organizations } from "./browser/organizations.mjs";
import { otherWays } from "./browser/other-ways.mjs";
import { Mails, onPage, patience } from "./browser/page.mjs";
import { passkeys } from "./browser/passkeys.mjs";
import { popup } from "./browser/popup.mjs";
import { providers } from "./browser/providers.mjs";
import { reference } from "./browser/reference.mjs";
import { secondFactor } from "./browser/second-factor.mjs";
import { closeConnections, startServer } from "./runner/servers.mjs";

const { values: flags } = parseArgs({ options: { required: { type: "boolean", default: false }, shots: { type: "string" }, only: { type: "string" } } });
const wanted = (part) => !flags.only || part.name === flags.only;
const repository = dirname(dirname(fileURLToPath(import.meta.url)));
const executablePath = process.env.CHROMIUM || "/usr/bin/chromium";

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

async function main() {
  if (!existsSync(executablePath)) {
    console.log(`The browser was not tested: there is no ${executablePath}. Install chromium, or name one with CHROMIUM.`);
    return flags.required ? 1 : 0;
  }
  const folder = await mkdtemp(join(tmpdir(), "kernia-browser-"));
  const servers = [];
  const problems = [];
  let browser, last;
  const start = async (more) => {
    const mails = new Mails();
    const env = { ...process.env, PORT: "0", DATABASE: join(folder, `${servers.length}.sqlite`), ...more };
    const server = await startServer("quickstart", ["go", "run", "./examples/gin"], { cwd: repository, env, onLine: mails.line });
    servers.push(server);
    return { base: server.url, mails };
  };
  try {
    const [open, limited] = [await start({ KERNIA_NO_RATE_LIMIT: "1", DEMO_IDP: "1" }), await start({ KERNIA_NO_RATE_LIMIT: "" })];
    browser = await chromium.launch({
      executablePath,
      args: ["--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync"],
      timeout: 2 * patience,
    });
    /** A page in a browser of its own: no cookies of others. */
    const newPage = async () => {
      const context = await browser.newContext({ viewport: { width: 1120, height: 900 } });
      last = await context.newPage();
      last.on("pageerror", (error) => problems.push(error.message));
      return last;
    };
    const openPage = async () => onPage(await newPage(), flags.shots);
    for (const [part, server] of [[passkeys, open], [links, open], [providers, open], [organizations, open], [secondFactor, open], [devices, open], [otherWays, open], [limits, limited]]) {
      if (wanted(part)) await part({ check, open: openPage, ...server });
    }
    if (wanted(reference)) await reference({ check, newPage, ...open });
    if (wanted(popup)) await popup({ check, repository, newPage });
    if (wanted(identityProvider)) await identityProvider({ check, repository, newPage });
    if (wanted(frontend)) await frontend({ check, repository, folder, newPage });
    assert.deepEqual(problems, [], "errors of the page");
    console.log(`all ${step} steps hold in ${browser.version()}`);
    return 0;
  } catch (error) {
    if (flags.shots) await last?.screenshot({ path: join(flags.shots, "failed.png"), fullPage: true });
    console.error(error);
    return 1;
  } finally {
    await browser?.close();
    for (const server of servers) await server.stop();
    closeConnections();
    await rm(folder, { recursive: true, force: true });
  }
}

process.exitCode = await main();
