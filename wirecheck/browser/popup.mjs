/**
 * Sign-in in a popup window, with the official client of 1.7 and the page of
 * examples/popup.
 */
import assert from "node:assert/strict";
import { createServer } from "node:http";
import { join } from "node:path";
import { startServer } from "../runner/servers.mjs";
import { serveModules } from "./modules.mjs";
import { patience } from "./page.mjs";

const cdn = "https://esm.sh/better-auth@1.7.25";

export async function popup({ check, repository, newPage }) {
  const server = await startServer("popup", ["go", "run", "./examples/popup"], { cwd: repository, env: { ...process.env, PORT: "0" } });
  const open = async () => {
    const page = await newPage();
    page.setDefaultTimeout(patience);
    await serveModules(page.context(), cdn, "better-auth", join(repository, "wirecheck/client-1.7"));
    return page;
  };
  const said = (view, id, text) => view.locator(`#${id}`, { hasText: new RegExp(`^${text}$`) }).waitFor();
  /** Opens the popup, and returns its page. */
  const begin = async (page, view) => {
    const opened = page.waitForEvent("popup");
    await view.getByRole("button", { name: "Continue with the demo provider" }).click();
    const window = await opened;
    window.setDefaultTimeout(patience);
    await window.getByRole("heading", { name: "Demo provider" }).waitFor();
    return window;
  };
  const approve = async (window, name) => {
    await window.getByLabel("Name", { exact: true }).fill(name);
    await window.getByLabel("E-mail", { exact: true }).fill(`${name}@example.com`.toLowerCase());
    const closed = window.waitForEvent("close");
    await window.getByRole("button", { name: "Continue", exact: true }).click();
    await closed;
  };
  // Another site, whose page has that of the example in a frame.
  const outer = createServer((_, answer) => answer.setHeader("content-type", "text/html").end(`<iframe src="${server.url}/" width="900" height="700"></iframe>`));
  await new Promise((listening) => outer.listen(0, "127.0.0.1", listening));
  try {
    const page = await open();
    await page.goto(server.url);
    await said(page, "who", "nobody");
    await check("popup: cancel at the provider", async () => {
      const window = await begin(page, page);
      await window.getByRole("button", { name: "Cancel", exact: true }).click();
      await said(page, "result", "access_denied");
      await said(page, "who", "nobody");
    });
    await check("popup: close the window", async () => {
      await (await begin(page, page)).close();
      await said(page, "result", "POPUP_CLOSED");
    });
    await check("popup: sign in, and the page stays where it was", async () => {
      await approve(await begin(page, page), "Gus");
      await said(page, "result", "success");
      await said(page, "who", "gus@example.com");
      assert.equal(page.url(), `${server.url}/`);
      assert.equal(await page.evaluate(() => localStorage.length), 0, "a page with a cookie keeps no token");
    });
    await check("popup: sign in, from a frame in a page of another site", async () => {
      // These browsers block third-party cookies, and with them the frame's storage.
      const around = await open();
      await around.goto(`http://127.0.0.1:${outer.address().port}/`);
      const frame = around.frameLocator("iframe");
      await said(frame, "who", "nobody");
      await approve(await begin(around, frame), "Hal");
      await said(frame, "result", "success");
      await said(frame, "who", "hal@example.com");
      await frame.getByRole("button", { name: "Sign out" }).click();
      await said(frame, "who", "nobody");
    });
  } finally {
    outer.closeAllConnections();
    outer.close();
    await server.stop();
  }
}
