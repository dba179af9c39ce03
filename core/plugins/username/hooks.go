package username

import (
	"context"
	"net/http"

	"github.com/advantch/kernia-go/core"
	"github.com/advantch/kernia-go/core/adapter"
	"github.com/advantch/kernia-go/core/wire"
)

const (
	signUpPath    = "/sign-up/email"
	updatePath    = "/update-user"
	availablePath = "/is-username-available"
)

// fillIn makes the display name of a sign-up without a name its name too, if it is a valid
// one. Better Auth 1.6 takes it unchecked, and so names that the validator refuses; this is
// the rule of 1.7.
func (p *Plugin) fillIn(c *core.Ctx) error {
	body, ok := c.Body().Obj()
	if !ok {
		return nil
	}
	display, ok := body.Get(DisplayUsername.Name)
	text, isText := display.Str()
	if _, given := body.Get(Username.Name); given || !ok || !isText {
		return nil
	}
	err := p.validateName(c, p.chosen(text), http.StatusBadRequest)
	if err == nil {
		body.Set(Username.Name, display)
	}
	if _, refused := err.(*core.Error); refused {
		return nil
	}
	return err
}

// fillInDisplay makes the name of a sign-up without a display name its display name.
func (p *Plugin) fillInDisplay(c *core.Ctx) error {
	body, ok := c.Body().Obj()
	if !ok || p.opts.DisableDisplayUsername {
		return nil
	}
	name, _ := body.Get(Username.Name)
	if display, _ := body.Get(DisplayUsername.Name); name.Truthy() && !display.Truthy() {
		body.Set(DisplayUsername.Name, name)
	}
	return nil
}

// examine checks the names in the body of a sign-up or an update, and that nobody else has
// the name. The unique column decides between two who choose it at once.
func (p *Plugin) examine(c *core.Ctx) error {
	body, ok := c.Body().Obj()
	if !ok {
		return nil
	}
	if v, _ := body.Get(Username.Name); v.Kind() == wire.KindString {
		name, _ := v.Str()
		if err := p.validateName(c, p.chosen(name), http.StatusBadRequest); err != nil {
			return err
		}
		if err := p.free(c, p.opts.Normalize(name)); err != nil {
			return err
		}
	} else if p.opts.Immutable && c.Path() == updatePath && v.Kind() == wire.KindNull {
		if err := p.free(c, ""); err != nil {
			return err
		}
	}
	if v, _ := body.Get(DisplayUsername.Name); v.Kind() == wire.KindString && !p.opts.DisableDisplayUsername {
		name, _ := v.Str()
		return p.validateDisplay(c, name)
	}
	return nil
}

// free refuses a normalised name that another user has, and one that differs from a name
// that stays.
func (p *Plugin) free(c *core.Ctx, name string) error {
	store := c.Auth().Store()
	own := ""
	if c.Path() == updatePath {
		s, err := c.StoredSession()
		if s == nil || err != nil {
			return err // the route answers 401
		}
		own = s.User.ID
		if has, _ := Username.Of(s.User.Extra); p.opts.Immutable && has != "" && has != name {
			return core.Fail(http.StatusBadRequest, CodeUsernameImmutable)
		}
	}
	if name == "" {
		return nil
	}
	u, err := store.FindUserBy(c, Username.Name, name)
	if core.IsNotFound(err) || err == nil && u.ID == own {
		return nil
	}
	if err != nil {
		return err
	}
	return core.Fail(http.StatusBadRequest, CodeUsernameTaken)
}

// userMade normalises the names of a new user.
func (p *Plugin) userMade(ctx context.Context, u *core.User) error {
	if name, _ := Username.Of(u.Extra); name != "" {
		if err := p.elsewhere(ctx, name); err != nil {
			return err
		}
		Username.Set(&u.Extra, p.opts.Normalize(name))
	}
	if name, _ := DisplayUsername.Of(u.Extra); name != "" && !p.opts.DisableDisplayUsername {
		if err := p.displayElsewhere(ctx, name); err != nil {
			return err
		}
		DisplayUsername.Set(&u.Extra, p.opts.NormalizeDisplay(name))
	}
	return nil
}

// userChanged normalises the names in a change.
func (p *Plugin) userChanged(ctx context.Context, set adapter.Record) error {
	if name, _ := set[Username.Name].(string); name != "" {
		if err := p.elsewhere(ctx, name); err != nil {
			return err
		}
		set[Username.Name] = p.opts.Normalize(name)
	}
	if name, _ := set[DisplayUsername.Name].(string); name != "" && !p.opts.DisableDisplayUsername {
		if err := p.displayElsewhere(ctx, name); err != nil {
			return err
		}
		set[DisplayUsername.Name] = p.opts.NormalizeDisplay(name)
	}
	return nil
}

// elsewhere validates a name that reaches the store by another way than the routes that
// examine has seen, for example by a sign-in with a code, an administrator or a provider's
// profile.
func (p *Plugin) elsewhere(ctx context.Context, name string) error {
	if examined(ctx) {
		return nil
	}
	return p.validateName(ctx, p.chosen(name), http.StatusBadRequest)
}

// displayElsewhere is elsewhere for display names.
func (p *Plugin) displayElsewhere(ctx context.Context, name string) error {
	if examined(ctx) {
		return nil
	}
	return p.validateDisplay(ctx, name)
}

func examined(ctx context.Context) bool {
	c, ok := core.CtxFrom(ctx)
	return ok && (c.Path() == signUpPath || c.Path() == updatePath)
}
