package core

import (
	"context"
	"net/http"
	"strings"

	"github.com/advantch/kernia-go/core/wire"
)

// ListedAccount is an account as list-accounts sends it: its scope as a list.
type ListedAccount struct{ *Account }

// AppendJSON appends the account without scope, then "scopes".
func (l ListedAccount) AppendJSON(dst []byte) []byte {
	dst = l.shape.or(plainAccount).append(dst, l.Account, "scope")
	dst = append(dst[:len(dst)-1], `,"scopes":[`...)
	if l.Scope != nil && *l.Scope != "" {
		for i, s := range strings.Split(*l.Scope, ",") {
			if i > 0 {
				dst = append(dst, ',')
			}
			dst = wire.AppendString(dst, s)
		}
	}
	return append(dst, ']', '}')
}

func listAccounts(c *Ctx, _ *NoInput) ([]ListedAccount, error) {
	rows, err := c.Auth.store.FindAccounts(c, c.Session().User.ID)
	if err != nil {
		return nil, err
	}
	out := make([]ListedAccount, len(rows))
	for i, row := range rows {
		out[i] = ListedAccount{row}
	}
	return out, nil
}

// UnlinkAccountInput names an account of the current user.
type UnlinkAccountInput struct {
	ProviderID string  `json:"providerId"`
	AccountID  *string `json:"accountId"`
}

func unlinkAccount(c *Ctx, in *UnlinkAccountInput) (StatusReply, error) {
	a, userID := c.Auth, c.Session().User.ID
	err := a.store.Tx(c, func(ctx context.Context) error {
		// Two parallel requests must not each see the other's account as the one that
		// stays: locking the user row makes them take turns.
		if err := a.store.LockUser(ctx, userID); err != nil {
			return err
		}
		accounts, err := a.store.FindAccounts(ctx, userID)
		if err != nil {
			return err
		}
		if len(accounts) == 1 && !a.opts.Account.AllowUnlinkingAll {
			return Fail(http.StatusBadRequest, CodeFailedToUnlinkLastAccount)
		}
		for _, acc := range accounts {
			if acc.ProviderID == in.ProviderID && (in.AccountID == nil || *in.AccountID == "" || acc.AccountID == *in.AccountID) {
				return a.store.DeleteAccount(ctx, acc.ID)
			}
		}
		return Fail(http.StatusBadRequest, CodeAccountNotFound)
	})
	if err != nil {
		return StatusReply{}, err
	}
	c.Emit(Event{Type: EventAccountUnlinked})
	return StatusReply{true}, nil
}
