/**
 * The module saml against SAML software that nobody here wrote: npm's samlify and samlp as
 * identity providers, and node-saml as a reader of what this server sends.
 *
 *     node saml.mjs
 *
 * cmd/samlsp is the service provider. Exit code 0: every step held.
 */
import assert from "node:assert/strict";
import { createRequire } from "node:module";
import { dirname } from "node:path";
import { fileURLToPath } from "node:url";
import { inflateRawSync } from "node:zlib";
import { closeConnections, startServer } from "./runner/servers.mjs";

const require = createRequire(import.meta.url);
const samlify = require("samlify");
const samlp = require("samlp");
const { SAML } = require("@node-saml/node-saml");
const nodeXML = require("@node-saml/node-saml/lib/xml.js");

const repository = dirname(dirname(fileURLToPath(import.meta.url)));
const idpEntity = "https://idp.example.com/metadata";
const bindings = { redirect: "urn:oasis:names:tc:SAML:2.0:bindings:HTTP-Redirect", post: "urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST" };
const persistent = "urn:oasis:names:tc:SAML:2.0:nameid-format:persistent";

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

/** The service provider, called as a browser and as its administrator. */
class Site {
  constructor(url) {
    this.url = url;
  }

  async #json(path, init) {
    const answer = await fetch(this.url + path, init);
    return { status: answer.status, ...(await answer.json()) };
  }

  async call(path, body) {
    const got = await this.#json(path, body && { method: "POST", body: JSON.stringify(body) });
    assert.equal(got.status, 200, got.error);
    return got;
  }

  form(path, fields) {
    return this.#json(path, { method: "POST", body: new URLSearchParams(fields) });
  }

  /** Follows the URL of a message in a query. */
  get(url) {
    assert.ok(url.startsWith(this.url), url);
    return this.#json(url.slice(this.url.length));
  }

  async metadata() {
    return (await fetch(`${this.url}/metadata`)).text();
  }
}

const field = (message, name) => message.Fields?.find((f) => f.Name === name)?.Value;
const query = (url) => Object.fromEntries(new URL(url).searchParams);
const bare = (pem) => pem.replace(/-----[^-]+-----|\s/g, "");
/** What samlify signs, and verifies, of a query. */
const octets = (url) => new URL(url).search.slice(1).split("&Signature=")[0];

function samlifyProvider(peer, more = {}) {
  return samlify.IdentityProvider({
    entityID: idpEntity,
    privateKey: peer.key,
    signingCert: bare(peer.cert),
    nameIDFormat: [persistent],
    singleSignOnService: Object.values(bindings).map((Binding) => ({ Binding, Location: "https://idp.example.com/sso", isDefault: true })),
    singleLogoutService: Object.values(bindings).map((Binding) => ({ Binding, Location: "https://idp.example.com/slo", isDefault: true })),
    requestSignatureAlgorithm: "http://www.w3.org/2001/04/xmldsig-more#rsa-sha256",
    wantLogoutRequestSigned: true,
    wantLogoutResponseSigned: true,
    ...more,
  });
}

async function withSamlify(site, peer) {
  for (const [name, more, connection] of [
    ["assertions signed", {}, {}],
    ["requests signed", { wantAuthnRequestsSigned: true }, { sign: true, want: true }],
    ["messages signed as well", { wantAuthnRequestsSigned: true }, { sign: true, message: true }],
    ["assertions encrypted with AES-256-GCM", { isAssertionEncrypted: true, dataEncryptionAlgorithm: "http://www.w3.org/2009/xmlenc11#aes256-gcm", keyEncryptionAlgorithm: "http://www.w3.org/2001/04/xmlenc#rsa-oaep-mgf1p" }, { encrypt: true, want: true }],
    // Its default signs the message around the plain assertion, and encrypts afterwards: that signature is nobody's.
    ["messages signed around assertions encrypted with AES-128-CBC", { isAssertionEncrypted: true, dataEncryptionAlgorithm: "http://www.w3.org/2001/04/xmlenc#aes128-cbc", keyEncryptionAlgorithm: "http://www.w3.org/2001/04/xmlenc#rsa-oaep-mgf1p" }, { encrypt: true, encryptThenSign: true }],
  ]) {
    const idp = samlifyProvider(peer, more);
    let sp;
    await check(`samlify: its metadata, and ours, with ${name}`, async () => {
      const got = await site.call("/connection", { Metadata: idp.getMetadata(), Sign: connection.sign, Encrypt: connection.encrypt, Want: connection.want });
      assert.equal(got.EntityID, idpEntity);
      assert.equal(got.SSO.length, 2);
      assert.equal(got.SLO.length, 2);
      assert.equal(got.WantAuthnRequestsSigned, Boolean(more.wantAuthnRequestsSigned));
      sp = samlify.ServiceProvider({ metadata: await site.metadata(), wantMessageSigned: connection.message, wantLogoutRequestSigned: true, wantLogoutResponseSigned: true });
      assert.equal(sp.entityMeta.getEntityID(), `${site.url}/metadata`);
      assert.equal(sp.entityMeta.getAssertionConsumerService("post"), `${site.url}/acs`);
      assert.equal(sp.entityMeta.isAuthnRequestSigned(), Boolean(connection.sign));
      assert.equal(sp.entityMeta.isWantAssertionsSigned(), Boolean(connection.want));
      if (connection.encrypt) assert.ok(sp.entityMeta.getX509Certificate("encryption"));
    });
    for (const binding of ["redirect", "post"]) {
      await check(`samlify: sign in by ${binding} with ${name}`, async () => {
        const message = await site.call("/request", { Binding: bindings[binding], Location: "https://idp.example.com/sso", RelayState: "a state/&=+" });
        const request =
          binding === "redirect"
            ? await idp.parseLoginRequest(sp, "redirect", { query: query(message.URL), octetString: octets(message.URL) })
            : await idp.parseLoginRequest(sp, "post", { body: { SAMLRequest: field(message, "SAMLRequest") } });
        assert.equal(request.extract.request.id, message.ID);
        assert.equal(request.extract.request.assertionConsumerServiceUrl, `${site.url}/acs`);
        const { context } = await idp.createLoginResponse(sp, request, "post", { email: "ada & <co>@example.com" }, { encryptThenSign: connection.encryptThenSign });
        const got = await site.form("/acs", { SAMLResponse: context });
        assert.equal(got.status, 200, got.error);
        assert.deepEqual([got.NameID, got.NameIDFormat, got.InResponseTo, got.Issuer], ["ada & <co>@example.com", persistent, message.ID, idpEntity]);
        // One letter of the answer is another one.
        const xml = Buffer.from(context, "base64").toString();
        const at = connection.encrypt ? xml.lastIndexOf("CipherValue>") - 40 : xml.indexOf("ada &amp;");
        const other = xml.slice(0, at) + (xml[at] === "b" ? "c" : "b") + xml.slice(at + 1);
        const refused = await site.form("/acs", { SAMLResponse: Buffer.from(other).toString("base64") });
        assert.equal(refused.status, 400, JSON.stringify(refused));
      });
    }
    if (!connection.sign) continue;
    for (const binding of ["redirect", "post"]) {
      await check(`samlify: sign out by ${binding}, begun there, with ${name}`, async () => {
        const { context } = idp.createLogoutRequest(sp, binding, { logoutNameID: "ada", sessionIndex: "_s1" }, { relayState: "out" });
        const got = binding === "redirect" ? await site.get(context) : await site.form("/slo", { SAMLRequest: context, RelayState: "out" });
        assert.equal(got.status, 200, got.error);
        assert.deepEqual([got.NameID, got.SessionIndexes, got.RelayState], ["ada", ["_s1"], "out"]);
        const message = await site.call("/logout-answer", { InResponseTo: got.ID, Success: true, Binding: bindings[binding], Location: "https://idp.example.com/slo", RelayState: "out" });
        const answer =
          binding === "redirect"
            ? await idp.parseLogoutResponse(sp, "redirect", { query: query(message.URL), octetString: octets(message.URL) })
            : await idp.parseLogoutResponse(sp, "post", { body: { SAMLResponse: field(message, "SAMLResponse") } });
        assert.equal(answer.extract.response.inResponseTo, got.ID);
      });
      await check(`samlify: sign out by ${binding}, begun here, with ${name}`, async () => {
        const message = await site.call("/logout", { Binding: bindings[binding], Location: "https://idp.example.com/slo", NameID: "ada", NameIDFormat: persistent, SessionIndexes: ["_s1"], RelayState: "out" });
        const request =
          binding === "redirect"
            ? await idp.parseLogoutRequest(sp, "redirect", { query: query(message.URL), octetString: octets(message.URL) })
            : await idp.parseLogoutRequest(sp, "post", { body: { SAMLRequest: field(message, "SAMLRequest") } });
        assert.equal(request.extract.nameID, "ada");
        const { context } = idp.createLogoutResponse(sp, request, binding, { relayState: "out" });
        const got = binding === "redirect" ? await site.get(context) : await site.form("/slo", { SAMLResponse: context, RelayState: "out" });
        assert.equal(got.status, 200, got.error);
        assert.deepEqual([got.InResponseTo, got.Success], [message.ID, true]);
      });
    }
  }
}

/** Answers of samlp, whose middleware gets requests that look like Express's. */
function samlpAnswer(options, request) {
  return new Promise((resolve, reject) => {
    const send = (body) => resolve(/name="SAMLResponse"\s+value="([^"]+)"/.exec(body)?.[1]);
    samlp.auth({
      getUserFromRequest: () => ({ id: "ada", emails: [{ value: "ada@example.com" }], displayName: "Ada <Lovelace>", name: { givenName: "Ada", familyName: "Lovelace" } }),
      warnOnInsecureEncryptionAlgorithm: false,
      ...options,
    })({ query: {}, body: {}, headers: {}, ...request }, { set() {}, send }, reject);
  });
}

async function withSamlp(site, peer) {
  const metadata = await new Promise((resolve) => {
    samlp.metadata({ issuer: idpEntity, cert: peer.cert, redirectEndpointPath: "/sso", postEndpointPath: "/sso", logoutEndpointPaths: { redirect: "/slo", post: "/slo" } })(
      { originalUrl: "/", headers: { host: "idp.example.com" }, protocol: "https" },
      { set() {}, send: resolve },
    );
  });
  let certificate;
  for (const [name, more, connection] of [
    ["assertions signed", {}, { want: true }],
    ["responses signed", { signAssertion: false, signResponse: true }, {}],
    ["both signed", { signResponse: true, digestAlgorithm: "sha256" }, { sign: true, want: true }],
    ["both signed with a prefix", { signResponse: true, signatureNamespacePrefix: "ds" }, { sign: true }],
    ["assertions encrypted", { encryptionAlgorithm: "http://www.w3.org/2009/xmlenc11#aes256-gcm", disallowEncryptionWithInsecureAlgorithm: true }, { encrypt: true, want: true }],
    ["responses signed around encrypted assertions", { signResponse: true, encryptionAlgorithm: "http://www.w3.org/2001/04/xmlenc#aes256-cbc", disallowEncryptionWithInsecureAlgorithm: false }, { encrypt: true }],
  ]) {
    for (const binding of ["redirect", "post"]) {
      await check(`samlp: sign in by ${binding} with ${name}`, async () => {
        const got = await site.call("/connection", { Metadata: metadata, Sign: connection.sign, Encrypt: connection.encrypt, Want: connection.want });
        assert.equal(got.EntityID, idpEntity);
        const ours = samlify.ServiceProvider({ metadata: await site.metadata() }).entityMeta;
        certificate = ours.getX509Certificate("encryption") || ours.getX509Certificate("signing");
        const pem = certificate && `-----BEGIN CERTIFICATE-----\n${certificate.match(/.{1,64}/g).join("\n")}\n-----END CERTIFICATE-----\n`;
        const message = await site.call("/request", { Binding: bindings[binding], Location: "https://idp.example.com/sso", RelayState: "state" });
        const options = {
          issuer: idpEntity, cert: peer.cert, key: peer.key, recipient: `${site.url}/acs`, destination: `${site.url}/acs`, sessionIndex: "_s1", ...more,
          getPostURL: (_audience, request, _req, callback) => callback(null, request.documentElement.getAttribute("AssertionConsumerServiceURL")),
          ...(connection.encrypt && { encryptionCert: pem, encryptionPublicKey: (await import("node:crypto")).createPublicKey(pem).export({ type: "spki", format: "pem" }) }),
          ...(connection.sign && { signingCert: bare(pem) }),
        };
        const request = binding === "redirect" ? { method: "GET", query: query(message.URL) } : { method: "POST", body: { SAMLRequest: field(message, "SAMLRequest") } };
        const answer = await samlpAnswer(options, request);
        const read = await site.form("/acs", { SAMLResponse: answer });
        assert.equal(read.status, 200, read.error);
        assert.deepEqual([read.NameID, read.InResponseTo, read.SessionIndex], ["ada", message.ID, "_s1"]);
        assert.deepEqual(read.Attributes["http://schemas.xmlsoap.org/ws/2005/05/identity/claims/name"], ["Ada <Lovelace>"]);
        assert.deepEqual(read.Attributes["http://schemas.xmlsoap.org/ws/2005/05/identity/claims/emailaddress"], ["ada@example.com"]);
      });
    }
  }
  await check("samlp: SHA-1 and 3DES are refused, and accepted where they are allowed", async () => {
    for (const more of [
      { signatureAlgorithm: "rsa-sha1", digestAlgorithm: "sha1" },
      { encryptionAlgorithm: "http://www.w3.org/2001/04/xmlenc#tripledes-cbc", disallowEncryptionWithInsecureAlgorithm: false, encrypt: true },
    ]) {
      for (const AllowDeprecated of [false, true]) {
        await site.call("/connection", { Metadata: metadata, Encrypt: true, AllowDeprecated });
        const ours = samlify.ServiceProvider({ metadata: await site.metadata() }).entityMeta.getX509Certificate("encryption");
        const pem = `-----BEGIN CERTIFICATE-----\n${ours.match(/.{1,64}/g).join("\n")}\n-----END CERTIFICATE-----\n`;
        const message = await site.call("/request", { Binding: bindings.post, Location: "https://idp.example.com/sso" });
        const answer = await samlpAnswer(
          {
            issuer: idpEntity, cert: peer.cert, key: peer.key, recipient: `${site.url}/acs`, destination: `${site.url}/acs`, ...more,
            getPostURL: (_a, _r, _q, callback) => callback(null, `${site.url}/acs`),
            ...(more.encrypt && { encryptionCert: pem, encryptionPublicKey: (await import("node:crypto")).createPublicKey(pem).export({ type: "spki", format: "pem" }) }),
          },
          { method: "POST", body: { SAMLRequest: field(message, "SAMLRequest") } },
        );
        const read = await site.form("/acs", { SAMLResponse: answer });
        assert.equal(read.status, AllowDeprecated ? 200 : 400, read.error);
      }
    }
  });
}

async function withNodeSAML(site, peer) {
  await site.call("/connection", { Metadata: samlifyProvider(peer).getMetadata(), Sign: true, Encrypt: true, Want: true });
  const ours = await site.metadata();
  const entity = samlify.ServiceProvider({ metadata: ours }).entityMeta;
  const certificate = entity.getX509Certificate("signing");
  // node-saml in the place of the identity provider: messages of logout look the same from both sides.
  const other = new SAML({
    issuer: idpEntity, callbackUrl: "https://idp.example.com/acs", entryPoint: `${site.url}/slo`, logoutUrl: `${site.url}/slo`,
    idpCert: certificate, privateKey: peer.key, signatureAlgorithm: "sha256", digestAlgorithm: "sha256", idpIssuer: `${site.url}/metadata`,
  });
  await check("node-saml: our metadata say what its own would", async () => {
    const like = new SAML({
      issuer: `${site.url}/metadata`, callbackUrl: `${site.url}/acs`, logoutCallbackUrl: `${site.url}/slo`, idpCert: certificate, wantAssertionsSigned: true, wantAuthnResponseSigned: false,
      privateKey: peer.key, decryptionPvk: peer.key, identifierFormat: null, entryPoint: "https://idp.example.com/sso",
    });
    const both = [];
    for (const xml of [ours, like.generateServiceProviderMetadata(entity.getX509Certificate("encryption"), certificate)]) {
      const { EntityDescriptor } = await nodeXML.parseXml2JsFromString(xml);
      const [role] = EntityDescriptor.SPSSODescriptor;
      both.push({
        entity: EntityDescriptor.$.entityID,
        wants: role.$.WantAssertionsSigned,
        signs: role.$.AuthnRequestsSigned,
        protocol: role.$.protocolSupportEnumeration,
        keys: role.KeyDescriptor.map((k) => [k.$.use, k.KeyInfo[0].X509Data[0].X509Certificate[0]._ ?? k.KeyInfo[0].X509Data[0].X509Certificate[0]]).map(([use, cert]) => [use, bare(cert)]).sort(),
        acs: role.AssertionConsumerService.map(({ $ }) => [$.Binding, $.Location]),
        slo: role.SingleLogoutService.map(({ $ }) => [$.Binding, $.Location]).filter(([b]) => b === bindings.post),
      });
    }
    assert.deepEqual(both[0], both[1]);
  });
  await check("node-saml: our request is signed, and says what its own would", async () => {
    const pem = `-----BEGIN CERTIFICATE-----\n${certificate.match(/.{1,64}/g).join("\n")}\n-----END CERTIFICATE-----\n`;
    const message = await site.call("/request", { Binding: bindings.post, Location: "https://idp.example.com/sso" });
    const xml = Buffer.from(field(message, "SAMLRequest"), "base64").toString();
    const dom = await nodeXML.parseDomFromString(xml);
    assert.ok(nodeXML.validateSignature(xml, dom.documentElement, [pem]));
    assert.ok(nodeXML.getVerifiedXml(xml, dom.documentElement, [pem]).includes(message.ID));
    const changed = xml.replace("/acs", "/evil");
    assert.notEqual(changed, xml);
    assert.ok(!nodeXML.validateSignature(changed, (await nodeXML.parseDomFromString(changed)).documentElement, [pem]));
    const like = new SAML({
      issuer: `${site.url}/metadata`, callbackUrl: `${site.url}/acs`, idpCert: certificate, entryPoint: "https://idp.example.com/sso", identifierFormat: null, disableRequestedAuthnContext: true,
    });
    const { SAMLRequest } = query(await like.getAuthorizeUrlAsync("", "", {}));
    const theirs = await nodeXML.parseXml2JsFromString(inflateRawSync(Buffer.from(SAMLRequest, "base64")).toString());
    const mine = await nodeXML.parseXml2JsFromString(xml);
    const meaning = ({ AuthnRequest: { $, Issuer } }) => ({ $: Object.fromEntries(Object.entries($).filter(([n]) => !/^xmlns|^ID$|IssueInstant/.test(n))), issuer: Issuer[0]._ });
    assert.deepEqual(meaning(mine), meaning(theirs));
  });
  await check("node-saml: it reads our messages of logout, by redirect and by form", async () => {
    const logout = { Location: "https://idp.example.com/slo", NameID: "ada", NameIDFormat: persistent, SessionIndexes: ["_s1"] };
    const redirect = await site.call("/logout", { ...logout, Binding: bindings.redirect });
    const read = await other.validateRedirectAsync(query(redirect.URL), new URL(redirect.URL).search.slice(1));
    assert.deepEqual([read.profile.nameID, read.profile.sessionIndex, read.loggedOut], ["ada", "_s1", true]);
    const post = await site.call("/logout", { ...logout, Binding: bindings.post });
    const posted = await other.validatePostRequestAsync({ SAMLRequest: field(post, "SAMLRequest") });
    assert.equal(posted.profile.nameID, "ada");
    const answer = await site.call("/logout-answer", { InResponseTo: "_q", Success: true, Binding: bindings.redirect, Location: "https://idp.example.com/slo" });
    assert.equal((await other.validateRedirectAsync(query(answer.URL), new URL(answer.URL).search.slice(1))).loggedOut, true);
  });
  await check("node-saml: we read its messages of logout", async () => {
    const got = await site.get(await other.getLogoutUrlAsync({ nameID: "ada", nameIDFormat: persistent, sessionIndex: "_s1" }, "out", {}));
    assert.equal(got.status, 200, got.error);
    assert.deepEqual([got.NameID, got.SessionIndexes, got.RelayState], ["ada", ["_s1"], "out"]);
    const answered = await site.get(await other.getLogoutResponseUrlAsync({ ID: "_q" }, "out", {}, true));
    assert.equal(answered.status, 200, answered.error);
    assert.deepEqual([answered.InResponseTo, answered.Success], ["_q", true]);
  });
}

samlify.setSchemaValidator({ validate: () => Promise.resolve("no schemas are here") });
const server = await startServer("samlsp", ["go", "run", "./wirecheck/cmd/samlsp"], { cwd: repository });
try {
  const site = new Site(server.url);
  const peer = await site.call("/peer");
  await withSamlify(site, peer);
  await withSamlp(site, peer);
  await withNodeSAML(site, peer);
} finally {
  await server.stop();
  closeConnections();
}
