package sso

import (
	"crypto/subtle"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/advantch/kernia-go/core"
	"github.com/advantch/kernia-go/core/oauth2"
	"github.com/advantch/kernia-go/core/wire"
)

const (
	relayLife   = 10 * time.Minute
	relaySize   = 32
	relayCookie = "relay_state"
	// compatRelayCookieLife is that of Better Auth's cookie.
	compatRelayCookieLife = 5 * time.Minute
	// maxTabs is how many flows of one browser can be pending.
	maxTabs = 5
)

// relay is what a flow of SAML begins with and its end gets back. RelayState is its name, and
// never a URL. Its JSON is Better Auth's, which can end a flow that began here and the other way
// round, with members of Kernia's own.
type relay struct {
	callbackURL, errorURL, newUserURL string
	requestSignUp                     bool
	expires                           time.Time
	provider                          string // "" in a state of Better Auth
	bound                             bool   // to the browser, by a cookie
}

func (p *Plugin) compat() bool { return p.auth.Compat() == core.CompatBetterAuth }

// relayIdentifier is under which a state is stored.
func (p *Plugin) relayIdentifier(name string) string {
	if p.compat() {
		return name
	}
	return "saml-relay:" + name
}

// relaySpec is the cookie that binds a flow to its browser. The identity provider's page posts the
// response from another site, so it has to be sent there too; that needs TLS.
func relaySpec(c *core.Ctx, life time.Duration, compat bool) core.Cookie {
	k := c.NewCookie(relayCookie, life)
	if !compat && k.Attributes.Secure {
		k.Attributes.SameSite = "none"
	}
	return k
}

// beginRelay stores a state and returns its name, and whether it is bound to the browser.
func (p *Plugin) beginRelay(c *core.Ctx, pr *provider, in *SignInInput) (name string, bound bool, err error) {
	if name, err = p.auth.RandomString(relaySize); err != nil {
		return "", false, err
	}
	verifier, err := oauth2.NewVerifier(p.auth.Rand())
	if err != nil {
		return "", false, err
	}
	life := relayLife
	if p.compat() {
		life = compatRelayCookieLife
	}
	spec := relaySpec(c, life, p.compat())
	bound = !p.compat() && spec.Attributes.Secure
	o := wire.NewObject()
	text := func(name, s string) {
		if s != "" {
			o.Set(name, wire.String(s))
		}
	}
	expires := p.auth.Now().Add(relayLife)
	text("callbackURL", in.CallbackURL)
	text("codeVerifier", verifier) // Better Auth wants one
	text("errorURL", value(in.ErrorCallbackURL))
	text("newUserURL", value(in.NewUserCallbackURL))
	o.Set("expiresAt", wire.Int(expires.UnixMilli()))
	if in.RequestSignUp != nil {
		o.Set("requestSignUp", wire.Bool(*in.RequestSignUp))
	}
	text("oauthState", name)
	text("ssoProvider", pr.ProviderID)
	if bound {
		o.Set("bound", wire.Bool(true))
	}
	stored := string(o.AppendJSON(nil))
	if len(stored) > maxRelay {
		return "", false, core.FailText(http.StatusBadRequest, "Invalid input: too large")
	}
	if _, err := p.auth.Store().CreateVerification(c, p.relayIdentifier(name), stored, expires); err != nil {
		return "", false, err
	}
	if !bound {
		c.SetSignedCookie(spec, name)
		return name, false, nil
	}
	c.SetSignedCookie(spec, strings.Join(append(pendingRelays(c, spec), name), "."))
	return name, true, nil
}

// maxRelay bounds a state, in bytes.
const maxRelay = 16 << 10

func pendingRelays(c *core.Ctx, spec core.Cookie) []string {
	v, ok := c.SignedCookie(spec.Name)
	if !ok {
		return nil
	}
	names := strings.Split(v, ".")
	return names[max(0, len(names)-maxTabs+1):]
}

// takeRelay ends the flow of a provider that a name is of. It is nil when there is none, when it
// has expired, and when another provider or another browser began it.
func (p *Plugin) takeRelay(c *core.Ctx, pr *provider, name string) (*relay, error) {
	if len(name) != relaySize || strings.Trim(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_") != "" {
		return nil, nil
	}
	v, err := p.auth.Store().FindVerification(c, p.relayIdentifier(name))
	if core.IsNotFound(err) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	r := readRelay(v.Value, name)
	if r == nil || !r.expires.After(p.auth.Now()) || r.provider != "" && r.provider != pr.ProviderID {
		return nil, nil
	}
	spec := relaySpec(c, relayLife, p.compat())
	if r.bound {
		// The cookie comes first: a stranger's browser must not use up the state.
		names := pendingRelays(c, spec)
		if !slices.ContainsFunc(names, func(n string) bool { return subtle.ConstantTimeCompare([]byte(n), []byte(name)) == 1 }) {
			return nil, nil
		}
	}
	if _, err := p.auth.Store().TakeVerification(c, p.relayIdentifier(name)); err != nil {
		if core.IsNotFound(err) {
			return nil, nil
		}
		return nil, err
	}
	if r.bound {
		rest := slices.DeleteFunc(pendingRelays(c, spec), func(n string) bool { return n == name })
		if len(rest) > 0 {
			c.SetSignedCookie(spec, strings.Join(rest, "."))
			return r, nil
		}
	}
	c.ExpireCookie(spec)
	return r, nil
}

func readRelay(text, name string) *relay {
	v, err := wire.Parse([]byte(text), wire.Limits{})
	if err != nil {
		return nil
	}
	if own := textOf(v, "oauthState"); own != "" && subtle.ConstantTimeCompare([]byte(own), []byte(name)) != 1 || textOf(v, "callbackURL") == "" {
		return nil
	}
	if v.Get("provider").Truthy() || v.Get("link").Truthy() {
		return nil // of a flow of OAuth
	}
	ms, _ := v.Get("expiresAt").Num()
	return &relay{
		callbackURL: textOf(v, "callbackURL"), errorURL: textOf(v, "errorURL"), newUserURL: textOf(v, "newUserURL"), requestSignUp: flagOf(v, "requestSignUp"),
		expires: time.UnixMilli(int64(ms)), provider: textOf(v, "ssoProvider"), bound: flagOf(v, "bound"),
	}
}
