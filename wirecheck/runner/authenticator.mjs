/**
 * A soft authenticator and the browser around it: makes credentials and
 * assertions for the options that a server hands out. Keys, ids and counters
 * follow from a seed, so that two servers are shown the same passkeys. What a
 * scenario wants forged is given in `forge`.
 */
import { createECDH, createHash, createPrivateKey, sign } from "node:crypto";
import { inPage } from "./page.mjs";

export const UP = 0x01;
export const UV = 0x04;
export const BE = 0x08;
export const BS = 0x10;
const AT = 0x40;

const sha256 = (data) => createHash("sha256").update(data).digest();
const b64 = (data) => Buffer.from(data).toString("base64url");

/** The head of a CBOR item: its major type and its number or length. */
function head(major, n) {
  if (n < 24) return Buffer.from([(major << 5) | n]);
  if (n < 0x100) return Buffer.from([(major << 5) | 24, n]);
  if (n < 0x10000) return Buffer.from([(major << 5) | 25, n >> 8, n & 255]);
  const out = Buffer.alloc(5);
  out[0] = (major << 5) | 26;
  out.writeUInt32BE(n, 1);
  return out;
}

/** CBOR of integers, texts, bytes and Maps: all that WebAuthn needs. */
export function cbor(value) {
  if (typeof value === "number") return value < 0 ? head(1, -1 - value) : head(0, value);
  if (typeof value === "string") return Buffer.concat([head(3, Buffer.byteLength(value)), Buffer.from(value)]);
  if (value instanceof Uint8Array) return Buffer.concat([head(2, value.length), value]);
  if (value instanceof Map) return Buffer.concat([head(5, value.size), ...[...value].flatMap(([k, v]) => [cbor(k), cbor(v)])]);
  throw new TypeError(`no CBOR for ${typeof value}`);
}

/** A P-256 key pair that follows from a text. */
function keyPair(seed) {
  const d = sha256(seed);
  const ecdh = createECDH("prime256v1");
  ecdh.setPrivateKey(d);
  const point = ecdh.getPublicKey();
  const [x, y] = [point.subarray(1, 33), point.subarray(33)];
  const privateKey = createPrivateKey({ format: "jwk", key: { kty: "EC", crv: "P-256", d: b64(d), x: b64(x), y: b64(y) } });
  return { privateKey, cose: cbor(new Map([[1, 2], [3, -7], [-1, 1], [-2, x], [-3, y]])) };
}

/** What @simplewebauthn/browser, which the official client uses, looks for in a browser. */
globalThis.PublicKeyCredential ??= class PublicKeyCredential {
  static isConditionalMediationAvailable = async () => true;
};
const document = { querySelectorAll: () => [{}] };

export class Authenticator {
  /** @type {{id: Buffer, privateKey: import("node:crypto").KeyObject, rpId: string, userHandle: Buffer, counter: number}[]} */
  credentials = [];

  /**
   * @param {string} seed
   * @param {{origin?: string, flags?: number, counts?: boolean, transports?: string[], aaguid?: string}} [nature]
   *   flags: UP, UV, BE, BS; counts: it has a signature counter
   */
  constructor(seed, { origin = "http://localhost:3000", flags = UP | UV, counts = true, transports = ["internal", "hybrid"], aaguid = "ea9b8d66-4d01-1d21-3ce4-b6b48cb575d4" } = {}) {
    Object.assign(this, { seed, origin, flags, counts, transports, aaguid });
  }

  /** Runs f, in which navigator.credentials is this authenticator. */
  use(f) {
    const texts = ({ challenge, user, excludeCredentials, allowCredentials, ...rest }) => ({
      ...rest,
      challenge: b64(challenge),
      user: user && { ...user, id: b64(user.id) },
      excludeCredentials: excludeCredentials?.map((c) => ({ ...c, id: b64(c.id) })),
      allowCredentials: allowCredentials?.map((c) => ({ ...c, id: b64(c.id) })),
    });
    const credentials = {
      create: async ({ publicKey }) => browserObject(this.create(texts(publicKey))),
      get: async ({ publicKey, mediation }) => {
        if (mediation === "conditional" && publicKey.allowCredentials.length > 0) throw new TypeError("conditional UI has no list");
        return browserObject(this.get(texts(publicKey)));
      },
    };
    return inPage({ credentials, document }, f);
  }

  #clientData(type, options, forge) {
    const data = { type, challenge: options.challenge, origin: this.origin, crossOrigin: false, ...forge.clientData };
    return Buffer.from(forge.clientDataText ?? JSON.stringify(data));
  }

  #authData(rpId, flags, counter, attested = Buffer.alloc(0)) {
    const count = Buffer.alloc(4);
    count.writeUInt32BE(counter);
    return Buffer.concat([sha256(rpId), Buffer.from([flags]), count, attested]);
  }

  /**
   * Makes a credential for the answer of generate-register-options, and returns
   * what the client sends as `response`.
   * @param {any} options
   * @param {{clientData?: object, clientDataText?: string, flags?: number, rpId?: string, counter?: number, id?: Buffer, key?: Buffer, fmt?: string, attStmt?: Map<any, any>, tail?: Buffer, transports?: unknown}} [forge]
   */
  create(options, forge = {}) {
    const excluded = options.excludeCredentials?.map(({ id }) => id) ?? [];
    if (!forge.id && this.credentials.some(({ id }) => excluded.includes(b64(id)))) throw new DOMException("already registered", "InvalidStateError");
    const label = `${this.seed} ${this.credentials.length}`;
    const { privateKey, cose } = keyPair(`key ${label}`);
    const id = forge.id ?? sha256(`id ${label}`);
    const credential = { id, privateKey, rpId: forge.rpId ?? options.rp.id, userHandle: Buffer.from(options.user.id, "base64url"), counter: forge.counter ?? (this.counts ? 1 : 0) };
    this.credentials.push(credential);
    const length = Buffer.from([id.length >> 8, id.length & 255]);
    const attested = Buffer.concat([Buffer.from(this.aaguid.replaceAll("-", ""), "hex"), length, id, forge.key ?? cose, forge.tail ?? Buffer.alloc(0)]);
    const authData = this.#authData(credential.rpId, (forge.flags ?? this.flags) | AT, credential.counter, attested);
    const clientDataJSON = this.#clientData("webauthn.create", options, forge);
    const attestationObject = cbor(new Map([["fmt", forge.fmt ?? "none"], ["attStmt", forge.attStmt ?? new Map()], ["authData", authData]]));
    return {
      id: b64(id),
      rawId: b64(id),
      response: { attestationObject: b64(attestationObject), clientDataJSON: b64(clientDataJSON), transports: "transports" in forge ? forge.transports : this.transports },
      type: "public-key",
      authenticatorAttachment: "platform",
    };
  }

  /**
   * Answers generate-authenticate-options with the newest credential that fits.
   * @param {any} options
   * @param {{clientData?: object, clientDataText?: string, flags?: number, rpId?: string, counter?: number, id?: Buffer, userHandle?: Buffer | null, signature?: Buffer, credential?: number}} [forge]
   */
  get(options, forge = {}) {
    const allowed = options.allowCredentials?.map(({ id }) => id);
    const fits = (c) => !allowed?.length || allowed.includes(b64(c.id));
    const credential = forge.credential === undefined ? this.credentials.findLast(fits) : this.credentials[forge.credential];
    if (!credential) throw new DOMException("no credential", "NotAllowedError");
    if (this.counts) credential.counter++;
    const authData = this.#authData(forge.rpId ?? credential.rpId, forge.flags ?? this.flags, forge.counter ?? credential.counter);
    const clientDataJSON = this.#clientData("webauthn.get", options, forge);
    const signature = forge.signature ?? sign("sha256", Buffer.concat([authData, sha256(clientDataJSON)]), credential.privateKey);
    const id = b64(forge.id ?? credential.id);
    const userHandle = forge.userHandle === undefined ? credential.userHandle : forge.userHandle;
    return {
      id,
      rawId: id,
      response: { authenticatorData: b64(authData), clientDataJSON: b64(clientDataJSON), signature: b64(signature), ...(userHandle ? { userHandle: b64(userHandle) } : {}) },
      type: "public-key",
      authenticatorAttachment: "platform",
    };
  }
}

/** The credential as an object of the browser: bytes are buffers again. */
function browserObject({ id, rawId, response, type, authenticatorAttachment }) {
  const buffer = (text) => text && new Uint8Array(Buffer.from(text, "base64url")).buffer;
  return {
    id,
    rawId: buffer(rawId),
    type,
    authenticatorAttachment,
    getClientExtensionResults: () => ({ credProps: { rk: true } }),
    response: {
      clientDataJSON: buffer(response.clientDataJSON),
      attestationObject: buffer(response.attestationObject),
      authenticatorData: buffer(response.authenticatorData),
      signature: buffer(response.signature),
      userHandle: buffer(response.userHandle),
      getTransports: () => response.transports,
    },
  };
}
