package saml

import (
	"crypto/rand"
	"encoding/hex"
	"fmt"
	"time"

	"github.com/advantch/kernia-go/core"
	"github.com/advantch/kernia-go/core/plugins/sso"
)

// Options configures New. The zero value is strict.
type Options struct {
	// AllowExpiredCertificates accepts signatures of certificates that are not valid at the
	// time, for identity providers that go on signing with an expired one. Default false: a
	// response that such a certificate has signed is refused.
	AllowExpiredCertificates bool
}

// New returns a SAML 2.0 stack for sso.Options.SAML. It keeps nothing between calls and may
// serve any number of plugins and goroutines.
func New(o Options) sso.SAML { return &stack{options: o} }

type stack struct{ options Options }

// Codes of refused documents. Those that Better Auth knows have its texts.
var (
	codeInvalidResponse  = core.ErrorCode{Code: "INVALID_SAML_RESPONSE", Message: "Invalid SAML response"}
	codeInvalidEncoding  = core.ErrorCode{Code: "SAML_INVALID_ENCODING", Message: "Invalid base64-encoded SAML response"}
	codeInvalidXML       = core.ErrorCode{Code: "SAML_INVALID_XML", Message: "Failed to parse SAML response XML"}
	codeNoAssertion      = core.ErrorCode{Code: "SAML_NO_ASSERTION", Message: "SAML response contains no assertions"}
	codeManyAssertions   = core.ErrorCode{Code: "SAML_MULTIPLE_ASSERTIONS", Message: "SAML response contains %d assertions, expected exactly 1"}
	codeNotAllowed       = core.ErrorCode{Code: "SAML_ALGORITHM_NOT_ALLOWED", Message: "SAML algorithm is not in the allow-list"}
	codeUnknownAlgorithm = core.ErrorCode{Code: "SAML_UNKNOWN_ALGORITHM", Message: "SAML algorithm is not recognized"}
	codeDeprecated       = core.ErrorCode{Code: "SAML_DEPRECATED_ALGORITHM", Message: "SAML algorithm is deprecated"}
	codeExpired          = core.ErrorCode{Code: "SAML_ASSERTION_HAS_EXPIRED", Message: "SAML assertion has expired"}
	codeNotYet           = core.ErrorCode{Code: "SAML_ASSERTION_IS_NOT_YET_VALID", Message: "SAML assertion is not yet valid"}
	codeNotBefore        = core.ErrorCode{Code: "SAML_ASSERTION_HAS_INVALID_NOTBEFORE_TIMESTAMP", Message: "SAML assertion has invalid NotBefore timestamp"}
	codeNotOnOrAfter     = core.ErrorCode{Code: "SAML_ASSERTION_HAS_INVALID_NOTONORAFTER_TIMESTAMP", Message: "SAML assertion has invalid NotOnOrAfter timestamp"}
	codeNoTimes          = core.ErrorCode{Code: "SAML_ASSERTION_MISSING_REQUIRED_TIMESTAMP_CONDITIONS", Message: "SAML assertion missing required timestamp conditions"}
	codeNoAudience       = core.ErrorCode{Code: "SAML_AUDIENCE_MISSING", Message: "SAML assertion names no audience"}
	codeAudience         = core.ErrorCode{Code: "SAML_AUDIENCE_MISMATCH", Message: "SAML assertion is for another audience"}
	codeNoBearer         = core.ErrorCode{Code: "SAML_BEARER_CONFIRMATION_MISSING", Message: "SAML assertion has no bearer confirmation for this service"}
	codeLogoutRequest    = core.ErrorCode{Code: "INVALID_LOGOUT_REQUEST", Message: "Invalid LogoutRequest"}
	codeLogoutResponse   = core.ErrorCode{Code: "INVALID_LOGOUT_RESPONSE", Message: "Invalid LogoutResponse"}
	codeConfiguration    = core.ErrorCode{Code: "INVALID_SAML_CONFIGURATION", Message: "Invalid SAML configuration"}
)

// refuse makes the error of a document or a connection that is not good.
func refuse(code core.ErrorCode, format string, args ...any) *sso.SAMLError {
	return &sso.SAMLError{Code: code, Reason: fmt.Sprintf(format, args...)}
}

// Namespaces.
const (
	nsProtocol  = "urn:oasis:names:tc:SAML:2.0:protocol"
	nsAssertion = "urn:oasis:names:tc:SAML:2.0:assertion"
	nsMetadata  = "urn:oasis:names:tc:SAML:2.0:metadata"
	nsSignature = "http://www.w3.org/2000/09/xmldsig#"
	nsXMLEnc    = "http://www.w3.org/2001/04/xmlenc#"
	nsXMLEnc11  = "http://www.w3.org/2009/xmlenc11#"
	nsXML       = "http://www.w3.org/XML/1998/namespace"
	nsXMLNS     = "http://www.w3.org/2000/xmlns/"
)

const (
	statusSuccess = "urn:oasis:names:tc:SAML:2.0:status:Success"
	methodBearer  = "urn:oasis:names:tc:SAML:2.0:cm:bearer" //nolint:gosec // no credential

	defaultMaxMessage  = 256 << 10
	defaultMaxMetadata = 100 << 10

	// maxSkew is the longest skew that counts: a longer one would make lifetimes meaningless.
	maxSkew = time.Hour
	// logoutLifetime is how long messages of logout are good that do not say it themselves.
	logoutLifetime = 5 * time.Minute
)

// newID returns a message ID with 160 random bits. It begins with an underscore: XML names
// begin with no digit.
func newID() string {
	b := make([]byte, 20)
	_, _ = rand.Read(b) // never fails
	return "_" + hex.EncodeToString(b)
}

func orDefault(n, otherwise int) int {
	if n <= 0 {
		return otherwise
	}
	return n
}

func skew(p *sso.SAMLPolicy) time.Duration { return min(max(p.ClockSkew, 0), maxSkew) }

func instant(t time.Time) string { return t.UTC().Format("2006-01-02T15:04:05Z") }

// instantOf reads xs:dateTime with a zone. Go's RFC 3339 is stricter than the schema, which
// allows years before 0 and times without a zone.
func instantOf(text string) (time.Time, error) {
	if len(text) > 40 {
		return time.Time{}, fmt.Errorf("a time of %d bytes", len(text))
	}
	t, err := time.Parse(time.RFC3339Nano, text)
	if err != nil {
		return time.Time{}, fmt.Errorf("%.40q is no time with a zone", text)
	}
	return t.UTC(), nil
}
