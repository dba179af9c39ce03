package saml

import (
	"encoding/base64"
	"errors"
	"slices"
	"strings"

	"github.com/beevik/etree"

	"github.com/advantch/kernia-go/core/plugins/sso"
)

// maxEndpoints bounds the endpoints of one kind in the metadata of a peer.
const maxEndpoints = 32

// ServiceProviderMetadata implements sso.SAML.
func (s *stack) ServiceProviderMetadata(sp *sso.SAMLServiceProvider) ([]byte, error) {
	if sp.EntityID == "" {
		return nil, refuse(codeConfiguration, "the service provider has no entity ID")
	}
	if err := webLocation(sp.ACS); err != nil {
		return nil, err
	}
	root := etree.NewElement("md:EntityDescriptor")
	root.CreateAttr("xmlns:md", nsMetadata)
	root.CreateAttr("xmlns:ds", nsSignature)
	root.CreateAttr("entityID", sp.EntityID)
	role := root.CreateElement("md:SPSSODescriptor")
	role.CreateAttr("AuthnRequestsSigned", boolean(sp.SignRequests))
	role.CreateAttr("WantAssertionsSigned", boolean(sp.WantAssertionsSigned))
	role.CreateAttr("protocolSupportEnumeration", nsProtocol)
	if err := keyDescriptor(role, "signing", sp.SigningCertificate); err != nil {
		return nil, refuse(codeConfiguration, "the signing certificate: %s", err)
	}
	if err := keyDescriptor(role, "encryption", sp.DecryptionCertificate); err != nil {
		return nil, refuse(codeConfiguration, "the decryption certificate: %s", err)
	}
	if sp.SLO != "" {
		if err := webLocation(sp.SLO); err != nil {
			return nil, err
		}
		for _, binding := range []sso.SAMLBinding{sso.SAMLRedirect, sso.SAMLPost} {
			el := role.CreateElement("md:SingleLogoutService")
			el.CreateAttr("Binding", string(binding))
			el.CreateAttr("Location", sp.SLO)
		}
	}
	if sp.NameIDFormat != "" {
		role.CreateElement("md:NameIDFormat").SetText(sp.NameIDFormat)
	}
	acs := role.CreateElement("md:AssertionConsumerService")
	acs.CreateAttr("Binding", string(sso.SAMLPost))
	acs.CreateAttr("Location", sp.ACS)
	acs.CreateAttr("index", "1")
	acs.CreateAttr("isDefault", "true")
	return write(root)
}

func boolean(b bool) string {
	if b {
		return "true"
	}
	return "false"
}

// keyDescriptor publishes a certificate, and for encryption what this server would like: the
// first method is preferred.
func keyDescriptor(role *etree.Element, use, certificate string) error {
	if certificate == "" {
		return nil
	}
	certs, err := parseCertificates(certificate)
	if err != nil {
		return err
	}
	key := role.CreateElement("md:KeyDescriptor")
	key.CreateAttr("use", use)
	key.CreateElement("ds:KeyInfo").CreateElement("ds:X509Data").CreateElement("ds:X509Certificate").
		SetText(base64.StdEncoding.EncodeToString(certs[0].Raw))
	if use != "encryption" {
		return nil
	}
	for _, method := range []string{aes256GCM, aes128GCM, aes256CBC, aes128CBC, oaepMGF1P} {
		key.CreateElement("md:EncryptionMethod").CreateAttr("Algorithm", method)
	}
	return nil
}

// ReadMetadata implements sso.SAML.
func (s *stack) ReadMetadata(document []byte, policy *sso.SAMLPolicy) (*sso.SAMLIdentityProvider, error) {
	root, err := parse(document, orDefault(policy.MaxMetadata, defaultMaxMetadata), true)
	if err != nil {
		return nil, refuse(codeConfiguration, "the metadata: %s", err)
	}
	out, err := readMetadata(root, policy)
	if err != nil {
		if known := (*sso.SAMLError)(nil); errors.As(err, &known) {
			return nil, known
		}
		return nil, refuse(codeConfiguration, "the metadata: %s", err)
	}
	return out, nil
}

func readMetadata(root *etree.Element, policy *sso.SAMLPolicy) (*sso.SAMLIdentityProvider, error) {
	entity, role, err := identityProviderOf(root)
	if err != nil {
		return nil, err
	}
	out := &sso.SAMLIdentityProvider{EntityID: attr(entity, "entityID"), WantAuthnRequestsSigned: isTrue(attr(role, "WantAuthnRequestsSigned"))}
	if out.EntityID == "" || len(out.EntityID) > 1024 {
		return nil, errors.New("EntityDescriptor has no entityID")
	}
	if out.SSO, err = endpoints(role, "SingleSignOnService"); err != nil {
		return nil, err
	}
	if out.SLO, err = endpoints(role, "SingleLogoutService"); err != nil {
		return nil, err
	}
	if len(out.SSO) == 0 {
		return nil, errors.New("the identity provider has no SingleSignOnService with HTTP-Redirect or HTTP-POST")
	}
	if out.Certificates, err = metadataCertificates(role); err != nil {
		return nil, err
	}
	// Metadata without a certificate are accepted: it may come another way. CheckConnection
	// refuses a connection without one.
	if len(out.Certificates) > 0 {
		if _, err := verifyingCertificates(out.Certificates, policy); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// identityProviderOf finds the one identity provider of SAML 2.0, in an EntityDescriptor or in
// an EntitiesDescriptor with no other.
func identityProviderOf(root *etree.Element) (entity, role *etree.Element, err error) {
	if !is(root, nsMetadata, "EntityDescriptor") && !is(root, nsMetadata, "EntitiesDescriptor") {
		return nil, nil, errors.New("the document is no EntityDescriptor")
	}
	err = walk(root, func(el *etree.Element) error {
		if !is(el, nsMetadata, "IDPSSODescriptor") || !slices.Contains(strings.Fields(attr(el, "protocolSupportEnumeration")), nsProtocol) {
			return nil
		}
		if role != nil {
			return errors.New("the document describes more than one identity provider: hand in the EntityDescriptor of one")
		}
		role, entity = el, el.Parent()
		return nil
	})
	if err != nil {
		return nil, nil, err
	}
	if role == nil || !is(entity, nsMetadata, "EntityDescriptor") {
		return nil, nil, errors.New("the document describes no identity provider of SAML 2.0")
	}
	for up := entity; up != root; up = up.Parent() {
		if p := up.Parent(); p == nil || !is(p, nsMetadata, "EntitiesDescriptor") {
			return nil, nil, errors.New("EntityDescriptor is where none belongs")
		}
	}
	return entity, role, nil
}

func isTrue(s string) bool { return s == "true" || s == "1" }

// endpoints are those of bindings that browsers carry. Every location has to be one of the
// web, those of other bindings as well.
func endpoints(role *etree.Element, name string) ([]sso.SAMLEndpoint, error) {
	var out []sso.SAMLEndpoint
	for _, el := range children(role, nsMetadata, name) {
		e := sso.SAMLEndpoint{Binding: sso.SAMLBinding(attr(el, "Binding")), Location: attr(el, "Location")}
		if err := webLocation(e.Location); err != nil {
			return nil, err
		}
		if e.Binding != sso.SAMLRedirect && e.Binding != sso.SAMLPost {
			continue
		}
		if out = append(out, e); len(out) > maxEndpoints {
			return nil, errors.New("there are too many endpoints")
		}
	}
	return out, nil
}

// metadataCertificates are those of keys that sign: a key without a use does.
func metadataCertificates(role *etree.Element) ([]string, error) {
	var out []string
	for _, key := range children(role, nsMetadata, "KeyDescriptor") {
		if use := attr(key, "use"); use != "" && use != "signing" {
			continue
		}
		info, err := need(key, nsSignature, "KeyInfo")
		if err != nil {
			return nil, err
		}
		for _, data := range children(info, nsSignature, "X509Data") {
			for _, cert := range children(data, nsSignature, "X509Certificate") {
				t, err := text(cert)
				if err != nil {
					return nil, err
				}
				t = strings.Join(strings.Fields(t), "")
				if !slices.Contains(out, t) {
					out = append(out, t)
				}
			}
		}
	}
	return out, nil
}
