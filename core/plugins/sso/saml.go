package sso

import (
	"time"

	"github.com/advantch/kernia-go/core"
)

// SAML is a stack of SAML 2.0: it reads and writes the XML, and knows nothing of users,
// sessions and storage. The module github.com/advantch/kernia-go/saml has one. A program
// without SAML providers leaves Options.SAML nil and carries no XML.
//
// Whatever a method returns of a document was read from the bytes that a configured
// certificate has signed. What was asked before (InResponseTo, replays) is for the plugin to
// check; everything else that a document must be is checked here. A document that is not good
// is a *SAMLError.
type SAML interface {
	// ServiceProviderMetadata writes what an identity provider reads about this server.
	ServiceProviderMetadata(sp *SAMLServiceProvider) ([]byte, error)
	// ReadMetadata reads the metadata of an identity provider. The signature of the document
	// is not looked at: an administrator has handed it in.
	ReadMetadata(document []byte, policy *SAMLPolicy) (*SAMLIdentityProvider, error)
	// CheckConnection reports what makes a connection unusable: certificates and keys that do
	// not parse, locations that are not http or https, algorithms that the policy refuses.
	CheckConnection(conn *SAMLConnection) error

	// AuthnRequest asks an identity provider to authenticate somebody.
	AuthnRequest(conn *SAMLConnection, r SAMLRequest) (*SAMLMessage, error)
	// ReadResponse verifies the answer of an identity provider.
	ReadResponse(conn *SAMLConnection, in *SAMLReceived) (*SAMLAssertion, error)

	// LogoutRequest tells an identity provider that somebody signs out.
	LogoutRequest(conn *SAMLConnection, r SAMLLogout) (*SAMLMessage, error)
	// LogoutResponse answers a request of an identity provider.
	LogoutResponse(conn *SAMLConnection, r SAMLLogoutAnswer) (*SAMLMessage, error)
	// ReadLogoutRequest verifies a request of an identity provider to sign somebody out.
	ReadLogoutRequest(conn *SAMLConnection, in *SAMLReceived) (*SAMLLogout, error)
	// ReadLogoutResponse verifies the answer to a LogoutRequest.
	ReadLogoutResponse(conn *SAMLConnection, in *SAMLReceived) (*SAMLLogoutAnswer, error)
}

// SAMLBinding is how a message travels.
type SAMLBinding string

// The bindings, by their URIs.
const (
	SAMLRedirect SAMLBinding = "urn:oasis:names:tc:SAML:2.0:bindings:HTTP-Redirect"
	SAMLPost     SAMLBinding = "urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST"
)

// SAMLEndpoint is where a peer takes messages of a binding.
type SAMLEndpoint struct {
	Binding  SAMLBinding
	Location string
}

// SAMLServiceProvider is this server as one identity provider sees it.
type SAMLServiceProvider struct {
	EntityID string
	// ACS takes responses, SLO requests and answers of logout. An empty SLO is not advertised.
	ACS, SLO string
	// SigningKey signs requests, in PEM (PKCS #8, PKCS #1 or SEC 1), encrypted with
	// SigningKeyPass if that is set. Empty: nothing is signed.
	SigningKey     string
	SigningKeyPass string
	// SigningCertificate is published for SigningKey, in PEM or bare base64. Empty: none is.
	SigningCertificate string
	// DecryptionKey opens encrypted assertions, like SigningKey. Empty: they are refused.
	DecryptionKey         string
	DecryptionKeyPass     string
	DecryptionCertificate string
	// SignRequests signs AuthnRequests. Messages of logout are signed whenever there is a key.
	SignRequests bool
	// WantAssertionsSigned demands a signature on the assertion itself; without it, one on the
	// response around it will do.
	WantAssertionsSigned bool
	// NameIDFormat is asked for, by its URI. Empty: none is.
	NameIDFormat string
	// SignatureAlgorithm and DigestAlgorithm are URIs. Default RSA-SHA256 (ECDSA-SHA256 for
	// such a key) and SHA-256.
	SignatureAlgorithm, DigestAlgorithm string
}

// SAMLIdentityProvider is an identity provider as its metadata describe it.
type SAMLIdentityProvider struct {
	EntityID string
	// SSO and SLO are its endpoints, in its own order.
	SSO, SLO []SAMLEndpoint
	// Certificates are those whose signatures count, in PEM or bare base64: several while a
	// provider rotates them.
	Certificates []string
	// WantAuthnRequestsSigned says that it refuses requests without a signature.
	WantAuthnRequestsSigned bool
}

// SAMLPolicy is what the application demands of all identity providers.
type SAMLPolicy struct {
	// ClockSkew is how far clocks may differ.
	ClockSkew time.Duration
	// RequireTimestamps refuses assertions whose conditions have no times. SubjectConfirmation
	// always needs its NotOnOrAfter.
	RequireTimestamps bool
	// AllowDeprecated accepts SHA-1, RSA 1.5 and 3DES, which are refused otherwise.
	AllowDeprecated bool
	// SignatureAlgorithms and the other lists are the only ones that are accepted, as URIs.
	// Empty: all that are not deprecated.
	SignatureAlgorithms, DigestAlgorithms, KeyEncryptionAlgorithms, DataEncryptionAlgorithms []string
	// MaxMessage and MaxMetadata are in bytes of XML.
	MaxMessage, MaxMetadata int
}

// SAMLConnection is both sides.
type SAMLConnection struct {
	SP     SAMLServiceProvider
	IDP    SAMLIdentityProvider
	Policy SAMLPolicy
	// Audience is who an assertion must be for. Default: SP.EntityID.
	Audience string
}

// SAMLRequest is an AuthnRequest to be written.
type SAMLRequest struct {
	Binding    SAMLBinding
	Location   string
	RelayState string
	ForceAuthn bool
	Now        time.Time
}

// SAMLMessage is a message to be sent by the user's browser.
type SAMLMessage struct {
	// ID is the message's own. It begins with a letter or an underscore.
	ID string
	// URL is where the browser goes: with the message in its query for SAMLRedirect, or the
	// action of a form with Fields for SAMLPost.
	URL    string
	Fields []SAMLField
}

// SAMLField is a hidden field of a form.
type SAMLField struct{ Name, Value string }

// SAMLReceived is a message as it has arrived.
type SAMLReceived struct {
	Binding SAMLBinding
	// Message is SAMLResponse or SAMLRequest, as the field had it after form decoding.
	Message    string
	RelayState string
	// RawQuery is the query as it was sent, for the signature of SAMLRedirect.
	RawQuery string
	// At are the URLs under which it may have been sent: Destination and Recipient must be
	// one of them.
	At []string
	// RequireSignature refuses messages of logout that are not signed. Responses always need a
	// signature.
	RequireSignature bool
	Now              time.Time
}

// SAMLAssertion is what a verified response says.
type SAMLAssertion struct {
	// ID is the assertion's own, and ValidUntil when it can no longer be replayed (without the
	// skew).
	ID         string
	ValidUntil time.Time
	// InResponseTo is the request's ID, or "" for a response that nobody has asked for. The
	// response and all confirmations that count agree on it.
	InResponseTo string
	Issuer       string

	NameID, NameIDFormat               string
	NameIDQualifier, NameIDSPQualifier string
	SessionIndex                       string
	SessionNotOnOrAfter, AuthnInstant  time.Time           // zero for none
	Attributes                         map[string][]string // by Name, and by FriendlyName where no Name has it
}

// SAMLLogout is a LogoutRequest.
type SAMLLogout struct {
	ID       string // of one that was read
	Issuer   string // likewise
	Binding  SAMLBinding
	Location string

	NameID, NameIDFormat               string
	NameIDQualifier, NameIDSPQualifier string
	SessionIndexes                     []string
	RelayState                         string
	Now                                time.Time
	// ValidUntil is when one that was read can no longer be replayed.
	ValidUntil time.Time
}

// SAMLLogoutAnswer is a LogoutResponse.
type SAMLLogoutAnswer struct {
	ID           string // of one that was read
	InResponseTo string
	Success      bool
	Binding      SAMLBinding
	Location     string
	RelayState   string
	Now          time.Time
}

// SAMLError says that a document is not good. Code is what the client is told, Reason what the
// log is told: which check has failed, never the document's secrets. Whatever fails about a
// decryption has one Code and one Reason.
type SAMLError struct {
	Code   core.ErrorCode
	Reason string
}

// Error implements error.
func (e *SAMLError) Error() string { return "saml: " + e.Reason }
