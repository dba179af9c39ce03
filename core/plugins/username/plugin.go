// Package username lets users sign in with a name of their own and their password, in
// addition to their e-mail address. See https://better-auth.com/docs/plugins/username.
// Plugin id: "username".
package username

import (
	"context"
	"fmt"
	"net/http"
	"time"

	"github.com/advantch/kernia-go/core"
	"github.com/advantch/kernia-go/core/ratelimit"
	"github.com/advantch/kernia-go/core/schema"
)

// ID is the plugin's id.
const ID = "username"

// The added fields of the user. Username is the normalised name, and unique.
var (
	Username        = core.Field[string]{Name: "username"}
	DisplayUsername = core.Field[string]{Name: "displayUsername"}
)

// Order says whether a name is validated before or after it is normalised.
type Order string

// The orders.
const (
	PreNormalization  Order = "pre-normalization"
	PostNormalization Order = "post-normalization"
)

// Options configures the plugin. The zero value is Better Auth's default.
type Options struct {
	// MinLength and MaxLength count UTF-16 code units, as JavaScript does. Defaults 3
	// and 30.
	MinLength, MaxLength int
	// Validate reports whether a name may be used. Default: ASCII letters, digits, "_"
	// and ".". A validator that admits more has to deal with names that look alike: see
	// docs/plugins/username.md.
	Validate func(ctx context.Context, name string) (bool, error)
	// ValidateDisplay reports whether a display name may be used. Default: all may.
	ValidateDisplay func(ctx context.Context, name string) (bool, error)
	// Normalize gives the form in which names are stored and compared. It must be
	// idempotent. Default: lower case.
	Normalize func(name string) string
	// CaseSensitive stores and compares names as they are, without Normalize.
	CaseSensitive bool
	// NormalizeDisplay gives the form in which display names are stored. Default: as
	// they are.
	NormalizeDisplay func(name string) string
	// Order and DisplayOrder say which form the validators see. Default: the given form. The
	// sign-in is an exception, as in Better Auth 1.6: it validates the normalised form with
	// PreNormalization, and the given form otherwise.
	Order, DisplayOrder Order
	// DisableDisplayUsername leaves out the field displayUsername.
	DisableDisplayUsername bool
	// Immutable refuses changes of a name once a user has one.
	Immutable bool
	// Columns maps username and displayUsername to the names of their columns.
	Columns map[string]string
}

// Plugin is the installed plugin; get it with From. Its operations can be called from Go.
type Plugin struct {
	SignIn      *core.Op[SignInInput, core.PasswordReply]
	IsAvailable *core.Op[IsAvailableInput, AvailableReply]

	opts Options
}

// New makes the plugin.
func New(o Options) *Plugin {
	if o.MinLength == 0 {
		o.MinLength = 3
	}
	if o.MaxLength == 0 {
		o.MaxLength = 30
	}
	if o.Validate == nil {
		o.Validate = plain
	}
	switch {
	case o.CaseSensitive:
		o.Normalize = asIs
	case o.Normalize == nil:
		o.Normalize = lower
	}
	if o.NormalizeDisplay == nil {
		o.NormalizeDisplay = asIs
	}
	p := &Plugin{opts: o}
	p.SignIn = core.Post("signInUsername", "/sign-in/username", p.signIn, core.Hashes(p.byName), core.Fails(http.StatusUnprocessableEntity), core.SignsIn(), core.Doc("Sign in with a user name and password"))
	p.IsAvailable = core.Post("isUsernameAvailable", availablePath, p.isAvailable, core.Fails(http.StatusUnprocessableEntity), core.Doc("Check whether a user name is free"))
	return p
}

// From returns the plugin installed in a.
func From(a *core.Auth) (*Plugin, bool) { return core.PluginOf[*Plugin](a) }

// ID returns "username".
func (p *Plugin) ID() string { return ID }

// Manifest checks the options and lists what the plugin adds.
func (p *Plugin) Manifest(env core.Env) (core.Manifest, error) {
	if err := p.check(); err != nil {
		return core.Manifest{}, err
	}
	fields := []schema.Field{{Name: Username.Name, Type: schema.String, Optional: true, Unique: true, Sortable: true, Column: p.opts.Columns[Username.Name]}}
	if !p.opts.DisableDisplayUsername {
		fields = append(fields, schema.Field{Name: DisplayUsername.Name, Type: schema.String, Optional: true, Column: p.opts.Columns[DisplayUsername.Name]})
	}
	m := core.Manifest{
		SignInMethods: []core.SignInMethod{{Name: ID, Label: "User name and password", Password: true, Usable: usable}},
		Extend:        []schema.Table{{Model: core.ModelUser, Fields: fields}},
		Before: []core.Hook{
			{Match: core.Paths(signUpPath), Run: p.fillIn},
			{Match: core.Paths(signUpPath, updatePath), Run: p.examine},
			{Match: core.Paths(signUpPath), Run: p.fillInDisplay},
		},
		Errors: []core.ErrorCode{
			CodeInvalidUsernameOrPassword, core.CodeEmailNotVerified, CodeUnexpectedError, CodeUsernameTaken, CodeUsernameTooShort,
			CodeUsernameTooLong, CodeInvalidUsername, CodeInvalidDisplayUsername, CodeUsernameImmutable,
		},
	}
	m.Init = p.init
	if env.Compat != core.CompatBetterAuth { // each answer tells whether somebody has a name
		m.RateLimits = []ratelimit.PathRule{{Match: []ratelimit.Match{{Exact: availablePath}}, Rule: ratelimit.Rule{Window: 10 * time.Second, Max: 30}}}
	}
	m.Store.User.BeforeCreate = p.userMade
	m.Store.User.BeforeUpdate = p.userChanged
	return m, nil
}

func (p *Plugin) check() error {
	o := p.opts
	switch {
	case o.MinLength < 1 || o.MaxLength < o.MinLength:
		return fmt.Errorf("MinLength is %d and MaxLength %d: set 1 ≤ MinLength ≤ MaxLength", o.MinLength, o.MaxLength)
	case !o.Order.valid():
		return fmt.Errorf("Order is %q: use PreNormalization or PostNormalization", o.Order)
	case !o.DisplayOrder.valid():
		return fmt.Errorf("DisplayOrder is %q: use PreNormalization or PostNormalization", o.DisplayOrder)
	}
	for name := range o.Columns {
		if name != Username.Name && name != DisplayUsername.Name {
			return fmt.Errorf("Columns renames %q: the fields are %q and %q", name, Username.Name, DisplayUsername.Name)
		}
	}
	return nil
}

func (o Order) valid() bool { return o == "" || o == PreNormalization || o == PostNormalization }

// init tells of passwords that nobody can set. In Better Auth 1.6 the sign-in is there
// without them too.
func (p *Plugin) init(ctx context.Context, a *core.Auth) error {
	if !a.HasPlugin("email-password") {
		a.Logger().WarnContext(ctx, "the plugin email-password is not installed, so nobody can sign up with a user name and a password: add emailpassword.New to Options.Plugins", "plugin", ID)
	}
	return nil
}
