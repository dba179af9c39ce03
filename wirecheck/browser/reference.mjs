/**
 * The reference page of the open-api plugin: Scalar shows the operations, under a policy
 * without other hosts, asks no other host, and has no error in the console.
 */
import assert from "node:assert/strict";
import { patience } from "./page.mjs";

export async function reference({ check, base, newPage }) {
  const page = await newPage();
  const asked = [], said = [];
  page.on("request", (request) => asked.push(request.url()));
  page.on("console", (message) => ["error", "warning"].includes(message.type()) && said.push(message.text()));
  let policy;

  await check("the reference page lists the operations", async () => {
    const answer = await page.goto(`${base}/api/auth/reference`);
    assert.equal(answer.status(), 200);
    policy = answer.headers()["content-security-policy"];
    assert.match(await page.title(), /API$/);
    for (const text of ["Sign in with e-mail and password", "Get the current session", "Organization", "Two-factor"]) {
      await page.getByText(text).first().waitFor({ state: "attached", timeout: patience });
    }
  });
  await check("an operation opens with its body and its answers", async () => {
    await page.goto(`${base}/api/auth/reference#tag/default/post/sign-in/email`);
    await page.getByText("Session token", { exact: false }).or(page.getByText("rememberMe")).first().waitFor({ timeout: patience });
  });
  await check("nothing of other hosts is allowed or asked for, and the console is empty", async () => {
    await page.waitForLoadState("networkidle");
    assert.ok(!/https?:/.test(policy) && policy.startsWith("default-src 'none'"), policy);
    const foreign = asked.filter((url) => !url.startsWith(`${base}/`) && !/^(data|blob):/.test(url));
    assert.deepEqual(foreign, []);
    assert.deepEqual(said, []);
  });
  await check("the script is kept", async () => {
    const script = asked.find((url) => url.includes("/reference/scalar.js"));
    const first = await fetch(script);
    assert.equal(first.headers.get("cache-control"), "public, max-age=31536000, immutable");
    assert.equal((await fetch(script, { headers: { "if-none-match": first.headers.get("etag") } })).status, 304);
  });
}
