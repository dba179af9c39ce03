package adminconfig

import (
	"errors"
	"net/http"
	"slices"
	"strings"

	"github.com/advantch/kernia-go/core"
)

// role is the user's field that Options.AdminRoles is about.
var role = core.Field[string]{Name: "role"}

// administration is what the plugin admin has.
type administration interface {
	core.Plugin
	IsAdmin(u *core.User) bool
}

// checkRoles settles which roles make an administrator. A field that users can set
// themselves makes none.
func (p *Plugin) checkRoles() error {
	named := p.opts.AdminRoles
	if named == nil {
		if admins, ok := core.PluginOf[administration](p.auth); ok {
			p.admins = admins
			return nil
		}
	}
	if named == nil {
		named = []string{"admin", "owner"}
	}
	if len(named) == 0 {
		return nil
	}
	users, _ := p.auth.Schema().Table(core.ModelUser)
	field, ok := users.Field(role.Name)
	switch {
	case !ok && p.opts.AdminRoles == nil:
		return nil
	case !ok:
		return errors.New("Options.AdminRoles needs the user's field role: install the plugin admin, or add the field with NoInput")
	case !field.NoInput:
		return errors.New("the user's field role can be set by users themselves: add NoInput to it, or set Options.AdminRoles to an empty list")
	}
	p.roles = named
	return nil
}

// guard is middleware that lets administrators pass, and the application itself.
func (p *Plugin) guard(c *core.Ctx) error {
	if c.FromServer() {
		return nil
	}
	if err := core.RequireStoredSession(c); err != nil {
		return err
	}
	if err := core.InPerson(c); err != nil {
		return err
	}
	ok, err := p.manages(c, &c.Session().User)
	if err == nil && !ok {
		err = core.Fail(http.StatusForbidden, CodeForbidden)
	}
	return err
}

func (p *Plugin) manages(c *core.Ctx, u *core.User) (bool, error) {
	if p.opts.AllowAnyAuthenticated || slices.Contains(p.opts.AdminUserIDs, u.ID) {
		return true, nil
	}
	if p.admins != nil && p.admins.IsAdmin(u) {
		return true, nil
	}
	has, _ := role.Of(u.Extra)
	for one := range strings.SplitSeq(has, ",") {
		if slices.Contains(p.roles, strings.TrimSpace(one)) {
			return true, nil
		}
	}
	if p.opts.Allow == nil {
		return false, nil
	}
	return p.opts.Allow(c, u)
}
