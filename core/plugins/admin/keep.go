package admin

import (
	"context"
	"net/http"

	"github.com/advantch/kernia-go/core"
)

// KeepAdmin answers LAST_ADMIN when a user is about to be banned or removed by another plugin
// and is the last one who can make administrators. Call it in the transaction of the change,
// after the user was locked. Another administrator stays locked until its end.
func (p *Plugin) KeepAdmin(ctx context.Context, userID string) error {
	u, err := p.auth.Store().FindUser(ctx, userID)
	if err != nil || !p.steward(u) {
		return err
	}
	return p.keepOther(ctx, u)
}

// keepOther locks an administrator who can succeed another one.
func (p *Plugin) keepOther(ctx context.Context, u *core.User) error {
	others, err := p.others(ctx, u)
	if err != nil {
		return err
	}
	for _, id := range others {
		locked, err := p.lock(ctx, []string{id})
		if err != nil {
			return err
		}
		if other := locked[id]; other != nil && p.succeeds(other, u) {
			return nil
		}
	}
	return core.Fail(http.StatusBadRequest, CodeLastAdmin)
}
