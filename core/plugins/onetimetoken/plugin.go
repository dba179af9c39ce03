// Package onetimetoken hands a session over to another client by a token that works once,
// for example from a website to an application on another domain. See
// https://better-auth.com/docs/plugins/one-time-token. Plugin id: "one-time-token".
package onetimetoken

import (
	"cmp"
	"context"
	"fmt"
	"time"

	"github.com/advantch/kernia-go/core"
	"github.com/advantch/kernia-go/core/otp"
)

// ID is the plugin's id.
const ID = "one-time-token"

const (
	generatePath = "/one-time-token/generate"
	prefix       = "one-time-token:"
	header       = "set-ott"
)

// Options configures the plugin. The zero value is Better Auth's default.
type Options struct {
	// TTL is the life of a token (Better Auth's expiresIn, which is in minutes). Default
	// 3 minutes.
	TTL time.Duration
	// DisableClientRequest refuses to make tokens over HTTP. Go code can still make them.
	DisableClientRequest bool
	// GenerateToken replaces the generator of tokens, 32 random letters and digits. A
	// token stands for its session, so it must be as hard to guess.
	GenerateToken func(ctx context.Context, s *core.SessionData) (string, error)
	// DisableSetSessionCookie answers with the session and sets no cookie.
	DisableSetSessionCookie bool
	// Store says how tokens are stored: Plain (default) or Hashed. It concerns the token
	// alone: in CompatKernia the whole identifier is hashed in any case
	// (core.VerificationOptions).
	Store Storage
	// Hash stores tokens in a way of your own, in place of Store.
	Hash func(ctx context.Context, token string) (string, error)
	// SetHeaderOnNewSession adds a token in the header set-ott to every answer that sets
	// a session cookie (Better Auth's setOttHeaderOnNewSession).
	SetHeaderOnNewSession bool
}

// Storage says how tokens are stored.
type Storage = otp.Storage

// The ways to store a token.
const (
	Plain  = otp.Plain
	Hashed = otp.Hashed
)

// Plugin is the installed plugin; get it with From. Its operations can be called from Go.
type Plugin struct {
	Generate *core.Op[core.NoInput, TokenReply]
	Verify   *core.Op[VerifyInput, *core.SessionData]

	opts   Options
	tokens otp.Tokens
	// client marks calls that came over HTTP.
	client core.Local[bool]
}

// New makes the plugin.
func New(o Options) *Plugin {
	o.TTL = cmp.Or(o.TTL, 3*time.Minute)
	p := &Plugin{opts: o}
	p.Generate = core.Get("generateOneTimeToken", generatePath, p.generate, core.Use(core.RequireStoredSession),
		core.Doc("Make a token for the current session"))
	p.Verify = core.Post("verifyOneTimeToken", "/one-time-token/verify", p.verify, core.Use(core.SameSiteForm),
		core.Doc("Get the session of a token"))
	return p
}

// From returns the plugin installed in a.
func From(a *core.Auth) (*Plugin, bool) { return core.PluginOf[*Plugin](a) }

// ID returns "one-time-token".
func (p *Plugin) ID() string { return ID }

// Manifest checks the options and lists what the plugin adds.
func (p *Plugin) Manifest(core.Env) (core.Manifest, error) {
	if p.opts.TTL < time.Second {
		return core.Manifest{}, fmt.Errorf("Options.TTL is %v: give at least a second", p.opts.TTL)
	}
	var err error
	if p.tokens, err = otp.NewTokens(p.opts.Store, p.opts.Hash); err != nil {
		return core.Manifest{}, err
	}
	m := core.Manifest{Errors: []core.ErrorCode{CodeClientDisabled, core.CodeInvalidToken, CodeSessionNotFound, CodeSessionExpired}}
	if p.opts.DisableClientRequest {
		m.OnRequest = p.mark
	}
	if p.opts.SetHeaderOnNewSession {
		m.After = []core.Hook{{Match: core.All(), Run: p.announce}}
	}
	return m, nil
}
