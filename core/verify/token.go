package verify

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/go-jose/go-jose/v4"

	"github.com/advantch/kernia-go/core/internal/jwk"
)

const (
	maxToken   = 64 << 10 // bytes
	maxSubject = 255      // characters, OpenID Connect Core 1.0, 2
	maxTime    = 1 << 40  // seconds, beyond the year 36000
	skew       = 30 * time.Second
)

// algorithms are those that a Tokens can be told to accept. Symmetric ones and "none"
// are never among them.
var algorithms = []string{"EdDSA", "ES256", "ES384", "ES512", "RS256", "RS384", "RS512", "PS256", "PS384", "PS512"}

// TokenOptions configures NewTokens.
type TokenOptions struct {
	// Keys verify the signatures.
	Keys KeySource
	// Issuer is the value that iss must have: the origin of the authentication server, such
	// as "https://app.example.com", unless its plugin jwt says otherwise.
	Issuer string
	// Audience lists the accepted values of aud, which must have at least one of them: the
	// origin of the authentication server, unless its plugin jwt says otherwise.
	Audience []string
	// Algorithms lists the accepted algorithms. Default: those of the plugin jwt, which are
	// EdDSA, ES256, ES512, RS256 and PS256. A key verifies its own kind of signature only.
	Algorithms []string
	// Types are the values that the header typ may have besides "JWT" and none, such as
	// "at+jwt" for access tokens (RFC 9068).
	Types []string
	// BoundTokens lets tokens through that are bound to a key (cnf, RFC 7800). The caller must
	// check the proof that comes with one, such as DPoP's (RFC 9449), against Token.Decode's
	// cnf: without it, whoever has stolen the token is let in. Default: they are refused.
	BoundTokens bool
	// Leeway is by how much the clocks of the two servers may differ. Default 30 seconds.
	// Negative: exp and nbf have no leeway. An iat in the future always has at least 30
	// seconds, because the other server's clock wrote it.
	Leeway time.Duration
	// Clock returns the time. Default time.Now.
	Clock func() time.Time
}

// Tokens verifies JSON Web Tokens of one issuer. It is safe for concurrent use.
type Tokens struct{ o TokenOptions }

// NewTokens checks the options. An error is one sentence that says what to change.
func NewTokens(o TokenOptions) (*Tokens, error) {
	switch {
	case o.Keys == nil:
		return nil, errors.New("verify: TokenOptions.Keys is missing: use NewRemoteKeys or NewStaticKeys")
	case o.Issuer == "":
		return nil, errors.New("verify: TokenOptions.Issuer is missing: give the origin of the authentication server")
	case len(o.Audience) == 0 || slices.Contains(o.Audience, ""):
		return nil, errors.New("verify: TokenOptions.Audience is missing: a token for another service must not be accepted here")
	}
	if len(o.Algorithms) == 0 {
		o.Algorithms = []string{"EdDSA", "ES256", "ES512", "RS256", "PS256"}
	}
	for _, a := range o.Algorithms {
		if !slices.Contains(algorithms, a) {
			return nil, fmt.Errorf("verify: TokenOptions.Algorithms has %q, which must be one of %s", a, strings.Join(algorithms, ", "))
		}
	}
	switch {
	case o.Leeway == 0:
		o.Leeway = skew
	case o.Leeway < 0:
		o.Leeway = 0
	}
	if o.Clock == nil {
		o.Clock = time.Now
	}
	o.Audience, o.Algorithms, o.Types = slices.Clone(o.Audience), slices.Clone(o.Algorithms), slices.Clone(o.Types)
	return &Tokens{o}, nil
}

// Token is a verified token.
type Token struct {
	Subject   string // sub: the id of the user, unless the plugin says otherwise
	Issuer    string
	Audience  []string
	ID        string    // jti, or ""
	IssuedAt  time.Time // iat, or zero
	ExpiresAt time.Time
	KeyID     string // kid of the header
	Algorithm string

	payload []byte
}

// Payload returns the claims, a JSON object, as they were signed.
func (t *Token) Payload() []byte { return slices.Clone(t.payload) }

// Decode decodes the claims into a struct or map, as json.Unmarshal does.
func (t *Token) Decode(v any) error { return json.Unmarshal(t.payload, v) }

// Verify checks a token and returns its claims. The error is an *Error for a token that is
// refused, and ErrUnavailable while the keys cannot be fetched. The token must have iss,
// aud, sub and exp; nbf and iat count when they are there.
func (v *Tokens) Verify(ctx context.Context, token string) (*Token, error) {
	t, err := v.signed(ctx, token)
	if err != nil {
		return nil, err
	}
	c, err := jwk.Object(t.payload)
	if err != nil {
		return nil, refuse(ReasonMalformed)
	}
	if t.Issuer, _ = c["iss"].(string); t.Issuer != v.o.Issuer {
		return nil, refuse(ReasonIssuer)
	}
	if t.Audience = audience(c["aud"]); !slices.ContainsFunc(t.Audience, func(a string) bool { return slices.Contains(v.o.Audience, a) }) {
		return nil, refuse(ReasonAudience)
	}
	if err := v.isNow(t, c); err != nil {
		return nil, err
	}
	if _, bound := c["cnf"]; bound && !v.o.BoundTokens {
		return nil, refuse(ReasonBound)
	}
	if t.Subject, _ = c["sub"].(string); t.Subject == "" || len(t.Subject) > maxSubject {
		return nil, refuse(ReasonSubject)
	}
	t.ID, _ = c["jti"].(string)
	return t, nil
}

// signed returns a token whose signature is that of a key, with its payload.
func (v *Tokens) signed(ctx context.Context, token string) (*Token, error) {
	if len(token) > maxToken || strings.Count(token, ".") != 2 || !plain(token) {
		return nil, refuse(ReasonMalformed)
	}
	head, _, _ := strings.Cut(token, ".")
	text, err := base64.RawURLEncoding.DecodeString(head)
	if err != nil {
		return nil, refuse(ReasonMalformed)
	}
	header, err := jwk.Object(text)
	if err != nil {
		return nil, refuse(ReasonMalformed)
	}
	if _, critical := header["crit"]; critical {
		return nil, refuse(ReasonMalformed)
	}
	if header["typ"] != nil && !v.isType(header["typ"]) {
		return nil, refuse(ReasonType)
	}
	t := &Token{}
	if t.Algorithm, _ = header["alg"].(string); !slices.Contains(v.o.Algorithms, t.Algorithm) {
		return nil, refuse(ReasonAlgorithm)
	}
	if t.KeyID, _ = header["kid"].(string); header["kid"] != nil && t.KeyID == "" {
		return nil, refuse(ReasonMalformed)
	}
	parsed, err := jose.ParseSignedCompact(token, []jose.SignatureAlgorithm{jose.SignatureAlgorithm(t.Algorithm)})
	if err != nil {
		return nil, refuse(ReasonMalformed)
	}
	public, err := v.o.Keys.Key(ctx, t.KeyID, t.Algorithm)
	switch {
	case errors.Is(err, ErrUnknownKey):
		return nil, refuse(ReasonKey)
	case err != nil:
		return nil, unavailable("the keys cannot be fetched", err)
	case !(jwk.Key{Public: public}).Fits(t.Algorithm):
		return nil, refuse(ReasonAlgorithm)
	}
	if t.payload, err = parsed.Verify(public); err != nil {
		return nil, refuse(ReasonSignature)
	}
	return t, nil
}

func (v *Tokens) isType(header any) bool {
	typ, _ := header.(string)
	typ = strings.TrimPrefix(strings.ToLower(typ), "application/")
	return typ == "jwt" || typ != "" && slices.ContainsFunc(v.o.Types, func(one string) bool { return strings.EqualFold(one, typ) })
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

// audience reads aud, which is a string or a list of strings; nil when it is neither.
func audience(aud any) []string {
	switch aud := aud.(type) {
	case string:
		return []string{aud}
	case []any:
		out := make([]string, 0, len(aud))
		for _, one := range aud {
			s, ok := one.(string)
			if !ok {
				return nil
			}
			out = append(out, s)
		}
		return out
	}
	return nil
}

func (v *Tokens) isNow(t *Token, c map[string]any) error {
	now := v.o.Clock()
	var ok bool
	if t.ExpiresAt, ok = moment(c["exp"]); !ok {
		return refuse(ReasonTime)
	}
	if !now.Add(-v.o.Leeway).Before(t.ExpiresAt) {
		return refuse(ReasonExpired)
	}
	if c["nbf"] != nil {
		if nbf, ok := moment(c["nbf"]); !ok || nbf.After(now.Add(v.o.Leeway)) {
			return refuse(ReasonTime)
		}
	}
	if c["iat"] != nil {
		if t.IssuedAt, ok = moment(c["iat"]); !ok || t.IssuedAt.After(now.Add(max(v.o.Leeway, skew))) {
			return refuse(ReasonTime)
		}
	}
	return nil
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
	return time.Unix(int64(seconds), 0).UTC(), true
}
