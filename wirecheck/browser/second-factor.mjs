/** The second factor: set up with an app, asked for at sign-in, replaced by a backup code, switched off. */
import assert from "node:assert/strict";
import { totp } from "../runner/totp.mjs";

export async function secondFactor({ check, base, open }) {
  const dora = await open();
  const [email, password] = ["dora@example.com", "correct horse 1"];
  const { card, press, shown } = dora;
  let secret, codes;
  /** The app's code; a step ahead when the last one is used up. */
  const code = (drift) => totp({ now: Date.now() }, `otpauth://totp/x?secret=${secret}&period=30&digits=6`, drift);
  const backupCodes = () => dora.page.locator("#backup-codes li").allInnerTexts();

  await check("set up a second factor", async () => {
    await dora.page.goto(`${base}/?view=sign-up`);
    await dora.signUp("Dora", email, password);
    await dora.fill("Second factor", { Password: "wrong horse 1" });
    await press("Set up");
    await shown("Invalid password");
    await dora.fill("Second factor", { Password: password });
    await press("Set up");
    const qr = dora.page.getByAltText("QR code for the authenticator app");
    await qr.waitFor();
    assert.ok(await qr.evaluate((img) => img.decode().then(() => img.naturalWidth > 0)), "the QR code is drawn");
    secret = (await dora.page.locator("#secret").innerText()).replaceAll(" ", "");
    assert.equal(await qrText(dora.page), secret, "the QR code has the secret");
    await dora.shot("second-factor-setup");
  });
  await check("a wrong code does not switch it on, the app's does", async () => {
    await dora.fill("Second factor", { Code: "000000" });
    await press("Switch on");
    await shown("Invalid code");
    await dora.fill("Second factor", { Code: code(-1) });
    await press("Switch on");
    await shown("The second factor is on");
    codes = await backupCodes();
    assert.equal(codes.length, 10);
    assert.equal(await dora.page.locator("#secret").innerText(), "", "the secret is gone from the page");
    await dora.shot("second-factor-on");
  });
  const signIn = async () => {
    await press("Sign out");
    await card("Sign in").waitFor();
    await dora.signIn(email, password);
    await card("One more step").waitFor();
  };
  await check("sign in with a code", async () => {
    await signIn();
    await dora.shot("second-step");
    assert.equal(await card("You").isVisible(), false);
    await dora.fill("One more step", { "Code of your authenticator app": "000000" });
    await press("Continue");
    await shown("Invalid code");
    await dora.fill("One more step", { "Code of your authenticator app": code(0) });
    await press("Continue");
    await card("You").waitFor();
    assert.equal(await dora.field("email"), email);
  });
  await check("sign in with a backup code, once", async () => {
    for (const good of [true, false]) {
      await signIn();
      await dora.fill("One more step", { "Or a backup code": codes[0] });
      await press("Use the backup code");
      if (good) await shown("This backup code is used up");
    }
    await shown("Invalid backup code");
    await dora.fill("One more step", { "Or a backup code": codes[1] });
    await press("Use the backup code");
    await card("You").waitFor();
  });
  await check("make new backup codes", async () => {
    await dora.fill("Second factor", { Password: password });
    await press("New backup codes");
    await shown("The old backup codes no longer work");
    const fresh = await backupCodes();
    assert.equal(fresh.length, 10);
    assert.equal(fresh.filter((c) => codes.includes(c)).length, 0);
  });
  await check("switch it off", async () => {
    await dora.fill("Second factor", { Password: password });
    await press("Switch off");
    await shown("The second factor is off");
    assert.deepEqual(await backupCodes(), []);
    await press("Sign out");
    await card("Sign in").waitFor();
    await dora.signIn(email, password);
    await card("You").waitFor();
  });
}

/** The secret in the QR code's picture, as a camera reads it, where the browser has a reader; else that of the page. */
async function qrText(page) {
  const text = await page.getByAltText("QR code for the authenticator app").evaluate(async (img) => {
    if (!globalThis.BarcodeDetector || !(await BarcodeDetector.getSupportedFormats()).includes("qr_code")) return null;
    const [code] = await new BarcodeDetector({ formats: ["qr_code"] }).detect(img);
    return code?.rawValue;
  });
  if (text === null) return (await page.locator("#secret").innerText()).replaceAll(" ", "");
  return new URL(text).searchParams.get("secret");
}
