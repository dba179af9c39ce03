package jwt

import (
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/advantch/kernia-go/core"
	"github.com/advantch/kernia-go/core/wire"
)

// registered are the claims that say what a token is (RFC 7519, 4.1). A field of the user
// that has such a name is no claim: clients may be able to write it.
var registered = []string{"iss", "sub", "aud", "exp", "nbf", "iat", "jti"}

const (
	maxToken = 64 << 10 // bytes, as in package verify
	maxTime  = 1 << 40  // seconds, as in package verify
)

// Claims are the claims of a token: a JSON object.
type Claims struct{ raw []byte }

// AppendJSON appends the claims.
func (c Claims) AppendJSON(dst []byte) []byte {
	if c.raw == nil {
		return append(dst, "null"...)
	}
	return append(dst, c.raw...)
}

// MarshalJSON returns the claims.
func (c Claims) MarshalJSON() ([]byte, error) { return c.AppendJSON(nil), nil }

// Decode decodes the claims into a struct or map, as json.Unmarshal does.
func (c Claims) Decode(v any) error { return json.Unmarshal(c.AppendJSON(nil), v) }

// OpenAPIForm describes the claims.
func (Claims) OpenAPIForm() any { return map[string]any(nil) }

// terms are the options of one token.
type terms struct {
	issuer    string
	audience  []string
	list      bool // one audience is a list too
	expiresIn time.Duration
	expiresAt int64 // in seconds; in place of expiresIn
	latest    int64 // in seconds: no token ends later; 0 is no bound
	bySign    bool  // Options.Sign signs
}

// terms are those of the options, with the origin of the call's address.
func (p *Plugin) terms(c *core.Ctx) terms {
	t := terms{issuer: p.opts.Issuer, audience: p.opts.Audience, expiresIn: p.opts.ExpiresIn, bySign: p.opts.Sign != nil}
	if !p.opts.ExpiresAt.IsZero() {
		t.expiresAt = p.opts.ExpiresAt.Unix()
	}
	return t.withOrigin(c)
}

func (t terms) withOrigin(c *core.Ctx) terms {
	origin := strings.TrimSuffix(c.BaseURL(), c.Auth().PublicPath())
	if t.issuer == "" {
		t.issuer = origin
	}
	if len(t.audience) == 0 {
		t.audience = []string{origin}
	}
	return t
}

func (t *terms) aud() wire.Value {
	if len(t.audience) == 1 && !t.list {
		return wire.String(t.audience[0])
	}
	items := make([]wire.Value, len(t.audience))
	for i, a := range t.audience {
		items[i] = wire.String(a)
	}
	return wire.Array(items...)
}

// ofSession makes a token of a session.
func (p *Plugin) ofSession(c *core.Ctx, s *core.SessionData) (string, error) {
	impersonates := s.Session.Impersonator() != ""
	if p.byUser() && !impersonates {
		user := s.User.AppendJSON(nil)
		return p.ofUser(c, user, func() (*core.SessionData, error) { return s, nil })
	}
	t := p.terms(c)
	if impersonates { // which nothing extends
		t.latest = s.Session.ExpiresAt.Unix()
	}
	iat := c.Now().Unix()
	claims := wire.NewObject(wire.Member{Name: "iat", Value: wire.Int(iat)})
	if p.opts.DefinePayload == nil {
		v, err := wire.Parse(s.User.AppendJSON(nil), wire.Limits{})
		if err != nil {
			return "", err
		}
		o, _ := v.Obj()
		for _, m := range o.Members() {
			if !slices.Contains(registered, m.Name) {
				claims.Set(m.Name, m.Value)
			}
		}
	} else {
		own, err := p.opts.DefinePayload(c, s)
		if err != nil {
			return "", fmt.Errorf("jwt: Options.DefinePayload: %w", err)
		}
		o, err := objectOf(own)
		if err != nil {
			return "", fmt.Errorf("jwt: Options.DefinePayload: %w", err)
		}
		for _, m := range o.Members() {
			claims.Set(m.Name, m.Value)
		}
	}
	subject, err := p.subject(c, s)
	if err != nil {
		return "", err
	}
	claims.Set("sub", wire.String(subject))
	return p.issue(c, claims, t)
}

// byUser reports whether the claims are made of the user alone.
func (p *Plugin) byUser() bool {
	return p.plain && p.opts.DefinePayload == nil && p.opts.GetSubject == nil && p.opts.Sign == nil
}

// ofUser makes a token of the user's JSON, or returns the one of this second. session
// gives the session where the JSON comes from a cookie, which may have other fields.
func (p *Plugin) ofUser(c *core.Ctx, user []byte, session func() (*core.SessionData, error)) (string, error) {
	one, err := p.keys.forSigning(c, p.opts.Algorithm)
	if err != nil {
		return "", err
	}
	now, base := c.Now().Unix(), c.BaseURL()
	if token := p.recent.ofUser(now, one.ID, base, user); token != "" {
		return token, nil
	}
	s, err := session()
	if err != nil {
		return "", err
	}
	t := p.terms(c)
	token, err := p.signed(c, t.after(s.User.AppendJSON(nil), s.User.ID, now))
	if err == nil {
		p.recent.putUser(now, one.ID, base, user, token)
	}
	return token, err
}

// subject is the sub of a session's token.
func (p *Plugin) subject(c *core.Ctx, s *core.SessionData) (string, error) {
	if p.opts.GetSubject != nil {
		own, err := p.opts.GetSubject(c, s)
		if err != nil {
			return "", fmt.Errorf("jwt: Options.GetSubject: %w", err)
		}
		if own != "" {
			return own, nil
		}
	}
	return s.User.ID, nil
}

// after is issue for the user's JSON without registered claims, which is most of a token
// and needs no parsing.
func (t *terms) after(user []byte, subject string, iat int64) []byte {
	out := make([]byte, 0, len(user)+256)
	out = append(out, `{"iat":`...)
	out = strconv.AppendInt(out, iat, 10)
	if len(user) > 2 {
		out = append(append(out, ','), user[1:len(user)-1]...)
	}
	out = append(out, `,"sub":`...)
	out = wire.AppendString(out, subject)
	out = append(out, `,"exp":`...)
	out = strconv.AppendInt(out, t.end(iat), 10)
	out = append(out, `,"iss":`...)
	out = wire.AppendString(out, t.issuer)
	out = append(out, `,"aud":`...)
	return append(t.aud().AppendJSON(out), '}')
}

func (t *terms) end(iat int64) int64 {
	end := t.expiresAt
	if end == 0 {
		end = iat + int64(t.expiresIn/time.Second)
	}
	if t.latest != 0 {
		end = min(end, t.latest)
	}
	return end
}

// errClaims says that what an application gives as claims is none.
var errClaims = errors.New("the claims are no JSON object")

// objectOf makes an object of what an application gives as claims.
func objectOf(v any) (*wire.Object, error) {
	text, err := json.Marshal(v)
	if err != nil {
		return nil, err
	}
	parsed, err := wire.Parse(text, wire.Limits{})
	if err != nil {
		return nil, err
	}
	o, ok := parsed.Obj()
	if !ok {
		return nil, errClaims
	}
	return o, nil
}

// issue completes claims and signs them. Registered claims that are there stay.
func (p *Plugin) issue(c *core.Ctx, claims *wire.Object, t terms) (string, error) {
	if err := checkRegistered(claims); err != nil {
		return "", err
	}
	iat := c.Now().Unix()
	if v, ok := claims.Get("iat"); ok {
		n, _ := v.Num()
		iat = int64(n)
	}
	if v, ok := claims.Get("exp"); !ok {
		claims.Set("exp", wire.Int(t.end(iat)))
	} else if n, _ := v.Num(); t.latest != 0 && int64(n) > t.latest {
		claims.Set("exp", wire.Int(t.latest))
	}
	if _, ok := claims.Get("iss"); !ok {
		claims.Set("iss", wire.String(t.issuer))
	}
	if _, ok := claims.Get("aud"); !ok {
		claims.Set("aud", t.aud())
	}
	payload := claims.AppendJSON(nil)
	if !t.bySign {
		return p.signed(c, payload)
	}
	token, err := p.opts.Sign(c, payload)
	if err == nil && token == "" {
		err = errors.New("it has returned no token")
	}
	if err != nil {
		return "", fmt.Errorf("jwt: Options.Sign: %w", err)
	}
	return token, nil
}

// checkRegistered refuses registered claims of another type, which no service would
// accept. Those that are null are taken out.
func checkRegistered(claims *wire.Object) error {
	for _, name := range registered {
		v, ok := claims.Get(name)
		if !ok {
			continue
		}
		fits := false
		switch name {
		case "exp", "nbf", "iat":
			n, isNumber := v.Num()
			fits = isNumber && n >= 0 && n < maxTime
		case "aud":
			_, fits = v.Str()
			if items, isList := v.Items(); isList {
				fits = len(items) > 0
				for _, item := range items {
					_, isText := item.Str()
					fits = fits && isText
				}
			}
		default:
			_, fits = v.Str()
		}
		switch {
		case v.IsNull() || v.IsUndefined():
			claims.Delete(name)
		case !fits:
			return &claimError{name}
		}
	}
	return nil
}

// claimError names a claim of a wrong type.
type claimError struct{ claim string }

func (e *claimError) Error() string { return "jwt: the claim " + e.claim + " has a wrong type" }

// signed signs claims with the current key.
func (p *Plugin) signed(c *core.Ctx, payload []byte) (string, error) {
	one, err := p.keys.forSigning(c, p.opts.Algorithm)
	if err != nil {
		return "", err
	}
	second := c.Now().Unix()
	sum := sha256.Sum256(append(append(append(make([]byte, 0, len(one.ID)+1+len(payload)), one.ID...), 0), payload...))
	if token := p.recent.get(second, sum); token != "" {
		return token, nil
	}
	token, err := p.keys.sign(one, payload)
	if err != nil {
		return "", err
	}
	if len(token) > maxToken {
		return "", fmt.Errorf("jwt: a token of %d bytes is longer than %d: use Options.DefinePayload", len(token), maxToken)
	}
	p.recent.put(second, sum, token)
	return token, nil
}

// recent has the tokens of this second by what they were made of. Clients ask for the
// session several times at once, and a signature costs more than everything else in such
// a call.
type recent struct {
	mu     sync.Mutex
	second int64
	tokens map[[sha256.Size]byte]string
	users  map[userOf]string
}

// userOf is what the claims of a session from the cookie cache are made of, besides the
// second.
type userOf struct{ kid, base, user string }

// Bounds of what is kept for a second.
const (
	maxRecent     = 1024
	maxRecentUser = 4096 // bytes of a user's JSON
	maxRecentText = 8192 // bytes of a token
)

func (r *recent) get(second int64, sum [sha256.Size]byte) string {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.second != second {
		return ""
	}
	return r.tokens[sum]
}

func (r *recent) ofUser(second int64, kid, base string, user []byte) string {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.second != second {
		return ""
	}
	return r.users[userOf{kid, base, string(user)}]
}

func (r *recent) put(second int64, sum [sha256.Size]byte, token string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.begin(second)
	if len(r.tokens) < maxRecent && len(token) <= maxRecentText {
		r.tokens[sum] = token
	}
}

func (r *recent) putUser(second int64, kid, base string, user []byte, token string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.begin(second)
	if len(r.users) < maxRecent && len(user) <= maxRecentUser && len(token) <= maxRecentText {
		r.users[userOf{kid, base, string(user)}] = token
	}
}

// begin forgets what is of another second.
func (r *recent) begin(second int64) {
	if r.second != second || r.tokens == nil {
		r.second, r.tokens, r.users = second, map[[sha256.Size]byte]string{}, map[userOf]string{}
	}
}
