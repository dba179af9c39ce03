/** An authenticator app. */
import { createHmac } from "node:crypto";

/** The code of an authenticator app (RFC 6238), `drift` steps off the instance's clock. */
export function totp(app, uri, drift = 0) {
  const { searchParams } = new URL(uri);
  const [period, digits] = [Number(searchParams.get("period")), Number(searchParams.get("digits"))];
  const counter = Buffer.alloc(8);
  counter.writeBigUInt64BE(BigInt(Math.floor(app.now / 1000 / period) + drift));
  const sum = createHmac("sha1", base32(searchParams.get("secret"))).update(counter).digest();
  const number = sum.readUInt32BE(sum.at(-1) & 15) & 0x7fffffff;
  return String(number % 10 ** digits).padStart(digits, "0");
}

function base32(text) {
  const bits = [...text].map((c) => "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567".indexOf(c).toString(2).padStart(5, "0")).join("");
  return Buffer.from(bits.match(/.{8}/g).map((byte) => Number.parseInt(byte, 2)));
}
