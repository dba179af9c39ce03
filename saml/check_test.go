package saml

import (
	"strings"
	"testing"
	"time"

	"github.com/advantch/kernia-go/core/plugins/sso"
)

func TestCheckConnection(t *testing.T) {
	t.Parallel()
	full := func() *sso.SAMLConnection {
		conn := signingConnection()
		conn.SP.DecryptionKey, conn.SP.DecryptionCertificate = spPair().keyPEM(), spPair().pem()
		return conn
	}
	for name, conn := range map[string]*sso.SAMLConnection{"little": connection(), "full": full()} {
		if err := New(Options{}).CheckConnection(conn); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	for name, c := range map[string]struct {
		change func(*sso.SAMLConnection)
		reason string
	}{
		"no entity ID":           {func(c *sso.SAMLConnection) { c.SP.EntityID = "" }, "entity ID"},
		"no ACS":                 {func(c *sso.SAMLConnection) { c.SP.ACS = "" }, "location"},
		"SAM-27 the ACS":         {func(c *sso.SAMLConnection) { c.SP.ACS = "javascript:alert(1)" }, "location"},
		"SAM-27 our logout":      {func(c *sso.SAMLConnection) { c.SP.SLO = "javascript:alert(1)" }, "location"},
		"SAM-27 their sign-in":   {func(c *sso.SAMLConnection) { c.IDP.SSO[0].Location = "JavaScript:alert(1)" }, "location"},
		"SAM-27 their logout":    {func(c *sso.SAMLConnection) { c.IDP.SLO[0].Location = "vbscript:x" }, "location"},
		"SAM-27 markup":          {func(c *sso.SAMLConnection) { c.IDP.SLO[0].Location = `https://a.test/"><script>` }, "location"},
		"a binding":              {func(c *sso.SAMLConnection) { c.IDP.SSO[0].Binding = "urn:x" }, "binding"},
		"their entity ID":        {func(c *sso.SAMLConnection) { c.IDP.EntityID = "" }, "entity ID"},
		"no certificate":         {func(c *sso.SAMLConnection) { c.IDP.Certificates = nil }, "certificate"},
		"a certificate":          {func(c *sso.SAMLConnection) { c.IDP.Certificates = append(c.IDP.Certificates, "x") }, "certificate"},
		"too many":               {func(c *sso.SAMLConnection) { c.IDP.Certificates = []string{strings.Repeat(idpPair().pem(), 33)} }, "32 certificates"},
		"SAM-11 a weak key":      {func(c *sso.SAMLConnection) { c.IDP.Certificates = []string{weak().pem()} }, "1024 bits"},
		"a key":                  {func(c *sso.SAMLConnection) { c.SP.SigningKey = "x" }, "PEM"},
		"no key":                 {func(c *sso.SAMLConnection) { c.SP.SigningKey = "" }, "no signing key"},
		"another certificate":    {func(c *sso.SAMLConnection) { c.SP.SigningCertificate = foreign().pem() }, "not of the signing key"},
		"the decryption key":     {func(c *sso.SAMLConnection) { c.SP.DecryptionKey = idpEC().keyPEM() }, "no RSA"},
		"its certificate":        {func(c *sso.SAMLConnection) { c.SP.DecryptionCertificate = foreign().pem() }, "not of the decryption key"},
		"its key":                {func(c *sso.SAMLConnection) { c.SP.DecryptionKey = "" }, "without a key"},
		"SAM-11 a signature":     {func(c *sso.SAMLConnection) { c.SP.SignatureAlgorithm = "urn:x" }, "not recognized"},
		"SAM-11 a digest":        {func(c *sso.SAMLConnection) { c.SP.DigestAlgorithm = digSHA1 }, "deprecated"},
		"a format":               {func(c *sso.SAMLConnection) { c.SP.NameIDFormat = "a b" }, "NameID"},
		"SAM-18 a skew of a day": {func(c *sso.SAMLConnection) { c.Policy.ClockSkew = 24 * time.Hour }, "skew"},
		"a skew backwards":       {func(c *sso.SAMLConnection) { c.Policy.ClockSkew = -1 }, "skew"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			conn := full()
			c.change(conn)
			err := New(Options{}).CheckConnection(conn)
			wantRefused(t, err, "")
			if !strings.Contains(err.Error(), c.reason) {
				t.Errorf("%v, want %q", err, c.reason)
			}
			if strings.Contains(err.Error(), "PRIVATE") {
				t.Error("the key is in the error")
			}
		})
	}
}

// TestSkewIsBounded: a skew that CheckConnection would refuse does not make old assertions good.
func TestSkewIsBounded(t *testing.T) {
	t.Parallel()
	conn := connection()
	conn.Policy.ClockSkew = 365 * 24 * time.Hour
	a := goodAnswer()
	a.times = `NotOnOrAfter="2026-05-04T10:00:00Z"`
	_, err := read(conn, xmlOf(signedAssertion(a)))
	wantRefused(t, err, "SAML_ASSERTION_HAS_EXPIRED")
}
