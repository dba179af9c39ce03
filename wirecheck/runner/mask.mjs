/**
 * Replaces what is random in a transcript by placeholders. The same value
 * gets the same placeholder throughout one transcript, so who equals whom is
 * still compared. Whatever the secret can open or verify is opened and
 * verified instead: a signature is either valid or not.
 */
import { symmetricDecrypt } from "better-auth/crypto";
import { createHash, createHmac, hkdfSync, timingSafeEqual } from "node:crypto";
import { compactDecrypt } from "jose";

const patterns = [
  // Requests of SAML are deflated. A scenario notes what is in them.
  ["deflated", /(?<=[?&]SAMLRequest=)[^&"\s]+/],
  // What the servers of a proxy tell each other: only they read it.
  ["sealed", /(?<=[?&](?:state|profile)=)(?:%24|[\w-]){80}[^&"\s]*/],
  // Options of passkeys. Better Auth makes a user handle anew each time, and ours
  // follows from the user: that it is one is all there is to compare.
  ["ceremony", /"challenge":"[\w-]{43}"/],
  ["handle", /"user":\{"id":"[\w-]+"(?=,"name":"[^"]*","displayName")/],
  // A verifier and its challenge have one placeholder.
  ["verifier", /(?<=code_verifier=|codeVerifier\\*":\\*")[\w-]{43,128}/],
  ["challenge", /(?<=code_challenge(?:=|%3D))[\w-]{43}/],
  // The numbers of a JSON Web Key, also in a text within JSON.
  ["number", /(?<="(?:n|d|p|q|dp|dq|qi|x|y)\\*":\\*")[\w-]{43,}(?=\\*")/],
  ["envelope", /\b(?:[0-9a-f]{2}){40,}\b/],
  ["jwe", /eyJ[\w-]+\.[\w-]*\.[\w-]+\.[\w-]+\.[\w-]+/],
  ["jwt", /eyJ[\w-]+\.[\w-]+\.[\w-]+/],
  ["packed", /eyJ[\w-]{40,}/],
  ["hash", /\b[0-9a-f]{32}:[0-9a-f]{128}\b/],
  ["uuid", /\b[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\b/],
  // The signature of the query of a page of the OAuth provider: parts of it may look like an id.
  ["pagesig", /(?<=[?&]sig=)(?:[A-Za-z0-9+/]|%2B|%2F){43}(?:=|%3D)/],
  ["signed", /[\w!-]+\.(?:[A-Za-z0-9+/]|%2B|%2F){43}(?:=|%3D)/],
  ["device", /(?:[\w-]{43}!)?trust-device-[\w-]{32}/],
  ["attempt", /2fa-[\w-]{20}(?![\w-])/],
  ["key", /(?<=secret=)[A-Z2-7]{52}/],
  ["backup", /(?<=")[A-Za-z0-9]{5}-[A-Za-z0-9]{5}(?=")/],
  ["pair", /(?<=(?:device_code|deviceCode)":")[A-Za-z0-9]{40}(?=")/],
  ["typed", /(?<=(?:user_code|userCode)(?:":"|=))[A-HJ-NP-Z2-9]{8}(?=["&]|$)/],
  // API keys, their stored form and what is shown of them.
  ["apikey", /(?<=")[\w-]*[A-Za-z]{64}(?=")|(?<="key":")(?=[\w-]{24,42}")[\w-]*[A-Za-z]{24}(?=")/],
  ["digest", /(?<="(?:key|digest)":")[\w-]{43}(?=")/],
  ["start", /(?<="start":")[\w-]+(?=")/],
  // SHA-256 in base64url, such as the hash of a token in the place of the token: parts of it may look like an id.
  ["hashed", /(?<=[?&]token=|%3D|(?<![\w-]))(?=[\w-]*[a-z])(?=[\w-]*[A-Z])[\w-]{43}(?![\w-])/],
  // States of flows have hyphens and underscores too.
  // After an escape such as %3D, its digits are no part of them.
  ["id", /(?<=%3D|(?<![\w-]))(?=[\w-]*[a-z])(?=[\w-]*[A-Z])[\w-]{32}(?![\w-])|(?<!%)\b[A-Za-z0-9]{32}\b/],
  ["token", /(?<!%)\b[A-Za-z0-9]{24}\b|(?<="domainVerificationToken":")[\w-]{24}(?=")/],
];
const anyPattern = new RegExp(patterns.map(([name, re]) => `(?<${name}>${re.source})`).join("|"), "g");

// Tokens of SCIM hold a random part.
const scimToken = /(?<="scimToken":")[\w-]{32,}={0,2}(?=")/g;
// Kernia's resources of SCIM have a version: docs/compatibility.md, "Resources of SCIM".
const scimVersion = /,"version":"W\/\\"[\w-]{16}\\""/g;

// Better Auth writes the issuer of an authenticator app as a query, ours as apps read it:
// docs/compatibility.md, "Issuers of authenticator apps".
const issuer = /(?<=otpauth:\/\/[^"\s]*[?&]issuer=)[^&"\s]*/g;

/**
 * A state of a flow with a provider without the members that Kernia adds, which bind it to the provider and the session:
 * docs/compatibility.md, "State of a flow with a provider".
 * @param {string} text
 */
export function withoutOwn(text) {
  if (!text.includes('"oauthState"')) return text;
  const { provider, issuer, session, nonce, ...state } = JSON.parse(text);
  return JSON.stringify(state);
}

export class Mask {
  /** @type {Map<string, string>} */
  #seen = new Map();
  #counts = {};
  /** Decrypted envelopes by their text, found ahead because decryption is asynchronous. */
  #opened = new Map();

  /** @param {string} secret */
  constructor(secret) {
    this.secret = secret;
  }

  #placeholder(kind, value) {
    if (!this.#seen.has(value)) {
      this.#counts[kind] = (this.#counts[kind] ?? 0) + 1;
      this.#seen.set(value, `<${kind}${this.#counts[kind]}>`);
    }
    return this.#seen.get(value);
  }

  /**
   * @param {string} text
   * @returns {Promise<string>}
   */
  async text(text) {
    for (const [envelope] of text.matchAll(/eyJ[\w-]+\.[\w-]*\.[\w-]+\.[\w-]+\.[\w-]+/g)) {
      if (!this.#opened.has(envelope)) this.#opened.set(envelope, await this.#open(envelope));
    }
    for (const [envelope] of text.matchAll(/\b(?:[0-9a-f]{2}){40,}\b/g)) {
      if (!this.#opened.has(envelope)) this.#opened.set(envelope, await symmetricDecrypt({ key: this.secret, data: envelope }).catch(() => null));
    }
    for (const [key] of text.matchAll(new RegExp(patterns.find(([name]) => name === "apikey")[1], "g"))) this._apikey(key);
    return this.#replace(text.replace(issuer, (named) => named.replaceAll("+", "%20")).replace(scimToken, "<scim token>").replace(scimVersion, ""));
  }

  #replace(text) {
    return text.replace(anyPattern, (...found) => {
      const groups = found.at(-1);
      const [kind] = Object.entries(groups).find(([, value]) => value !== undefined);
      return this[`_${kind}`](found[0]);
    });
  }

  _sealed() {
    return "<sealed>";
  }

  _deflated(value) {
    return this.#placeholder("deflated", value);
  }

  _pagesig() {
    return "<signature of a page>";
  }

  /** A text without what is random, except for values that have been seen before. */
  known(text) {
    return text.replace(anyPattern, (...found) => {
      const [kind] = Object.entries(found.at(-1)).find(([, value]) => value !== undefined);
      return this.#seen.get(found[0]) ?? `<${kind}>`;
    });
  }

  async #open(envelope) {
    for (const salt of ["better-auth-session", "better-auth-account"]) {
      const key = hkdfSync("sha256", this.secret, salt, "BetterAuth.js Generated Encryption Key", 64);
      try {
        return Buffer.from((await compactDecrypt(envelope, new Uint8Array(key))).plaintext).toString();
      } catch {
        continue;
      }
    }
    return null;
  }

  _ceremony(value) {
    return `"challenge":"${this.#placeholder("ceremony", value)}"`;
  }

  _handle() {
    return '"user":{"id":"<handle>"';
  }

  _verifier(value) {
    return this.#placeholder("pkce", createHash("sha256").update(value).digest("base64url"));
  }

  _challenge(value) {
    return this.#placeholder("pkce", value);
  }

  _number(value) {
    return this.#placeholder("number", value);
  }

  _envelope(value) {
    const payload = this.#opened.get(value);
    return typeof payload === "string" ? `<encrypted ${this.#replace(withoutOwn(payload))}>` : this.#placeholder("hex", value);
  }

  _jwe(value) {
    const shown = Buffer.from(value.split(".")[0], "base64url").toString();
    // Better Auth's copy of an account has a copy of its user too, after a sign-in of a user
    // who exists. Nothing reads it: docs/compatibility.md, "Tokens of providers".
    const payload = this.#opened.get(value)?.replace(/(?<="providerId":.*),"user":\{[^}]*\}/, "");
    return payload ? `<jwe ${shown} ${this.#replace(payload)}>` : `<jwe ${shown} ${this.#placeholder("sealed", value)}>`;
  }

  _jwt(value) {
    const [header, payload, signature] = value.split(".");
    let shown;
    try {
      shown = [header, payload].map((part) => {
        const text = Buffer.from(part, "base64url").toString();
        JSON.parse(text);
        // The tokens of links name a row, those of Better Auth none: docs/compatibility.md,
        // "Links that recovery ends". Everything else in them is compared.
        return this.#replace(text.replace(/(?<="email":"[^"]*".*),"jti":"[A-Za-z0-9]{32}"(?=[,}])/, ""));
      });
    } catch {
      return this.#placeholder("opaque", value);
    }
    const expected = createHmac("sha256", this.secret).update(`${header}.${payload}`).digest("base64url");
    return `<jwt ${shown.join(" ")} ${same(signature, expected) ? "signed" : this.#placeholder("signature", signature)}>`;
  }

  _packed(value) {
    try {
      const text = Buffer.from(value, "base64url").toString();
      const content = JSON.parse(text);
      if (typeof content.signature !== "string") return `<packed ${this.#replace(text)}>`;
      const { session, expiresAt, signature } = content;
      const expected = createHmac("sha256", this.secret).update(JSON.stringify({ ...session, expiresAt })).digest("base64url");
      // The signature goes first: pieces of it may look like ids.
      return `<packed ${this.#replace(text.replace(signature, same(signature, expected) ? "<valid>" : "<INVALID>"))}>`;
    } catch {
      return this.#placeholder("opaque", value);
    }
  }

  _pair(value) {
    return this.#placeholder("device code", value);
  }

  _typed(value) {
    return this.#placeholder("user code", value);
  }

  _hash(value) {
    return this.#placeholder("hash", value);
  }

  _uuid(value) {
    return this.#placeholder("uuid", value);
  }

  _signed(value) {
    const at = value.indexOf(".");
    const payload = value.slice(0, at);
    const signature = decodeURIComponent(value.slice(at + 1));
    const expected = createHmac("sha256", this.secret).update(payload).digest("base64");
    const shown = /^[\w-]{32}$/.test(payload) ? this.#placeholder("id", payload) : this.#replace(payload);
    return `${shown}.${same(signature, expected) ? "<valid>" : this.#placeholder("signature", signature)}`;
  }

  _device(value) {
    const [identifier, mac] = value.split("!").reverse();
    return (mac ? `${this.#placeholder("mac", mac)}!` : "") + this.#placeholder("device", identifier);
  }

  _attempt(value) {
    return this.#placeholder("attempt", value);
  }

  _key(value) {
    return this.#placeholder("key", value);
  }

  _backup(value) {
    return this.#placeholder("backup", value);
  }

  /** A key, whose stored form is known by it from now on. */
  _apikey(value) {
    const shown = this.#placeholder("apikey", value);
    this.#seen.set(createHash("sha256").update(value).digest("base64url"), `<sha256 of ${shown}>`);
    return shown;
  }

  _digest(value) {
    return this.#placeholder("digest", value);
  }

  _start(value) {
    const of = [...this.#seen.keys()].some((key) => key.length > value.length && key.startsWith(value));
    return `<${of ? "start of a key" : "no start"}, ${value.length}>`;
  }

  _id(value) {
    return this.#placeholder("id", value);
  }

  _token(value) {
    return this.#placeholder("token", value);
  }

  _hashed(value) {
    return this.#placeholder("hashed", value);
  }
}

function same(a, b) {
  const [x, y] = [Buffer.from(a), Buffer.from(b)];
  return x.length === y.length && timingSafeEqual(x, y);
}
