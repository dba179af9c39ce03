package electron

import (
	"errors"
	"net/http"
	"slices"
	"strings"

	"github.com/advantch/kernia-go/core"
	"github.com/advantch/kernia-go/core/wire"
)

// The method of PKCE. Better Auth 1.7 has no other and no parameter for it, and 1.6 has
// dropped "plain" too: whoever sees the code's request could use the code.
const methodS256 = "S256"

// Bounds of what the application chooses, in bytes. Its library sends 44 and 16.
const (
	maxChallenge = 128
	maxState     = 512
)

// request is what an application asks the browser for: a code for this challenge and
// state.
type request struct {
	client, challenge, state string
}

// Names of a request's parameters, in an address and in the cookie of a pending one.
const (
	paramClient    = "client_id"
	paramChallenge = "code_challenge"
	paramMethod    = "code_challenge_method"
	paramState     = "state"
)

func isS256(method string) bool { return method == "" || strings.EqualFold(method, methodS256) }

// requestOf reads a request from the query of an address, or from the cookie.
func (p *Plugin) requestOf(v wire.Value) (request, bool) {
	text := func(name string) string { s, _ := v.Get(name).Str(); return s }
	r := request{text(paramClient), text(paramChallenge), text(paramState)}
	ok := r.client == p.opts.ClientID && r.challenge != "" && len(r.challenge) <= maxChallenge && r.state != "" && len(r.state) <= maxState
	return r, ok && isS256(text(paramMethod))
}

// pending is the cookie that keeps a request while the user signs in, under the name that
// Better Auth gives it.
func (p *Plugin) pending(c *core.Ctx) core.Cookie {
	return c.NewCookie("transfer_token", p.opts.CodeTTL)
}

func (p *Plugin) keep(c *core.Ctx, r request) {
	text := wire.NewObject(
		wire.Member{Name: paramClient, Value: wire.String(r.client)}, wire.Member{Name: paramChallenge, Value: wire.String(r.challenge)},
		wire.Member{Name: paramMethod, Value: wire.String(methodS256)}, wire.Member{Name: paramState, Value: wire.String(r.state)})
	c.SetSignedCookie(p.pending(c), string(text.AppendJSON(nil)))
}

func (p *Plugin) kept(c *core.Ctx) (request, bool) {
	text, ok := c.SignedCookie(p.pending(c).Name)
	if !ok {
		return request{}, false
	}
	v, err := wire.Parse([]byte(text), wire.Limits{})
	if err != nil {
		return request{}, false
	}
	return p.requestOf(v)
}

// checkMethod refuses a sign-in that would end in a code for a weak challenge, before
// anybody is signed in.
func (p *Plugin) checkMethod(c *core.Ctx) error {
	client, _ := c.Query().Get(paramClient).Str()
	method, _ := c.Query().Get(paramMethod).Str()
	if client == p.opts.ClientID && !isS256(method) {
		return core.Fail(http.StatusBadRequest, CodePKCEMethod)
	}
	return nil
}

// signInRoutes begin a sign-in. On all of entryRoutes a finished one removes the cookie of
// the request, as in Better Auth, whether there is one or not.
var (
	signInRoutes = []string{"/sign-in", "/sign-up"}
	entryRoutes  = append([]string{
		"/callback", "/oauth2/callback", "/magic-link/verify", "/email-otp/verify-email", "/verify-email", "/one-tap/callback",
		"/passkey/verify-authentication", "/phone-number/verify",
	}, signInRoutes...)
)

func under(path string, routes []string) bool {
	for _, route := range routes {
		if strings.HasPrefix(path, route) {
			return true
		}
	}
	return false
}

// foreign reports whether a sign-in was refused because of where it came from. A page of
// another site must not leave a request of its own here, for which the user's next sign-in
// would make a code.
func foreign(c *core.Ctx) bool {
	_, err := c.Returned()
	e, ok := errors.AsType[*core.Error](err)
	return ok && slices.Contains([]string{core.CodeInvalidOrigin.Code, core.CodeMissingOrNullOrigin.Code, core.CodeCrossSiteLoginBlocked.Code}, e.Code)
}

// finish hands the user over when a sign-in is complete, by whatever method and after
// however many steps: a sign-in that a gate holds has no session yet, and so no code.
func (p *Plugin) finish(c *core.Ctx) error {
	data, begins := c.Issued(), under(c.Path(), signInRoutes)
	if data == nil && !begins {
		return nil
	}
	r, asked := p.requestOf(c.Query())
	if asked && begins && !foreign(c) {
		p.keep(c, r)
	}
	if entered, _ := p.entered.Get(c); !entered || data == nil {
		return nil
	}
	if !asked {
		r, asked = p.kept(c)
	}
	if asked || under(c.Path(), entryRoutes) {
		c.ExpireCookie(p.pending(c))
	}
	if !asked {
		return nil
	}
	// With the method switched off the page signs in, and no application.
	hands, err := c.MaySignIn(ID)
	code := ""
	if hands {
		code, err = p.issue(c, r, data)
	}
	if err == nil && !hands {
		return nil
	}
	if err != nil {
		// The user is signed in: the page can still ask for a code.
		c.Auth().Logger().ErrorContext(c, "making a code for an Electron application failed", "error", err)
		return nil
	}
	return c.AddMember(memberCode, wire.String(code))
}
