package oauthserver

import (
	"crypto"
	"crypto/subtle"
	"encoding/base64"
	"encoding/json"
	"net/http"
	"net/url"
	"strings"

	"github.com/go-jose/go-jose/v4"

	"github.com/advantch/kernia-go/core"
	"github.com/advantch/kernia-go/core/internal/jwk"
	"github.com/advantch/kernia-go/core/wire"
)

// ProofAlgorithms sign proofs of possession (RFC 9449). Neither "none" nor one with a shared
// secret is among them.
var ProofAlgorithms = []string{"EdDSA", "ES256", "ES512", "PS256", "RS256"}

// ErrInvalidProof is the error of a proof (RFC 9449 5).
const ErrInvalidProof = "invalid_dpop_proof"

const (
	typeBearer = "Bearer"
	typeDPoP   = "DPoP"
	typeProof  = "dpop+jwt"
)

// proof verifies the proof of a request, if it has one (RFC 9449 4.3), and returns the
// thumbprint of its key. access is the token that comes with it, or "". why says what is
// wrong with the proof. A proof counts once.
func (s *Server) proof(c *core.Ctx, access string) (thumbprint, why string, err error) {
	if !s.DPoP || c.Req.Header == nil {
		return "", "", nil
	}
	lines := c.Req.Header.Values("DPoP")
	switch {
	case len(lines) == 0:
		return "", "", nil
	case len(lines) > 1 || strings.Contains(lines[0], ","):
		return "", "there is one proof in a request", nil
	}
	key, t := parseProof(lines[0], s.ProofAlgorithms)
	if t == nil {
		return "", "the proof is no token that a public key in its header has signed", nil
	}
	now, issued := s.auth.Now(), t.time("iat")
	target := c.BaseURL() + c.Path()
	jti := t.text("jti")
	switch {
	case t.text("htm") != c.Method():
		return "", "htm is not the method", nil
	case !sameAddress(t.text("htu"), target):
		return "", "htu is not the address", nil
	case issued.IsZero() || issued.After(now.Add(clockSkew)) || now.Sub(issued) > s.ProofLife:
		return "", "iat is not now", nil
	case !t.time("exp").IsZero() && !t.time("exp").After(now.Add(-clockSkew)) || t.time("nbf").After(now.Add(clockSkew)):
		return "", "exp or nbf is not now", nil
	case jti == "" || len(jti) > maxJTI:
		return "", "a proof has a jti", nil
	case access != "" && subtle.ConstantTimeCompare([]byte(t.text("ath")), []byte(hash(access))) != 1:
		return "", "ath is not the hash of the token", nil
	}
	sum, err := (&jose.JSONWebKey{Key: key}).Thumbprint(crypto.SHA256)
	if err != nil {
		return "", "the key of the proof has no thumbprint", nil
	}
	thumbprint = base64.RawURLEncoding.EncodeToString(sum)
	fresh, err := s.Once.UseOnce(c, hash(strings.Join([]string{typeProof, thumbprint, c.Method(), withoutQuery(target), jti}, "\n")), issued.Add(s.ProofLife))
	switch {
	case err != nil:
		return "", "", err
	case !fresh:
		return "", "the proof has been used", nil
	}
	return thumbprint, "", nil
}

// parseProof verifies the signature of a proof by the key in its header. It returns nil for
// any other text.
func parseProof(text string, algorithms []string) (crypto.PublicKey, *token) {
	head, _, ok := strings.Cut(text, ".")
	if !ok || len(text) > maxAssertion {
		return nil, nil
	}
	raw, err := base64.RawURLEncoding.DecodeString(head)
	if err != nil {
		return nil, nil
	}
	var header struct {
		Typ, Alg string
		JWK      json.RawMessage
	}
	if _, err := jwk.Object(raw); err != nil || json.Unmarshal(raw, &header) != nil || !strings.EqualFold(header.Typ, typeProof) {
		return nil, nil
	}
	key, ok := jwk.Parse(header.JWK)
	if !ok || !key.Fits(header.Alg) {
		return nil, nil
	}
	t, err := verified(text, signatures(algorithms), func(jose.Header) (any, error) { return key.Public, nil })
	if err != nil {
		return nil, nil
	}
	return key.Public, t
}

// sameAddress compares htu with an address. What is none is the same as nothing.
func sameAddress(htu, target string) bool {
	own := withoutQuery(target)
	return own != "" && withoutQuery(htu) == own
}

// withoutQuery is an address as htu is compared (RFC 9449 4.3): scheme and host have no case,
// the port of the scheme may be left out, and query and fragment do not count.
func withoutQuery(text string) string {
	u, err := url.Parse(text)
	if err != nil || u.Host == "" || u.User != nil {
		return ""
	}
	host := strings.ToLower(u.Host)
	switch u.Scheme {
	case "https":
		host = strings.TrimSuffix(host, ":443")
	case "http":
		host = strings.TrimSuffix(host, ":80")
	default:
		return ""
	}
	path := u.EscapedPath()
	if path == "" {
		path = "/"
	}
	return u.Scheme + "://" + host + path
}

// validThumbprint reports whether a text is a SHA-256 in base64url, as dpop_jkt is.
func validThumbprint(text string) bool { return validChallenge(text) }

// binding verifies the proof of a token request. bound is the key to which the code or the
// refresh token is bound, or "".
func (s *Server) binding(client *Client, bound string, in *TokenInput) error {
	switch {
	case !s.DPoP && bound == "":
		return nil
	case !s.DPoP: // a token that is bound does not become one that is not
		return Refuse(ErrInvalidGrant, "the grant is bound to a key, and the server takes no proofs")
	case in.thumbprint == "" && (bound != "" || client.BoundTokens):
		return Refuse(ErrInvalidProof, "a proof is required")
	case bound != "" && in.thumbprint != bound:
		return Refuse(ErrInvalidProof, "the grant is bound to another key")
	}
	return nil
}

// presented checks how a request presents an access token (RFC 9449 7.1): one that is bound to a
// key comes with a proof of that key, and no other does.
func (s *Server) presented(c *core.Ctx, a *access, token string, dpop bool) error {
	if a.thumbprint == "" {
		if dpop {
			return s.refuseProof(ErrInvalidToken, "the token is not bound to a key")
		}
		return nil
	}
	if !dpop {
		return s.refuseProof(ErrInvalidToken, "the token is bound to a key and comes with a proof")
	}
	thumbprint, why, err := s.proof(c, token)
	switch {
	case err != nil:
		return err
	case why != "":
		return s.refuseProof(ErrInvalidProof, why)
	case thumbprint == "":
		return s.refuseProof(ErrInvalidProof, "a proof is required")
	case thumbprint != a.thumbprint:
		return s.refuseProof(ErrInvalidProof, "the token is bound to another key")
	}
	return nil
}

// refuseProof is refuseBearer for tokens that are bound to a key, with the challenge of RFC 9449 7.1.
func (s *Server) refuseProof(code, description string) *core.Error {
	e := Fail(http.StatusUnauthorized, code, description)
	e.Header = append(e.Header, core.HeaderField{Name: "WWW-Authenticate", Value: `DPoP error="` + code + `", error_description="` + description + `", algs="` + strings.Join(s.ProofAlgorithms, " ") + `"`})
	return e
}

// confirmation is the claim cnf of a token that is bound to a key.
func confirmation(thumbprint string) wire.Value {
	return wire.ObjectOf(wire.NewObject(wire.Member{Name: "jkt", Value: wire.String(thumbprint)}))
}

// thumbprintOf reads it. A binding of another kind is none to ignore: ok is false.
func thumbprintOf(claims *wire.Object) (thumbprint string, ok bool) {
	v, bound := claims.Get("cnf")
	if !bound {
		return "", true
	}
	thumbprint, _ = v.Get("jkt").Str()
	return thumbprint, thumbprint != ""
}

// tokenType is the type of an access token.
func tokenType(thumbprint string) string {
	if thumbprint != "" {
		return typeDPoP
	}
	return typeBearer
}
