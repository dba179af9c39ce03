/** An identity provider of SAML, which signs its responses itself. */
import { createHash, generateKeyPairSync, sign } from "node:crypto";
import { createRequire } from "node:module";
import { inflateRawSync } from "node:zlib";
import { ORIGIN } from "./kit.mjs";

const forge = createRequire(import.meta.url)("node-forge");

export const IDP = "https://idp.example.com";
export const SP = "https://app.example.com/sp";
const at = (app, minutes) => new Date(app.now + minutes * 60_000).toISOString();

const { publicKey, privateKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });

/** A certificate for all times. */
export const certificate = (() => {
  const cert = forge.pki.createCertificate();
  cert.publicKey = forge.pki.publicKeyFromPem(publicKey.export({ type: "spki", format: "pem" }));
  cert.serialNumber = "01";
  cert.validity.notBefore = new Date(Date.UTC(2000, 0, 1));
  cert.validity.notAfter = new Date(Date.UTC(2040, 0, 1));
  cert.setSubject([{ name: "commonName", value: "idp" }]);
  cert.setIssuer([{ name: "commonName", value: "idp" }]);
  cert.sign(forge.pki.privateKeyFromPem(privateKey.export({ type: "pkcs8", format: "pem" })), forge.md.sha256.create());
  return forge.pki.certificateToPem(cert);
})();

const NS = { saml: "urn:oasis:names:tc:SAML:2.0:assertion", samlp: "urn:oasis:names:tc:SAML:2.0:protocol", ds: "http://www.w3.org/2000/09/xmldsig#" };

/** Signs an element that is written in its canonical form, after its issuer. */
function signed(xml, id) {
  const digest = createHash("sha256").update(xml).digest("base64");
  const info =
    `<ds:SignedInfo xmlns:ds="${NS.ds}"><ds:CanonicalizationMethod Algorithm="http://www.w3.org/2001/10/xml-exc-c14n#"></ds:CanonicalizationMethod>` +
    `<ds:SignatureMethod Algorithm="http://www.w3.org/2001/04/xmldsig-more#rsa-sha256"></ds:SignatureMethod><ds:Reference URI="#${id}"><ds:Transforms>` +
    `<ds:Transform Algorithm="${NS.ds}enveloped-signature"></ds:Transform><ds:Transform Algorithm="http://www.w3.org/2001/10/xml-exc-c14n#"></ds:Transform></ds:Transforms>` +
    `<ds:DigestMethod Algorithm="http://www.w3.org/2001/04/xmlenc#sha256"></ds:DigestMethod><ds:DigestValue>${digest}</ds:DigestValue></ds:Reference></ds:SignedInfo>`;
  const value = sign("sha256", Buffer.from(info), privateKey).toString("base64");
  return xml.replace("</saml:Issuer>", `</saml:Issuer><ds:Signature xmlns:ds="${NS.ds}">${info}<ds:SignatureValue>${value}</ds:SignatureValue></ds:Signature>`);
}

let count = 0;

/** A response, with what a scenario wants otherwise. */
export function response(app, { provider = "acme", name = "ada@acme.example", audience = SP, from = -1, until = 5, attributes = {}, sign: signing = true, request, status = "Success", inner = (a) => a, id = `_a${++count}` } = {}) {
  const acs = `${ORIGIN}/api/auth/sso/saml2/sp/acs/${provider}`;
  const answers = request ? ` InResponseTo="${request}"` : "";
  const values = { email: name, givenName: "Ada", surname: "Lovelace", ...attributes };
  const list = Object.entries(values).map(([n, v]) => `<saml:Attribute Name="${n}"><saml:AttributeValue>${v}</saml:AttributeValue></saml:Attribute>`);
  const assertion =
    `<saml:Assertion xmlns:saml="${NS.saml}" ID="${id}" IssueInstant="${at(app, 0)}" Version="2.0"><saml:Issuer>${IDP}</saml:Issuer>` +
    `<saml:Subject><saml:NameID>${name}</saml:NameID><saml:SubjectConfirmation Method="urn:oasis:names:tc:SAML:2.0:cm:bearer">` +
    `<saml:SubjectConfirmationData${answers} NotOnOrAfter="${at(app, until)}" Recipient="${acs}"></saml:SubjectConfirmationData></saml:SubjectConfirmation></saml:Subject>` +
    `<saml:Conditions NotBefore="${at(app, from)}" NotOnOrAfter="${at(app, until)}"><saml:AudienceRestriction><saml:Audience>${audience}</saml:Audience></saml:AudienceRestriction></saml:Conditions>` +
    `<saml:AuthnStatement AuthnInstant="${at(app, 0)}" SessionIndex="_s"></saml:AuthnStatement><saml:AttributeStatement>${list.join("")}</saml:AttributeStatement></saml:Assertion>`;
  const xml =
    `<samlp:Response xmlns:samlp="${NS.samlp}" Destination="${acs}" ID="_r${id}"${answers} IssueInstant="${at(app, 0)}" Version="2.0"><saml:Issuer xmlns:saml="${NS.saml}">${IDP}</saml:Issuer>` +
    `<samlp:Status><samlp:StatusCode Value="urn:oasis:names:tc:SAML:2.0:status:${status}"></samlp:StatusCode></samlp:Status>${inner(signing ? signed(assertion, id) : assertion)}</samlp:Response>`;
  return Buffer.from(xml).toString("base64");
}

/** The registration of the provider. */
export const registration = (saml = {}, more = {}) => ({
  providerId: "acme",
  issuer: IDP,
  domain: "acme.example",
  samlConfig: { entryPoint: `${IDP}/sso`, cert: certificate, callbackUrl: `${ORIGIN}/dashboard`, wantAssertionsSigned: true, idpMetadata: { entityID: IDP, cert: certificate }, spMetadata: { entityID: SP }, ...saml },
  ...more,
});

/** What a browser carries to the provider. */
export function asked(url) {
  const query = new URL(url).searchParams;
  const request = inflateRawSync(Buffer.from(query.get("SAMLRequest"), "base64")).toString();
  return { id: / ID="([^"]+)"/.exec(request)[1], destination: / Destination="([^"]+)"/.exec(request)[1], issuer: /Issuer[^>]*>([^<]+)</.exec(request)[1], relayState: query.get("RelayState") };
}

/** The page of the provider posts a response. */
export const post = (browser, SAMLResponse, RelayState, path = "/sso/saml2/sp/acs/acme") =>
  browser.request("POST", path, { body: new URLSearchParams({ SAMLResponse, ...(RelayState !== undefined && { RelayState }) }).toString(), headers: { "content-type": "application/x-www-form-urlencoded" } });
