package oauth

import (
	"crypto/subtle"
	"errors"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/advantch/kernia-go/core"
	"github.com/advantch/kernia-go/core/oauth2"
	"github.com/advantch/kernia-go/core/wire"
)

const (
	stateLife = 10 * time.Minute
	// compatCookieLife is how long Better Auth's cookie of a state lives, which is
	// shorter than the state.
	compatCookieLife = 5 * time.Minute
	stateIdentifier  = "oauth-state:"
	stateCookie      = "state"
	storedCookie     = "oauth_state" // holds the whole state
	stateSize        = 32
	// maxTabs is how many flows of one browser can be pending: each tab has its own.
	maxTabs = 5
	// MaxData is the size of Begin.Data, in bytes.
	MaxData = 4 << 10
	// maxState and maxURL bound a state and an authorization URL, in bytes. Longer ones
	// fit no row, cookie or header everywhere.
	maxState, maxURL = 16 << 10, 16 << 10
)

// Begin is what a flow starts with and its callback gets back.
type Begin struct {
	// CallbackURL, ErrorURL and NewUserURL are where the browser goes at the end. The
	// route has checked them with core.TrustedTarget. ErrorURL and NewUserURL may be
	// empty.
	CallbackURL, ErrorURL, NewUserURL string
	// RequestSignUp allows a sign-up where the provider has DisableImplicitSignUp.
	RequestSignUp bool
	// Link is set when the account is linked to the user of the caller's session.
	Link *Link
	// Data is the plugin's or the client's own, at most MaxData bytes as JSON, or nil.
	// Members that the state has itself are dropped.
	Data *wire.Object

	// Scopes are requested besides the provider's. OnlyScopes, unless it is nil, are
	// requested in place of both.
	Scopes, OnlyScopes []string
	// LoginHint, Display and Prompt are passed on to the provider.
	LoginHint, Display, Prompt string
	// Params are further parameters of the authorization URL.
	Params wire.Query
	// Redirect is the route that the provider calls back, absolute.
	Redirect string
}

// CodeConfiguration is the code of an answer to a client whose flow cannot begin, because
// the endpoints of the provider cannot be discovered.
var CodeConfiguration = core.ErrorCode{Code: "INVALID_OAUTH_CONFIGURATION", Message: "Invalid OAuth configuration"}

// Link names the user to whom an account is linked.
type Link struct {
	// UserID is the user's id, and Email the address that the account's is compared with.
	UserID, Email string
}

// Started is a flow that has begun.
type Started struct {
	URL   string // the authorization URL, to which the browser is sent
	State string // its state parameter
}

// state is a pending flow. The members of its JSON up to oauthState are those of Better
// Auth, which completes a flow that began here and the other way round.
type state struct {
	Begin
	verifier string
	expires  time.Time
	name     string // the state parameter

	// provider and issuer are whom the browser was sent to: the answer of another one
	// does not count (RFC 9700, 4.4). They are empty in a state of Better Auth.
	provider, issuer string
	nonce            string
	session          string // token of the session that links
}

var stateNames = []string{
	"callbackURL", "codeVerifier", "errorURL", "newUserURL", "link", "expiresAt", "requestSignUp", "oauthState",
	"provider", "issuer", "nonce", "session",
}

// encode is the JSON of a state. What must not be read in the database is encrypted,
// but for Better Auth's own members when Better Auth must read them.
func (e *Engine) encode(s *state) (string, error) {
	o := wire.NewObject()
	if s.Data != nil {
		if len(s.Data.AppendJSON(nil)) > MaxData {
			return "", &core.Error{Status: http.StatusBadRequest, Code: core.CodeValidationError.Code, Message: "[body.additionalData] Invalid input: too large"}
		}
		for _, m := range s.Data.Members() {
			o.Set(m.Name, m.Value)
		}
	}
	// A member that the state has itself keeps its place, as in JavaScript, and nothing
	// else.
	for _, name := range stateNames {
		if _, taken := o.Get(name); taken {
			o.Set(name, wire.Value{})
		}
	}
	keys := e.auth.Keys()
	verifier, err := s.verifier, error(nil)
	if !e.compat() {
		if verifier, err = keys.Encrypt(verifier); err != nil {
			return "", err
		}
	}
	text := func(name, value string) {
		if value != "" {
			o.Set(name, wire.String(value))
		}
	}
	text("callbackURL", s.CallbackURL)
	text("codeVerifier", verifier)
	text("errorURL", s.ErrorURL)
	text("newUserURL", s.NewUserURL)
	if l := s.Link; l != nil {
		o.Set("link", wire.ObjectOf(wire.NewObject(
			wire.Member{Name: "userId", Value: wire.String(l.UserID)}, wire.Member{Name: "email", Value: wire.String(l.Email)})))
	}
	o.Set("expiresAt", wire.Int(s.expires.UnixMilli()))
	if s.RequestSignUp {
		o.Set("requestSignUp", wire.Bool(true))
	}
	text("oauthState", s.name)
	text("provider", s.provider)
	text("issuer", s.issuer)
	text("nonce", s.nonce)
	if s.session != "" {
		sealed, err := keys.Encrypt(s.session)
		if err != nil {
			return "", err
		}
		text("session", sealed)
	}
	for _, name := range stateNames {
		if v, taken := o.Get(name); taken && v.IsUndefined() {
			o.Delete(name)
		}
	}
	return string(o.AppendJSON(nil)), nil
}

func (e *Engine) decode(raw string) (*state, error) {
	v, err := wire.Parse([]byte(raw), wire.Limits{})
	if err != nil {
		return nil, err
	}
	o, ok := v.Obj()
	if !ok {
		return nil, errors.New("the state is no object")
	}
	text := func(name string) string { return stringOf(v.Get(name)) }
	expires, _ := v.Get("expiresAt").Num()
	s := &state{
		Begin:    Begin{CallbackURL: text("callbackURL"), ErrorURL: text("errorURL"), NewUserURL: text("newUserURL"), RequestSignUp: v.Get("requestSignUp").Truthy()},
		verifier: text("codeVerifier"), expires: time.UnixMilli(int64(expires)), name: text("oauthState"),
		provider: text("provider"), issuer: text("issuer"), nonce: text("nonce"),
	}
	keys := e.auth.Keys()
	if !e.compat() {
		if s.verifier, err = keys.Decrypt(s.verifier); err != nil {
			return nil, err
		}
	}
	if sealed := text("session"); sealed != "" {
		if s.session, err = keys.Decrypt(sealed); err != nil {
			return nil, err
		}
	}
	if l := v.Get("link"); l.Kind() == wire.KindObject {
		s.Link = &Link{UserID: stringOf(l.Get("userId")), Email: stringOf(l.Get("email"))}
	}
	s.Data = wire.NewObject()
	for _, m := range o.Members() {
		if !slices.Contains(stateNames, m.Name) {
			s.Data.Set(m.Name, m.Value)
		}
	}
	return s, nil
}

// stringOf is the text of a value, also of a number: where the database counts, an id is
// one to Better Auth.
func stringOf(v wire.Value) string {
	if n, ok := v.Num(); ok {
		return strconv.FormatFloat(n, 'f', -1, 64)
	}
	s, _ := v.Str()
	return s
}

func (e *Engine) compat() bool { return e.auth.Compat() == core.CompatBetterAuth }

// identifier is under which a state is stored.
func (e *Engine) identifier(name string) string {
	if e.compat() {
		return name
	}
	return stateIdentifier + name
}

// purpose begins what is encrypted in the state cookie, so that nothing else that the
// keyring has encrypted passes for a state. Better Auth has none.
func (e *Engine) purpose() string {
	if e.compat() {
		return ""
	}
	return stateIdentifier
}

// Begin stores the state of a flow and returns the URL to send the browser to. It sets
// the state cookie. The flow can be completed once, by this browser, within ten minutes.
func (e *Engine) Begin(c *core.Ctx, p *Provider, b Begin) (Started, error) {
	if b.Link == nil {
		if err := c.BeginSignIn(p.method()); err != nil {
			return Started{}, err
		}
	}
	a := e.auth
	at, err := p.resolve(c)
	if err != nil {
		e.log(c, "its endpoints cannot be discovered", p, reason(err))
		return Started{}, core.Fail(http.StatusBadRequest, CodeConfiguration)
	}
	name, err := a.RandomString(stateSize)
	if err != nil {
		return Started{}, err
	}
	s := &state{Begin: b, name: name, expires: a.Now().Add(stateLife), provider: p.ID(), issuer: at.Issuer()}
	if s.verifier, err = oauth2.NewVerifier(a.Rand()); err != nil {
		return Started{}, err
	}
	if !e.compat() && at.VerifiesIDTokens() && at.Issuer() != "" {
		if s.nonce, err = a.RandomString(stateSize); err != nil {
			return Started{}, err
		}
	}
	if b.Link != nil {
		s.session = c.Session().Session.Token
	}
	parameter, redirect := name, b.Redirect
	if e.relay != nil && b.Link == nil && !p.c.NoRelay {
		parameter, redirect, err = e.relay.Depart(c, p, Departure{Begin: b, State: name, Verifier: s.verifier, Nonce: s.nonce, Expires: s.expires})
		if err != nil {
			return Started{}, err
		}
	}
	// The provider's refusal of a scope comes before anything is stored.
	url, err := at.AuthorizationURL(oauth2.AuthorizationRequest{
		State: parameter, Verifier: s.verifier, RedirectURI: redirect, Scopes: b.Scopes, OnlyScopes: b.OnlyScopes, Nonce: s.nonce,
		Prompt: b.Prompt, Display: b.Display, LoginHint: b.LoginHint, Params: b.Params,
	})
	if bad, ok := errors.AsType[*oauth2.Error](err); ok {
		return Started{}, &core.Error{Status: http.StatusBadRequest, Code: core.CodeValidationError.Code, Message: refusedRequest(bad)}
	}
	if err != nil {
		return Started{}, err
	}
	value, err := e.encode(s)
	if err != nil {
		return Started{}, err
	}
	if len(value) > maxState || len(url) > maxURL {
		return Started{}, &core.Error{Status: http.StatusBadRequest, Code: core.CodeValidationError.Code, Message: "[body] Invalid input: too large"}
	}
	e.flow.Set(c, b)
	if a.Account().StateInCookie {
		sealed, err := a.Keys().Encrypt(e.purpose() + value)
		if err != nil {
			return Started{}, err
		}
		c.SetChunkedCookie(c.NewCookie(storedCookie, stateLife), sealed)
		return Started{URL: url, State: name}, nil
	}
	if _, err := a.Store().CreateVerification(c, e.identifier(name), value, s.expires); err != nil {
		return Started{}, err
	}
	if e.compat() {
		c.SetSignedCookie(c.NewCookie(stateCookie, compatCookieLife), name)
		return Started{URL: url, State: name}, nil
	}
	c.SetSignedCookie(c.NewCookie(stateCookie, stateLife), strings.Join(append(e.pending(c), name), "."))
	return Started{URL: url, State: name}, nil
}

func refusedRequest(e *oauth2.Error) string {
	if e.Code == "invalid_scope" {
		return "[body.scopes] Invalid input: a scope has characters that no scope has"
	}
	return "[body.additionalParams] Invalid input: a parameter is set by the server"
}

// pending are the states of this browser's other flows, at most as many as leave room
// for one more.
func (e *Engine) pending(c *core.Ctx) []string {
	value, ok := c.SignedCookie(c.NewCookie(stateCookie, 0).Name)
	if !ok {
		return nil
	}
	names := strings.Split(value, ".")
	return names[max(0, len(names)-maxTabs+1):]
}

// take ends a pending flow and returns its state. Of many calls with one state exactly
// one gets it.
func (e *Engine) take(c *core.Ctx, name string) (*state, error) {
	a := e.auth
	if len(name) != stateSize {
		return nil, refuse(RefusedState, nil)
	}
	if a.Account().StateInCookie {
		return e.takeCookie(c, name)
	}
	spec := c.NewCookie(stateCookie, stateLife)
	end := func() { c.ExpireCookie(spec) }
	if !a.Account().SkipStateCookieCheck {
		// The cookie comes first: a stranger's browser must not use up the state.
		value, _ := c.SignedCookie(spec.Name)
		var rest []string
		found := 0
		for _, other := range strings.Split(value, ".") {
			if same := subtle.ConstantTimeCompare([]byte(other), []byte(name)); same == 1 {
				found = 1
			} else {
				rest = append(rest, other)
			}
		}
		if found == 0 {
			_, err := a.Store().FindVerification(c, e.identifier(name))
			if core.IsNotFound(err) {
				return nil, refuse(RefusedState, nil)
			}
			if err != nil {
				return nil, err
			}
			return nil, refuse(RefusedStateMismatch, nil)
		}
		if len(rest) > 0 && !e.compat() {
			end = func() { c.SetSignedCookie(spec, strings.Join(rest, ".")) }
		}
	}
	v, err := a.Store().TakeVerification(c, e.identifier(name))
	if core.IsNotFound(err) {
		// An expired one stays until it is swept.
		if _, err = a.Store().FindVerification(c, e.identifier(name)); err == nil {
			end()
		} else if !core.IsNotFound(err) {
			return nil, err
		}
		return nil, refuse(RefusedState, nil)
	}
	if err != nil {
		return nil, err
	}
	end()
	s, err := e.decode(v.Value)
	if err != nil {
		return nil, refuse(RefusedState, err)
	}
	if s.name != "" && subtle.ConstantTimeCompare([]byte(s.name), []byte(name)) != 1 {
		return nil, refuse(RefusedStateMismatch, nil)
	}
	return s, e.expired(s)
}

func (e *Engine) takeCookie(c *core.Ctx, name string) (*state, error) {
	spec := c.NewCookie(storedCookie, stateLife)
	sealed, ok := c.ChunkedCookie(spec.Name)
	if !ok {
		return nil, refuse(RefusedState, nil)
	}
	raw, err := e.auth.Keys().Decrypt(sealed)
	if err != nil {
		return nil, refuse(RefusedState, err)
	}
	raw, ok = strings.CutPrefix(raw, e.purpose())
	if !ok {
		return nil, refuse(RefusedState, nil)
	}
	s, err := e.decode(raw)
	if err != nil {
		return nil, refuse(RefusedState, err)
	}
	if subtle.ConstantTimeCompare([]byte(s.name), []byte(name)) != 1 {
		return nil, refuse(RefusedStateMismatch, nil)
	}
	c.ExpireChunkedCookie(spec)
	return s, e.expired(s)
}

func (e *Engine) expired(s *state) error {
	if !s.expires.After(e.auth.Now()) {
		return refuse(RefusedState, nil)
	}
	return nil
}
