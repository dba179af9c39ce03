// Package anonymous lets people use an application before they sign up. They get a user
// without a mailbox or a password. When they sign in or up later, the application moves what
// they have made to their account, and the anonymous user is deleted. See https://better-auth.com/docs/plugins/anonymous. Plugin id: "anonymous".
package anonymous

import (
	"context"
	"fmt"
	"strings"

	"github.com/advantch/kernia-go/core"
	"github.com/advantch/kernia-go/core/schema"
	"github.com/advantch/kernia-go/core/validate"
)

// ID is the plugin's id.
const ID = "anonymous"

// IsAnonymous is the field of the user. Clients cannot set it.
var IsAnonymous = core.Field[bool]{Name: "isAnonymous"}

// Options configures the plugin. The zero value is Better Auth's default, except for the
// addresses of the users.
type Options struct {
	// EmailDomain is the domain of the addresses of anonymous users,
	// temp-<id>@<EmailDomain>. Choose a domain that is yours and receives no mail. Default:
	// addresses that nobody can have, <id>@anonymous.placeholder.invalid, as in Better Auth
	// 1.7.
	EmailDomain string
	// GenerateEmail makes the addresses in place of EmailDomain. When it returns "", the
	// plugin makes an address.
	GenerateEmail func(ctx context.Context) (string, error)
	// GenerateName makes the names. Default "Anonymous".
	GenerateName func(ctx context.Context) (string, error)
	// Move moves the application's rows from the anonymous user to the one who signs in,
	// and runs once. It runs in the transaction of the sign-in, before the anonymous user
	// is deleted. Its error refuses the sign-in and leaves everything as it was. Rows are
	// locked: ask no other system.
	Move func(ctx context.Context, from, to *core.User) error
	// OnLink is called after a sign-in that has moved the user (onLinkAccount). Its error is
	// logged and changes nothing.
	OnLink func(ctx context.Context, l Link) error
	// KeepUser keeps anonymous users after the move, and refuses /delete-anonymous-user
	// (disableDeleteAnonymousUser).
	KeepUser bool
	// Column is the name of the column isAnonymous.
	Column string
}

// Link is a sign-in of somebody who had an anonymous session.
type Link struct {
	Anonymous core.SessionData // the user who was anonymous, and the session
	New       core.SessionData
}

// Plugin is the installed plugin; get it with From. Its operations can be called from Go.
type Plugin struct {
	SignIn *core.Op[core.NoInput, SignInReply]
	Delete *core.Op[core.NoInput, core.SuccessReply]

	opts Options
}

// New makes the plugin.
func New(o Options) *Plugin {
	p := &Plugin{opts: o}
	p.SignIn = core.Post("signInAnonymous", "/sign-in/anonymous", p.signIn, core.Use(core.SameSiteForm),
		core.Doc("Sign in without an account"))
	p.Delete = core.Post("deleteAnonymousUser", "/delete-anonymous-user", p.remove, core.Use(core.RequireStoredSession, core.InPerson),
		core.Doc("Delete the current anonymous user"))
	return p
}

// From returns the plugin installed in a.
func From(a *core.Auth) (*Plugin, bool) { return core.PluginOf[*Plugin](a) }

// ID returns "anonymous".
func (p *Plugin) ID() string { return ID }

// Manifest checks the options and lists what the plugin adds.
func (p *Plugin) Manifest(core.Env) (core.Manifest, error) {
	if d := p.opts.EmailDomain; d != "" && !validate.Email("temp-x@"+d) {
		return core.Manifest{}, fmt.Errorf("EmailDomain is %q: set a domain, such as %q", d, "visitors.example.com")
	}
	return core.Manifest{
		Extend: []schema.Table{{Model: core.ModelUser, Fields: []schema.Field{{
			Name: IsAnonymous.Name, Type: schema.Boolean, Optional: true, NoInput: true, Default: schema.Value(false), Column: p.opts.Column,
		}}}},
		SignInMethods: []core.SignInMethod{{Name: ID, Label: "Anonymous visit"}},
		SignInWatch:   p.watch,
		Errors: []core.ErrorCode{
			CodeInvalidEmailFormat, core.CodeFailedToCreateUser, CodeCouldNotCreateSession, CodeAnonymousAgain,
			CodeFailedToDelete, CodeFailedToDeleteSessions, CodeNotAnonymous, CodeDeleteDisabled,
		},
	}, nil
}

// email makes the address of a new anonymous user.
func (p *Plugin) email(c *core.Ctx) (string, error) {
	if f := p.opts.GenerateEmail; f != nil {
		email, err := f(c)
		if err != nil || email != "" {
			return email, err
		}
	}
	id, err := c.Auth().RandomString(32)
	if err != nil {
		return "", err
	}
	if p.opts.EmailDomain == "" {
		return strings.ToLower(id) + "@anonymous.placeholder.invalid", nil
	}
	return "temp-" + id + "@" + p.opts.EmailDomain, nil
}

// name makes the name of a new anonymous user.
func (p *Plugin) name(c *core.Ctx) (string, error) {
	if f := p.opts.GenerateName; f != nil {
		name, err := f(c)
		if err != nil || name != "" {
			return name, err
		}
	}
	return "Anonymous", nil
}
