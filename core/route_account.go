package core

import (
	"context"
	"net/http"
	"strings"

	"github.com/advantch/kernia-go/core/validate"
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
	rows, err := c.auth.store.FindAccounts(c, c.Session().User.ID)
	if err != nil {
		return nil, err
	}
	out := make([]ListedAccount, len(rows))
	for i, row := range rows {
		out[i] = ListedAccount{row}
	}
	return out, nil
}

// UnlinkAccountInput names an account of the current user. The client of Better
// Auth 1.6 names it by provider and, when there are several, the provider's id of
// the account. The client of Better Auth 1.7 names it by the id of the row alone.
type UnlinkAccountInput struct {
	ProviderID *string `json:"providerId" doc:"Provider of the account, for example credential"`
	AccountID  *string `json:"accountId" doc:"The provider's id of the account; without providerId, the account's own id"`
}

// Refine requires a provider unless the id of the row is given.
func (in *UnlinkAccountInput) Refine(issues *validate.Issues) {
	if in.ProviderID == nil && text(in.AccountID) == "" {
		issues.Add("Invalid input: expected string, received undefined", "providerId")
	}
}

func (in *UnlinkAccountInput) names(acc *Account) bool {
	if in.ProviderID == nil {
		return acc.ID == *in.AccountID
	}
	return acc.ProviderID == *in.ProviderID && (text(in.AccountID) == "" || acc.AccountID == *in.AccountID)
}

func unlinkAccount(c *Ctx, in *UnlinkAccountInput) (StatusReply, error) {
	a, userID := c.auth, c.Session().User.ID
	err := a.store.Tx(c, func(ctx context.Context) error {
		// Two parallel requests could each count the other's account as the one that
		// stays. Locking the user's row makes them take turns.
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
			if in.names(acc) {
				if err := a.store.DeleteAccount(ctx, acc.ID); err != nil {
					return err
				}
				return c.EmitIn(ctx, Event{Type: EventAccountUnlinked, Method: acc.ProviderID, SubjectID: acc.ID})
			}
		}
		return Fail(http.StatusBadRequest, CodeAccountNotFound)
	})
	if err != nil {
		return StatusReply{}, err
	}
	if a.opts.Account.StoreCookie {
		c.ExpireChunkedCookie(c.AccountCookie())
	}
	return StatusReply{true}, nil
}
