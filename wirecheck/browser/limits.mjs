/** A limit tells how long to wait. Needs a server with its limits. */
import assert from "node:assert/strict";

export async function limits({ check, base, open }) {
  const eve = await open();
  await check("a limit says how long to wait", async () => {
    await eve.page.goto(base);
    await eve.card("Sign in").waitFor();
    const error = eve.card("Sign in").getByRole("alert");
    for (let i = 0; i < 5; i++) {
      await eve.signIn("eve@example.com", "wrong horse 1");
      await eve.page.waitForFunction(() => document.querySelector("[data-view=sign-in] .error").textContent !== "");
    }
    assert.match(await error.innerText(), /^That was too often\. Please try again in \d+ seconds?\.$/);
    await eve.shot("limit");
  });
}
