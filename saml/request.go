package saml

import (
	"time"

	"github.com/beevik/etree"

	"github.com/advantch/kernia-go/core/plugins/sso"
)

// message begins a message of this server, with its issuer as the first child.
func message(name string, conn *sso.SAMLConnection, location string, now time.Time) (root *etree.Element, id string) {
	id = newID()
	root = etree.NewElement("samlp:" + name)
	root.CreateAttr("xmlns:samlp", nsProtocol)
	root.CreateAttr("xmlns:saml", nsAssertion)
	root.CreateAttr("ID", id)
	root.CreateAttr("Version", "2.0")
	root.CreateAttr("IssueInstant", instant(now))
	root.CreateAttr("Destination", location)
	root.CreateElement("saml:Issuer").SetText(conn.SP.EntityID)
	return root, id
}

// AuthnRequest implements sso.SAML.
func (s *stack) AuthnRequest(conn *sso.SAMLConnection, r sso.SAMLRequest) (*sso.SAMLMessage, error) {
	if err := webLocation(conn.SP.ACS); err != nil {
		return nil, err
	}
	key, err := newSigner(&conn.SP, &conn.Policy)
	if err != nil {
		return nil, configuration(err)
	}
	switch {
	case conn.SP.SignRequests && key == nil:
		return nil, refuse(codeConfiguration, "requests are to be signed, and there is no signing key")
	case !conn.SP.SignRequests && !conn.IDP.WantAuthnRequestsSigned:
		key = nil
	}
	root, id := message("AuthnRequest", conn, r.Location, r.Now)
	root.CreateAttr("ProtocolBinding", string(sso.SAMLPost))
	root.CreateAttr("AssertionConsumerServiceURL", conn.SP.ACS)
	if r.ForceAuthn {
		root.CreateAttr("ForceAuthn", "true")
	}
	if conn.SP.NameIDFormat != "" {
		policy := root.CreateElement("samlp:NameIDPolicy")
		policy.CreateAttr("Format", conn.SP.NameIDFormat)
		policy.CreateAttr("AllowCreate", "true")
	}
	return send(root, id, "SAMLRequest", r.Binding, r.Location, r.RelayState, key)
}
