/** A device shows a code; its user signs in on the page, sees who asks, and approves or denies. */
import assert from "node:assert/strict";

const grant_type = "urn:ietf:params:oauth:grant-type:device_code";

export async function devices({ check, base, open }) {
  const tess = await open();
  const { card, press, shown } = tess;
  const [email, password] = ["tess@example.com", "correct horse 1"];
  const send = async (path, fields) => {
    const answer = await fetch(`${base}/api/auth${path}`, { method: "POST", body: new URLSearchParams(fields) });
    return { status: answer.status, ...(await answer.json()) };
  };
  const ask = () => send("/device/code", { client_id: "devicecli", scope: "read" });
  const poll = ({ device_code }) => send("/device/token", { grant_type, device_code, client_id: "devicecli" });

  await check("a code from a device waits until its user has signed in", async () => {
    await tess.page.goto(`${base}/?view=sign-up`);
    await tess.signUp("Tess", email, password);
    await press("Sign out");
    await card("Sign in").waitFor();
    const tv = await ask();
    assert.equal(tv.verification_uri, `${base}/device`);
    await tess.page.goto(tv.verification_uri_complete);
    await tess.signIn(email, password);
    await card("Sign in a device").waitFor();
    assert.equal(await tess.page.getByRole("button", { name: "Approve" }).isVisible(), false, "nothing is approved unseen");
    await press("Continue");
    await shown("“devicecli” asks to be signed in for: read.");
    await tess.shot("device");
    assert.equal((await poll(tv)).error, "authorization_pending");
    await press("Approve");
    await shown("The device is approved.");
    await tess.page.waitForTimeout(tv.interval * 1000);
    const { status, access_token } = await poll(tv);
    assert.equal(status, 200);
    const me = await fetch(`${base}/me`, { headers: { authorization: `Bearer ${access_token}` } });
    assert.equal((await me.json()).email, email);
  });
  await check("a code that is typed, wrong and right, and denied", async () => {
    const tv = await ask();
    await tess.page.goto(`${base}/device`);
    await card("Sign in a device").waitFor();
    await tess.fill("Sign in a device", { "The code that your device shows": "WRONG-CODE" });
    await press("Continue");
    await shown("Invalid user code");
    await tess.fill("Sign in a device", { "The code that your device shows": `${tv.user_code.slice(0, 4)}-${tv.user_code.slice(4)}`.toLowerCase() });
    await press("Continue");
    await press("Deny");
    await shown("The device is denied.");
    assert.equal((await poll(tv)).error, "access_denied");
  });
}
