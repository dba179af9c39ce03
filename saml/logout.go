package saml

import (
	"github.com/beevik/etree"

	"github.com/advantch/kernia-go/core"
	"github.com/advantch/kernia-go/core/plugins/sso"
)

// LogoutRequest implements sso.SAML.
func (s *stack) LogoutRequest(conn *sso.SAMLConnection, r sso.SAMLLogout) (*sso.SAMLMessage, error) {
	key, err := newSigner(&conn.SP, &conn.Policy)
	if err != nil {
		return nil, configuration(err)
	}
	root, id := message("LogoutRequest", conn, r.Location, r.Now)
	root.CreateAttr("NotOnOrAfter", instant(r.Now.Add(logoutLifetime)))
	name := root.CreateElement("saml:NameID")
	for _, a := range [][2]string{{"Format", r.NameIDFormat}, {"NameQualifier", r.NameIDQualifier}, {"SPNameQualifier", r.NameIDSPQualifier}} {
		if a[1] != "" {
			name.CreateAttr(a[0], a[1])
		}
	}
	name.SetText(r.NameID)
	for _, index := range r.SessionIndexes {
		root.CreateElement("samlp:SessionIndex").SetText(index)
	}
	return send(root, id, "SAMLRequest", r.Binding, r.Location, r.RelayState, key)
}

// LogoutResponse implements sso.SAML.
func (s *stack) LogoutResponse(conn *sso.SAMLConnection, r sso.SAMLLogoutAnswer) (*sso.SAMLMessage, error) {
	key, err := newSigner(&conn.SP, &conn.Policy)
	if err != nil {
		return nil, configuration(err)
	}
	root, id := message("LogoutResponse", conn, r.Location, r.Now)
	root.CreateAttr("InResponseTo", r.InResponseTo)
	status := statusSuccess
	if !r.Success {
		status = "urn:oasis:names:tc:SAML:2.0:status:Responder"
	}
	root.CreateElement("samlp:Status").CreateElement("samlp:StatusCode").CreateAttr("Value", status)
	return send(root, id, "SAMLResponse", r.Binding, r.Location, r.RelayState, key)
}

// readLogout verifies a message of logout, and returns it as it was signed.
func (s *stack) readLogout(name, field string, conn *sso.SAMLConnection, in *sso.SAMLReceived, code core.ErrorCode) (*etree.Element, error) {
	v, err := s.verifier(conn, in, code)
	if err != nil {
		return nil, err
	}
	got, err := receive(in, field, &conn.Policy, code)
	if err != nil {
		return nil, err
	}
	root := got.root
	if !is(root, nsProtocol, name) {
		return nil, refuse(code, "the document is no %s", name)
	}
	if err := uniqueIDs(root); err != nil {
		return nil, refuse(code, "%s", err)
	}
	if err := checkSignatures(root, root); err != nil {
		return nil, refuse(code, "%s", err)
	}
	sig, err := signatureOf(root)
	if err != nil {
		return nil, refuse(code, "%s", err)
	}
	signed := true
	switch {
	case got.query != "" && sig != nil, in.Binding == sso.SAMLRedirect && sig != nil:
		return nil, refuse(code, "a message in a query has a signature in its XML")
	case got.query != "":
		if err := v.signature(got.algorithm, []byte(got.query), got.signature); err != nil {
			return nil, err
		}
	case sig != nil:
		if root, err = v.verified(sig); err != nil {
			return nil, err
		}
		if !is(root, nsProtocol, name) {
			return nil, refuse(code, "the signed element is no %s", name)
		}
	case in.RequireSignature:
		return nil, refuse(code, "%s is not signed", name)
	default:
		signed = false
	}
	if err := checkEnvelope(root, conn, in, code); err != nil {
		return nil, err
	}
	// A signed message names its destination (Bindings 3.4.5.2, 3.5.5.2): one for another
	// service of the same identity provider is signed as well.
	if d := attr(root, "Destination"); !here(d, in) && (d != "" || signed) {
		return nil, refuse(code, "%s is for the destination %.200q", name, d)
	}
	return root, nil
}

// ReadLogoutRequest implements sso.SAML.
func (s *stack) ReadLogoutRequest(conn *sso.SAMLConnection, in *sso.SAMLReceived) (*sso.SAMLLogout, error) {
	root, err := s.readLogout("LogoutRequest", "SAMLRequest", conn, in, codeLogoutRequest)
	if err != nil {
		return nil, err
	}
	out := &sso.SAMLLogout{ID: attr(root, "ID"), Issuer: conn.IDP.EntityID, Binding: in.Binding, RelayState: in.RelayState, Now: in.Now}
	issued, err := instantOf(attr(root, "IssueInstant"))
	if err != nil {
		return nil, refuse(codeLogoutRequest, "IssueInstant: %s", err)
	}
	out.ValidUntil = issued.Add(logoutLifetime)
	if t, ok := lookup(root, "NotOnOrAfter"); ok {
		if out.ValidUntil, err = instantOf(t); err != nil {
			return nil, refuse(codeLogoutRequest, "NotOnOrAfter: %s", err)
		}
	}
	if !in.Now.Add(-skew(&conn.Policy)).Before(out.ValidUntil) {
		return nil, refuse(codeLogoutRequest, "the request was good until %s", instant(out.ValidUntil))
	}
	id, err := readNameID(root)
	if err != nil || id.value == "" {
		return nil, refuse(codeLogoutRequest, "the request has no NameID that can be read")
	}
	out.NameID, out.NameIDFormat, out.NameIDQualifier, out.NameIDSPQualifier = id.value, id.format, id.qualifier, id.spQualifier
	for _, el := range children(root, nsProtocol, "SessionIndex") {
		index, err := text(el)
		if err != nil {
			return nil, refuse(codeLogoutRequest, "%s", err)
		}
		out.SessionIndexes = append(out.SessionIndexes, index)
	}
	return out, nil
}

// ReadLogoutResponse implements sso.SAML.
func (s *stack) ReadLogoutResponse(conn *sso.SAMLConnection, in *sso.SAMLReceived) (*sso.SAMLLogoutAnswer, error) {
	root, err := s.readLogout("LogoutResponse", "SAMLResponse", conn, in, codeLogoutResponse)
	if err != nil {
		return nil, err
	}
	status, err := statusOf(root)
	if err != nil {
		return nil, refuse(codeLogoutResponse, "%s", err)
	}
	out := &sso.SAMLLogoutAnswer{
		ID: attr(root, "ID"), InResponseTo: attr(root, "InResponseTo"), Success: status == statusSuccess,
		Binding: in.Binding, RelayState: in.RelayState, Now: in.Now,
	}
	if out.InResponseTo == "" {
		return nil, refuse(codeLogoutResponse, "the answer has no InResponseTo")
	}
	return out, nil
}
