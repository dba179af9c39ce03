// Package magiclink signs users in by a link that is mailed to them, and makes the user
// when there is none. See https://better-auth.com/docs/plugins/magic-link. Plugin id:
// "magic-link".
package magiclink

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"strings"
	"time"

	"github.com/advantch/kernia-go/core"
	"github.com/advantch/kernia-go/core/otp"
	"github.com/advantch/kernia-go/core/ratelimit"
)

// ID is the plugin's id.
const ID = "magic-link"

// Method is the name of the sign-in method (core.SignIn.Method).
const Method = "magic-link"

// Options configures the plugin. Send is required.
type Options struct {
	// Send mails a link. It runs in the background, after the answer.
	Send func(ctx context.Context, m Message) error
	// TTL is the life of a link (Better Auth's expiresIn). Default 5 minutes.
	TTL time.Duration
	// DisableSignUp signs in known users only. Nothing is mailed to other addresses, and
	// the answer does not tell them apart.
	DisableSignUp bool
	// GenerateToken replaces the generator of tokens, 32 random letters and digits. A
	// token is all that a sign-in needs, so it must be as hard to guess.
	GenerateToken func(ctx context.Context, email string) (string, error)
	// Store says how tokens are stored: Plain (default) or Hashed. It concerns the token
	// alone: in CompatKernia the whole identifier is hashed in any case
	// (core.VerificationOptions).
	Store Storage
	// Hash stores tokens in a way of your own, in place of Store.
	Hash func(ctx context.Context, token string) (string, error)

	// RateLimit is the rule of each route for one client, by its IP address. Default 5
	// requests in a minute.
	RateLimit ratelimit.Rule
	// SendLimit is how many links are mailed to one address, whoever asks for them.
	// Default 5 in a minute. The rate limiter keeps the count. A negative Max: no such
	// limit.
	SendLimit ratelimit.Rule

	// Confirm makes links lead to a page with a button, which completes the sign-in.
	// Mail scanners open links and press no buttons; without a page a scanner uses the
	// link up. The page needs no script.
	Confirm bool
	// ConfirmPage is a page of the application in place of the built-in one: a path of this
	// site or a URL. It gets the query of the link, and passes it to
	// GET /magic-link/verify when the user confirms.
	ConfirmPage string
}

// Storage says how tokens are stored.
type Storage = otp.Storage

// The ways to store a token.
const (
	Plain  = otp.Plain
	Hashed = otp.Hashed
)

// Message is a link to mail.
type Message struct {
	Email    string // as it was typed
	URL      string
	Token    string
	Metadata json.RawMessage // what the client has sent along: a JSON object, or nil. Do not trust it
}

// Plugin is the installed plugin; get it with From. Its operations can be called from Go.
type Plugin struct {
	SignIn *core.Op[SignInInput, core.StatusReply]
	Verify *core.Op[VerifyInput, VerifyReply]
	// ConfirmPage is nil without Options.Confirm.
	ConfirmPage *core.Op[VerifyInput, *core.Raw]

	opts    Options
	tokens  otp.Tokens
	compat  core.Compat
	appName string
}

// New makes the plugin.
func New(o Options) *Plugin {
	o.TTL = cmp.Or(o.TTL, 5*time.Minute)
	for _, rule := range []*ratelimit.Rule{&o.RateLimit, &o.SendLimit} {
		rule.Window, rule.Max = cmp.Or(rule.Window, time.Minute), cmp.Or(rule.Max, 5)
	}
	p := &Plugin{opts: o}
	targets := core.Use(core.TrustedTarget("query", "callbackURL"), core.TrustedTarget("query", "newUserCallbackURL"),
		core.TrustedTarget("query", "errorCallbackURL"))
	p.SignIn = core.Post("signInMagicLink", "/sign-in/magic-link", p.signIn, core.Use(core.SameSiteForm), core.DocID("signInWithMagicLink"),
		core.Doc("Send a link that signs in"))
	p.Verify = core.Get("magicLinkVerify", "/magic-link/verify", p.verify, targets, core.Use(notAhead), core.MayRedirect(), core.SignsIn(), core.DocID("verifyMagicLink"),
		core.Doc("Sign in with the token of a link"))
	if o.Confirm {
		p.ConfirmPage = core.Get("magicLinkConfirm", "/magic-link/confirm", p.confirm, targets, core.Answers("text/html"), core.MayRedirect(),
			core.Doc("Show the button that completes a sign-in"))
	}
	return p
}

// From returns the plugin installed in a.
func From(a *core.Auth) (*Plugin, bool) { return core.PluginOf[*Plugin](a) }

// ID returns "magic-link".
func (p *Plugin) ID() string { return ID }

// Manifest checks the options and lists what the plugin adds.
func (p *Plugin) Manifest(env core.Env) (core.Manifest, error) {
	if err := p.opts.check(); err != nil {
		return core.Manifest{}, err
	}
	var err error
	if p.tokens, err = otp.NewTokens(p.opts.Store, p.opts.Hash); err != nil {
		return core.Manifest{}, err
	}
	p.compat, p.appName = env.Compat, env.AppName
	return core.Manifest{
		SignInMethods: []core.SignInMethod{{Name: Method, Label: "Magic link", Usable: core.ReceivesMail}},
		RateLimits: []ratelimit.PathRule{{
			Match: []ratelimit.Match{{Prefix: "/sign-in/magic-link"}, {Prefix: "/magic-link/verify"}},
			Rule:  p.opts.RateLimit,
		}},
		Errors:    []core.ErrorCode{CodePrefetch},
		AsksEnded: true,
	}, nil
}

func (o *Options) check() error {
	switch {
	case o.Send == nil:
		return errors.New("Options.Send is nil: set the function that mails the link")
	case o.TTL < time.Second:
		return fmt.Errorf("Options.TTL is %v: give at least a second", o.TTL)
	case o.SendLimit.Window < time.Millisecond:
		return fmt.Errorf("Options.SendLimit.Window is %v: give at least a millisecond", o.SendLimit.Window)
	case o.Confirm && o.ConfirmPage != "":
		return errors.New("Options.Confirm and Options.ConfirmPage are both set: choose the built-in page or that of the application")
	}
	if u, err := url.Parse(o.ConfirmPage); err != nil || o.ConfirmPage != "" && u.Scheme == "" && !strings.HasPrefix(o.ConfirmPage, "/") {
		return fmt.Errorf("Options.ConfirmPage is %q: give a path that begins with a slash, or a URL", o.ConfirmPage)
	}
	return nil
}
