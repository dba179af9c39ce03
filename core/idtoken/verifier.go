package idtoken

import (
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/go-jose/go-jose/v4"

	"github.com/advantch/kernia-go/core/internal/clock"
	"github.com/advantch/kernia-go/core/oauth2"
)

const (
	maxToken   = 64 << 10 // bytes
	maxSubject = 255      // characters, OpenID Connect Core 1.0, 2
	maxTime    = 1 << 40  // seconds, beyond the year 36000
	leeway     = 30 * time.Second
)

// asymmetric are the algorithms that a Verifier can be told to accept.
var asymmetric = []string{"RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA"}

// Options describe the id_tokens of a provider.
type Options struct {
	// Keys verify the signatures.
	Keys *Keys
	// FromTokenEndpoint takes the place of Keys, for a provider that publishes none.
	// Signatures are not checked then. OpenID Connect Core 1.0, 3.1.3.7, 6 allows it
	// for tokens that came straight from the token endpoint by TLS. The oauth2.Config
	// must have NoIDTokenSignIn, so that no client can hand in a token.
	FromTokenEndpoint bool
	// Issuers are the values that iss may have.
	Issuers []string
	// Issuer decides in place of Issuers, for a provider whose issuer depends on other
	// claims.
	Issuer func(c oauth2.Claims) bool
	// Algorithms are those that the provider signs with. Default RS256.
	Algorithms []string
	// MaxAge is the longest time since the token was issued (iat). 0 means that only
	// its exp counts.
	MaxAge time.Duration
	// AnyParty accepts tokens that another application obtained for this one: azp may
	// name any client when aud names this application alone. Google's Android library
	// makes such tokens.
	AnyParty bool
	// HashedNonce accepts the SHA-256 of the nonce in hexadecimal digits too, which
	// applications on Apple's devices send.
	HashedNonce bool
	// Check is a further rule of the provider's. It gets verified claims.
	Check func(c oauth2.Claims) bool
	// Clock returns the time. Default: Options.Clock of the server whose call verifies the
	// token, or time.Now outside of a call.
	Clock func() time.Time
}

// Verifier checks the id_tokens of one provider. It is safe for concurrent use.
type Verifier struct{ o Options }

// New checks the Options. An error is one sentence that says what to change.
func New(o Options) (*Verifier, error) {
	switch {
	case o.Keys == nil && !o.FromTokenEndpoint:
		return nil, errors.New("idtoken: Keys are missing")
	case o.Keys != nil && o.FromTokenEndpoint:
		return nil, errors.New("idtoken: set either Keys or FromTokenEndpoint, not both")
	case len(o.Issuers) == 0 && o.Issuer == nil, slices.Contains(o.Issuers, ""):
		return nil, errors.New("idtoken: the issuer is missing, in Issuers or Issuer")
	case o.MaxAge < 0:
		return nil, errors.New("idtoken: MaxAge is negative")
	}
	if len(o.Algorithms) == 0 {
		o.Algorithms = []string{"RS256"}
	}
	for _, a := range o.Algorithms {
		if !slices.Contains(asymmetric, a) {
			return nil, fmt.Errorf("idtoken: the algorithm %q must be one of %s", a, strings.Join(asymmetric, ", "))
		}
	}
	o.Issuers, o.Algorithms = slices.Clone(o.Issuers), slices.Clone(o.Algorithms)
	return &Verifier{o}, nil
}

// Verify checks a token and returns its claims. If nonce is not empty, the token
// must contain it. The client fetches the provider's keys. The error is an *Error
// for a token that is refused, ErrNoKeys while the keys cannot be fetched, and that
// of the context.
//
// The token must have iss, sub, aud, exp and iat. Clocks may differ by 30 seconds.
func (v *Verifier) Verify(ctx context.Context, c *http.Client, p *oauth2.Provider, token, nonce string) (oauth2.Claims, error) {
	payload, err := v.signed(ctx, c, token)
	if err != nil {
		return nil, err
	}
	claims, err := object(payload)
	if err != nil {
		return nil, err
	}
	if err := v.check(p, claims, nonce, clock.Now(ctx, v.o.Clock)); err != nil {
		return nil, err
	}
	return claims, nil
}

// signed returns the payload of a token that a key of the provider has signed.
func (v *Verifier) signed(ctx context.Context, c *http.Client, token string) ([]byte, error) {
	if len(token) > maxToken || strings.Count(token, ".") != 2 || !plain(token) {
		return nil, refuse(ReasonMalformed)
	}
	head, rest, _ := strings.Cut(token, ".")
	text, err := base64.RawURLEncoding.DecodeString(head)
	if err != nil {
		return nil, refuse(ReasonMalformed)
	}
	header, err := object(text)
	if err != nil {
		return nil, err
	}
	if _, critical := header["crit"]; critical {
		return nil, refuse(ReasonMalformed)
	}
	if header["typ"] != nil {
		switch typ := strings.ToLower(header.String("typ")); typ {
		case "jwt", "application/jwt":
		default:
			return nil, refuse(ReasonType)
		}
	}
	alg := header.String("alg")
	if !slices.Contains(v.o.Algorithms, alg) {
		return nil, refuse(ReasonAlgorithm)
	}
	kid := header.String("kid")
	if header["kid"] != nil && kid == "" {
		return nil, refuse(ReasonMalformed)
	}
	if v.o.FromTokenEndpoint {
		body, signature, _ := strings.Cut(rest, ".")
		payload, err := base64.RawURLEncoding.DecodeString(body)
		if err != nil || signature == "" {
			return nil, refuse(ReasonMalformed)
		}
		return payload, nil
	}
	parsed, err := jose.ParseSignedCompact(token, []jose.SignatureAlgorithm{jose.SignatureAlgorithm(alg)})
	if err != nil {
		return nil, refuse(ReasonMalformed)
	}
	public, err := v.o.Keys.find(ctx, c, kid, alg)
	if err != nil {
		return nil, err
	}
	payload, err := parsed.Verify(public)
	if err != nil {
		return nil, refuse(ReasonSignature)
	}
	return payload, nil
}

// plain reports whether a token has base64url and dots only. Decoders overlook line
// breaks, so that one token would have many spellings.
func plain(token string) bool {
	for i := range len(token) {
		switch c := token[i]; {
		case c >= 'a' && c <= 'z', c >= 'A' && c <= 'Z', c >= '0' && c <= '9', c == '-', c == '_', c == '.':
		default:
			return false
		}
	}
	return true
}

// Check checks claims that were verified in another way, as Verify does after the
// signature. The error is an *Error.
func (v *Verifier) Check(p *oauth2.Provider, c oauth2.Claims, nonce string) error {
	return v.check(p, c, nonce, clock.Now(context.Background(), v.o.Clock))
}

func (v *Verifier) check(p *oauth2.Provider, c oauth2.Claims, nonce string, now time.Time) error {
	if isOtherToken(c) {
		return refuse(ReasonType)
	}
	if iss := c.String("iss"); iss == "" || v.o.Issuer == nil && !slices.Contains(v.o.Issuers, iss) || v.o.Issuer != nil && !v.o.Issuer(c) {
		return refuse(ReasonIssuer)
	}
	if !v.isForUs(p, c) {
		return refuse(ReasonAudience)
	}
	if !v.isNow(c, now) {
		return refuse(ReasonTime)
	}
	if sub := c.String("sub"); sub == "" || len(sub) > maxSubject {
		return refuse(ReasonSubject)
	}
	if nonce != "" && !v.hasNonce(c, nonce) {
		return refuse(ReasonNonce)
	}
	if v.o.Check != nil && !v.o.Check(c) {
		return refuse(ReasonClaims)
	}
	return nil
}

// isOtherToken finds the marks of other tokens that the same key signs: a logout
// token's events (OpenID Connect Back-Channel Logout 1.0, 2.4), token_use of
// Cognito, scp and idtyp of Microsoft and Okta, and typ of Keycloak.
func isOtherToken(c oauth2.Claims) bool {
	if c["events"] != nil || c["scp"] != nil || c.String("idtyp") == "app" {
		return true
	}
	return c["token_use"] != nil && c.String("token_use") != "id" || c["typ"] != nil && !strings.EqualFold(c.String("typ"), "id")
}

// isForUs checks aud, which is a string or a list, and azp.
func (v *Verifier) isForUs(p *oauth2.Provider, c oauth2.Claims) bool {
	var audiences []string
	switch aud := c["aud"].(type) {
	case string:
		audiences = []string{aud}
	case []any:
		for _, one := range aud {
			s, ok := one.(string)
			if !ok {
				return false
			}
			audiences = append(audiences, s)
		}
	}
	if !slices.ContainsFunc(audiences, p.IsAudience) {
		return false
	}
	azp := c.String("azp")
	if c["azp"] == nil {
		return len(audiences) == 1
	}
	return p.IsAudience(azp) || v.o.AnyParty && azp != "" && len(audiences) == 1
}

func (v *Verifier) isNow(c oauth2.Claims, now time.Time) bool {
	exp, ok := moment(c["exp"])
	if !ok || !now.Add(-leeway).Before(exp) {
		return false
	}
	iat, ok := moment(c["iat"])
	if !ok || iat.After(now.Add(leeway)) || v.o.MaxAge > 0 && now.Sub(iat) > v.o.MaxAge+leeway {
		return false
	}
	if c["nbf"] != nil {
		nbf, ok := moment(c["nbf"])
		if !ok || nbf.After(now.Add(leeway)) {
			return false
		}
	}
	return true
}

// moment reads a NumericDate (RFC 7519, 2), which may have a fraction.
func moment(v any) (time.Time, bool) {
	n, ok := v.(json.Number)
	if !ok {
		return time.Time{}, false
	}
	seconds, err := n.Float64()
	if err != nil || math.IsNaN(seconds) || seconds < 0 || seconds > maxTime {
		return time.Time{}, false
	}
	return time.Unix(int64(seconds), 0), true
}

func (v *Verifier) hasNonce(c oauth2.Claims, nonce string) bool {
	got := []byte(c.String("nonce"))
	if subtle.ConstantTimeCompare(got, []byte(nonce)) == 1 {
		return true
	}
	sum := sha256.Sum256([]byte(nonce))
	return v.o.HashedNonce && subtle.ConstantTimeCompare(got, []byte(hex.EncodeToString(sum[:]))) == 1
}
