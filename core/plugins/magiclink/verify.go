package magiclink

import (
	"cmp"
	"context"
	"errors"
	"net/http"
	"strings"

	"github.com/advantch/kernia-go/core"
	"github.com/advantch/kernia-go/core/validate"
	"github.com/advantch/kernia-go/core/wire"
)

// VerifyInput is the query of a link.
type VerifyInput struct {
	Token              string  `query:"token" doc:"Token of the link"`
	CallbackURL        *string `query:"callbackURL" doc:"Where to go after the sign-in; without it the answer is JSON"`
	ErrorCallbackURL   *string `query:"errorCallbackURL" doc:"Where to go when it fails; default callbackURL"`
	NewUserCallbackURL *string `query:"newUserCallbackURL" doc:"Where to go when the user was made now; default callbackURL"`
}

// VerifyReply is the answer to a client that has given no callbackURL.
type VerifyReply struct {
	Token   string        `json:"token"`
	User    *core.User    `json:"user"`
	Session *core.Session `json:"session"`
}

// aheadHeaders are sent by browsers that open a page before the user asks for it.
var aheadHeaders = []string{"Sec-Purpose", "Purpose", "X-Purpose", "X-Moz"}

// notAhead is middleware that refuses to open a link ahead. The browser asks again when
// the user follows the link.
func notAhead(c *core.Ctx) error {
	for _, name := range aheadHeaders {
		value := strings.ToLower(c.Req.Header.Get(name))
		if strings.Contains(value, "prefetch") || strings.Contains(value, "prerender") || strings.Contains(value, "preview") {
			return core.Fail(http.StatusForbidden, CodePrefetch)
		}
	}
	return nil
}

// targets are where a link may lead. Middleware has checked them.
type targets struct {
	success, newUser, failure string
	json                      bool // the client wants an answer and no redirect
}

func (in *VerifyInput) targets(c *core.Ctx) targets {
	callback := validate.Value(in.CallbackURL)
	t := targets{json: callback == "", success: c.Resolve(cmp.Or(callback, "/"))}
	t.newUser = c.Resolve(cmp.Or(validate.Value(in.NewUserCallbackURL), t.success))
	t.failure = c.Resolve(cmp.Or(validate.Value(in.ErrorCallbackURL), t.success))
	return t
}

func (p *Plugin) verify(c *core.Ctx, in *VerifyInput) (VerifyReply, error) {
	// The token in the address must not travel on in the Referer header.
	c.SetHeader("Referrer-Policy", "no-referrer")
	to := in.targets(c)
	data, isNew, err := p.arrive(c, in.Token, to)
	switch {
	case err != nil:
		if errors.Is(err, errInvalid) || errors.Is(err, core.ErrEnded) {
			c.Emit(core.Event{Type: core.EventSignInFailed, Method: Method, Code: refusedToken})
		}
		return VerifyReply{}, to.refuse(c, err)
	case to.json:
		return VerifyReply{data.Session.Token, &data.User, &data.Session}, nil
	case isNew:
		return VerifyReply{}, c.Redirect(to.newUser)
	}
	return VerifyReply{}, c.Redirect(to.success)
}

// arrive signs the owner of the link's address in.
func (p *Plugin) arrive(c *core.Ctx, token string, to targets) (*core.SessionData, bool, error) {
	if err := c.BeginSignIn(Method); err != nil {
		return nil, false, err
	}
	l, err := p.find(c, token)
	if err != nil {
		return nil, false, err
	}
	newUser := func() (core.User, error) { return core.User{Name: l.name}, nil }
	if p.opts.DisableSignUp {
		newUser = nil
	}
	a := core.Arrival{
		SignIn: core.SignIn{Method: Method, KeepForget: true},
		Made:   l.made,
		Use:    func(ctx context.Context) error { return l.use(ctx, c.Auth().Store()) },
	}
	if !to.json {
		a.Redirect, a.NewRedirect = to.success, to.newUser
	}
	return c.SignInOrUp(c.ByProvenEmail(l.email, newUser, a))
}

// refuse is the answer to a failed sign-in: a redirect for what a person can be told.
func (t targets) refuse(c *core.Ctx, err error) error {
	switch {
	case errors.Is(err, errInvalid), errors.Is(err, core.ErrEnded):
		return t.redirect(c, refusedToken, "")
	case core.IsNotFound(err):
		return t.redirect(c, refusedSignUp, "")
	case errors.Is(err, core.ErrUserNotMade):
		return t.redirect(c, refusedUser, "")
	case errors.Is(err, core.ErrSessionNotMade):
		return t.redirect(c, refusedSession, "")
	}
	// A gate or a hook has refused, for example a user who is banned.
	if e, ok := errors.AsType[*core.Error](err); ok && !t.json && e.Status >= 400 && e.Status < 500 && e.Code != "" {
		return t.redirect(c, e.Code, e.Message)
	}
	return err
}

func (t targets) redirect(c *core.Ctx, code, description string) error {
	pairs := [][2]string{{"error", code}}
	if description != "" {
		pairs = append(pairs, [2]string{"error_description", description})
	}
	return c.Redirect(wire.SetSearchParams(t.failure, pairs...))
}
