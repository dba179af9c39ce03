package admin

import (
	"context"
	"net/http"

	"github.com/advantch/kernia-go/core"
	"github.com/advantch/kernia-go/core/plugins/access"
)

// RequirePermission is a guard for the application's own routes: it lets users through who
// have all requested permissions, and answers 401 without a session and 403
// MISSING_PERMISSION to others. The session and the user are read from the store at every
// request, so a ban and another role count at once.
//
//	kernia.Require(admins.RequirePermission(access.Permissions{"report": {"read"}}))
func (p *Plugin) RequirePermission(asked access.Permissions) core.Guard {
	asked = asked.Clone()
	return p.require(func(u *core.User) bool { return p.HasPermission(u, asked) })
}

// RequireAdmin is RequirePermission for administrators (IsAdmin).
func (p *Plugin) RequireAdmin() core.Guard { return p.require(p.IsAdmin) }

func (p *Plugin) require(allowed func(u *core.User) bool) core.Guard {
	return func(ctx context.Context) error {
		if err := core.SessionGuard(ctx); err != nil {
			return err
		}
		data, err := stored(ctx)
		if err != nil {
			return err
		}
		if data == nil {
			return core.Fail(http.StatusUnauthorized, core.CodeUnauthorized)
		}
		if !allowed(&data.User) {
			return core.Fail(http.StatusForbidden, CodeMissingPermission)
		}
		return nil
	}
}

// stored reads the session of a request to one of the application's routes from the store,
// not from the cookie cache.
func stored(ctx context.Context) (*core.SessionData, error) {
	c, ok := core.Attached(ctx)
	if !ok {
		return nil, nil
	}
	return c.StoredSession()
}
