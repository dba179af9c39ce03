/**
 * Takes the README's picture of the quickstart's page, which must have been built.
 *
 *     node screenshot.mjs FILE
 */
import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { chromium } from "playwright-core";
import { onPage } from "./browser/page.mjs";
import { startServer } from "./runner/servers.mjs";

const file = process.argv[2];
assert.ok(file, "usage: node screenshot.mjs FILE");
const repository = dirname(dirname(fileURLToPath(import.meta.url)));
const folder = await mkdtemp(join(tmpdir(), "kernia-picture-"));
const server = await startServer("quickstart", ["go", "run", "./examples/gin"], {
  cwd: repository, env: { ...process.env, PORT: "0", HOST: "", DATABASE: join(folder, "picture.sqlite"), KERNIA_NO_RATE_LIMIT: "1", DEMO_IDP: "1" },
});
const browser = await chromium.launch({ executablePath: process.env.CHROMIUM || "/usr/bin/chromium", args: ["--no-sandbox"] });
try {
  const page = await browser.newPage({ viewport: { width: 960, height: 720 } });
  await page.goto(server.url);
  const on = onPage(page);
  await page.getByRole("link", { name: "Create an account" }).or(page.getByRole("button", { name: "Create an account" })).first().click();
  await on.signUp("Ada Lovelace", "ada@example.com", "correct horse battery");
  await page.waitForLoadState("networkidle");
  await page.evaluate("document.activeElement?.blur(); scrollTo(0, 0)");
  await page.screenshot({ path: file });
} finally {
  await browser.close();
  await server.stop();
  await rm(folder, { recursive: true, force: true });
}
