package oauth

import (
	"context"
	"encoding/base64"
	"errors"
	"strings"
	"time"

	"github.com/advantch/kernia-go/core"
	"github.com/advantch/kernia-go/core/adapter"
	"github.com/advantch/kernia-go/core/oauth2"
)

const (
	// early is how long before its end a token is refreshed.
	early = 5 * time.Second
	// patience is how long a caller waits for the refresh of another process.
	patience = 5 * time.Second
	pause    = 50 * time.Millisecond
	// refreshTime bounds a refresh, which goes on when its caller has gone: a provider
	// that rotates refresh tokens has used the old one up by then.
	refreshTime = 20 * time.Second
)

// Selection names an account of a user.
type Selection struct {
	// UserID is the owner of the account. Required.
	UserID string
	// ProviderID and AccountID name it as Better Auth 1.6 does: the provider, and the
	// provider's id of the account or "" for the first one.
	ProviderID, AccountID string
	// RowID names it by the id of its row, as Better Auth 1.7 does.
	RowID string
	// Cookie takes the account of the account_data cookie.
	Cookie bool
}

func (s Selection) names(acc *core.Account) bool {
	switch {
	case acc.UserID != s.UserID:
		return false
	case s.RowID != "":
		return acc.ID == s.RowID
	}
	return s.Cookie || acc.ProviderID == s.ProviderID && (s.AccountID == "" || acc.AccountID == s.AccountID)
}

// Account finds an account: in the account_data cookie if that is switched on, else in
// the database. It returns core.ErrNotFound when the user has no such account.
func (e *Engine) Account(c *core.Ctx, s Selection) (*core.Account, error) {
	if acc := e.kept(c); acc != nil && s.names(acc) {
		return acc, nil
	}
	if s.Cookie {
		return nil, core.ErrNotFound
	}
	accounts, err := e.auth.Store().FindAccounts(c, s.UserID)
	if err != nil {
		return nil, err
	}
	for _, acc := range accounts {
		if s.names(acc) {
			return acc, nil
		}
	}
	return nil, core.ErrNotFound
}

// Tokens are the tokens of an account, decrypted.
func (e *Engine) Tokens(acc *core.Account) (*oauth2.Tokens, error) {
	t := &oauth2.Tokens{}
	var err error
	if t.AccessToken, err = e.open(acc.AccessToken); err != nil {
		return nil, err
	}
	if t.RefreshToken, err = e.open(acc.RefreshToken); err != nil {
		return nil, err
	}
	if t.IDToken, err = e.open(acc.IDToken); err != nil {
		return nil, err
	}
	if acc.AccessTokenExpiresAt != nil {
		t.AccessTokenExpiresAt = *acc.AccessTokenExpiresAt
	}
	if acc.RefreshTokenExpiresAt != nil {
		t.RefreshTokenExpiresAt = *acc.RefreshTokenExpiresAt
	}
	if s := value(acc.Scope); s != "" {
		t.Scopes = strings.Split(s, ",")
	}
	return t, nil
}

// AccessToken returns the tokens of an account, refreshed when the access token ends
// within five seconds and can be refreshed.
func (e *Engine) AccessToken(c *core.Ctx, p *Provider, acc *core.Account) (*oauth2.Tokens, error) {
	if !e.ended(acc) || value(acc.RefreshToken) == "" || !p.CanRefresh() {
		return e.Tokens(acc)
	}
	_, t, err := e.Refresh(c, p, acc)
	return t, err
}

func (e *Engine) ended(acc *core.Account) bool {
	return acc.AccessTokenExpiresAt != nil && acc.AccessTokenExpiresAt.Sub(e.auth.Now()) < early
}

// Refresh gets new tokens for an account and stores them. Many callers may ask at once,
// in several processes: one asks the provider, and the others get what it stored, or its
// failure.
func (e *Engine) Refresh(c *core.Ctx, p *Provider, acc *core.Account) (*core.Account, *oauth2.Tokens, error) {
	// The call itself may be over before the refresh is: its context must not be used.
	fresh, err := e.refreshes.do(c, acc.UserID+" "+acc.ProviderID+" "+acc.AccountID, func() (*core.Account, error) {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(c.Context), refreshTime)
		defer cancel()
		return e.refresh(ctx, p, acc)
	})
	if err != nil {
		return nil, nil, err
	}
	t, err := e.Tokens(fresh)
	if err != nil {
		return nil, nil, err
	}
	return fresh, t, e.keep(c, fresh)
}

func (e *Engine) refresh(ctx context.Context, p *Provider, acc *core.Account) (*core.Account, error) {
	store := e.auth.Store()
	row, leased, err := e.lease(ctx, acc)
	if core.IsNotFound(err) {
		return e.refreshCookie(ctx, p, acc)
	}
	switch {
	case err != nil:
		return nil, err
	case !leased && row != nil:
		return row, nil
	case !leased:
		return e.await(ctx, acc)
	}
	tokens, err := e.ask(ctx, p, row)
	if err != nil {
		return nil, errors.Join(e.forget(ctx, row, err), store.DeleteVerification(ctx, lease(acc)))
	}
	set, err := e.record(tokens)
	if err == nil {
		row, err = e.replace(ctx, row, set)
	}
	if err != nil {
		return nil, errors.Join(err, store.DeleteVerification(ctx, lease(acc)))
	}
	// The lease ends after the tokens are there: without a lease they are the newest. They
	// are good even when the lease then stays until it expires.
	_ = e.auth.Tell(ctx, "ending the lease of a refresh", func(ctx context.Context) error {
		return store.DeleteVerification(ctx, lease(acc))
	})
	return row, nil
}

// replace changes the tokens of an account, unless a sign-in has brought other ones since
// they were read. Those are newer and stay.
func (e *Engine) replace(ctx context.Context, acc *core.Account, set adapter.Record) (*core.Account, error) {
	store := e.auth.Store()
	var row *core.Account
	err := store.Tx(ctx, func(ctx context.Context) error {
		if _, err := e.auth.Lock(ctx, core.ModelAccount, acc.ID); err != nil {
			return err
		}
		found, err := store.FindAccount(ctx, acc.ProviderID, acc.AccountID)
		if err != nil {
			return err
		}
		if row = found; found.ID != acc.ID || changed(found, acc) {
			return nil
		}
		row, err = store.UpdateAccount(ctx, acc.ID, set)
		return err
	})
	if err != nil {
		return nil, err
	}
	if row.UserID != acc.UserID {
		return nil, core.ErrNotFound
	}
	return row, nil
}

// lease is the identifier of the value that says who refreshes an account.
func lease(acc *core.Account) string { return "oauth-refresh:" + acc.ProviderID + ":" + acc.AccountID }

// lease makes the caller the one who refreshes an account, in all processes. Otherwise it
// returns the account with the tokens that somebody else has stored, or nil while another
// process is at it. The provider is not asked under the row's lock: it may be slow.
func (e *Engine) lease(ctx context.Context, acc *core.Account) (row *core.Account, leased bool, err error) {
	store := e.auth.Store()
	owner, err := e.auth.RandomString(stateSize)
	if err != nil {
		return nil, false, err
	}
	err = store.Tx(ctx, func(ctx context.Context) error {
		row, leased = nil, false
		// The lock comes first: MariaDB shows a transaction what its first read has seen.
		if _, err := e.auth.Lock(ctx, core.ModelAccount, acc.ID); err != nil {
			return err
		}
		// The lease before the account: without a lease, the tokens are the newest.
		v, err := store.FindVerification(ctx, lease(acc))
		if err != nil && !core.IsNotFound(err) {
			return err
		}
		// In a secondary storage the lease is still there when the transaction runs again.
		busy := err == nil && v.ExpiresAt.After(e.auth.Now()) && v.Value != owner
		found, err := store.FindAccount(ctx, acc.ProviderID, acc.AccountID)
		if err != nil {
			return err
		}
		if found.UserID != acc.UserID {
			return core.ErrNotFound
		}
		if changed(found, acc) && !e.ended(found) {
			row = found
			return nil
		}
		if busy {
			return nil
		}
		row, leased = found, true
		_, err = store.CreateVerification(ctx, lease(acc), owner, e.auth.Now().Add(refreshTime))
		return err
	})
	return row, leased, err
}

// changed tells that somebody has refreshed the tokens since acc was read.
func changed(row, acc *core.Account) bool {
	return value(row.AccessToken) != value(acc.AccessToken) || value(row.RefreshToken) != value(acc.RefreshToken)
}

// ask sends the stored refresh token to the provider.
func (e *Engine) ask(ctx context.Context, p *Provider, acc *core.Account) (*oauth2.Tokens, error) {
	token, err := e.open(acc.RefreshToken)
	if err != nil {
		return nil, err
	}
	at, err := p.resolve(ctx)
	if err != nil {
		e.log(ctx, "its endpoints cannot be discovered", p, reason(err))
		return nil, err
	}
	t, err := at.Refresh(ctx, p.client(e.auth), token, e.auth.Now())
	if err != nil {
		e.log(ctx, "refreshing a token failed", p, err)
	}
	return t, err
}

// refreshCookie refreshes an account that only the account_data cookie has, because the
// process that stored it has ended (Options.Stateless).
func (e *Engine) refreshCookie(ctx context.Context, p *Provider, acc *core.Account) (*core.Account, error) {
	if !e.auth.Stateless() {
		return nil, core.ErrNotFound
	}
	t, err := e.ask(ctx, p, acc)
	if err != nil {
		return nil, err
	}
	fresh := *acc
	if err := e.fill(&fresh, t); err != nil {
		return nil, err
	}
	if fresh.IDToken == nil {
		fresh.IDToken = acc.IDToken
	}
	if fresh.Scope == nil {
		fresh.Scope = acc.Scope
	}
	if fresh.RefreshTokenExpiresAt == nil {
		fresh.RefreshTokenExpiresAt = acc.RefreshTokenExpiresAt
	}
	return &fresh, nil
}

// forget drops a refresh token that the provider has called void, so that it is not asked
// again for every call.
func (e *Engine) forget(ctx context.Context, acc *core.Account, cause error) error {
	if refused, ok := errors.AsType[*oauth2.Error](cause); !ok || refused.Code != "invalid_grant" || e.compat() {
		return cause
	}
	if _, err := e.replace(ctx, acc, adapter.Record{"refreshToken": nil}); err != nil {
		return errors.Join(cause, err)
	}
	return cause
}

// ErrRefreshing is returned after a wait for another process that refreshes the tokens
// and has not finished.
var ErrRefreshing = errors.New("oauth: another process has not refreshed the tokens")

// await waits until another process has stored new tokens.
func (e *Engine) await(ctx context.Context, acc *core.Account) (*core.Account, error) {
	end := time.NewTimer(patience)
	defer end.Stop()
	tick := time.NewTicker(pause)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil, ctx.Err()
		case <-end.C:
			return nil, ErrRefreshing
		case <-tick.C:
		}
		_, err := e.auth.Store().FindVerification(ctx, lease(acc))
		busy := err == nil
		if err != nil && !core.IsNotFound(err) {
			return nil, err
		}
		row, err := e.auth.Store().FindAccount(ctx, acc.ProviderID, acc.AccountID)
		if err != nil {
			return nil, err
		}
		if row.UserID != acc.UserID {
			return nil, core.ErrNotFound
		}
		if changed(row, acc) {
			return row, nil
		}
		if !busy {
			return nil, ErrRefreshing // it has failed there
		}
	}
}

// Info reads the profile of an account from its provider again.
func (e *Engine) Info(c *core.Ctx, p *Provider, acc *core.Account) (*oauth2.Profile, error) {
	t, err := e.AccessToken(c, p, acc)
	if err != nil {
		return nil, err
	}
	if t.AccessToken == "" {
		return nil, ErrNoAccessToken
	}
	at, err := p.resolve(c)
	if err != nil {
		e.log(c, "its endpoints cannot be discovered", p, reason(err))
		return nil, refuse(RefusedUserInfo, err)
	}
	who, err := e.identity(c, p, at, oauth2.ProfileRequest{Tokens: t, IDToken: storedClaims(t.IDToken)})
	if err != nil {
		return nil, err
	}
	if who.Profile.ID != acc.AccountID {
		return nil, refuse(RefusedUserInfo, nil)
	}
	return who.Profile, nil
}

// ErrNoAccessToken is the error of an account without an access token.
var ErrNoAccessToken = errors.New("oauth: the account has no access token")

// storedClaims reads the claims of an id_token that was verified before it was stored. By
// now it has ended.
func storedClaims(token string) oauth2.Claims {
	parts := strings.Split(token, ".")
	if len(parts) != 3 {
		return nil
	}
	payload, err := base64.RawURLEncoding.DecodeString(parts[1])
	if err != nil {
		return nil
	}
	claims, err := oauth2.ParseClaims(payload)
	if err != nil {
		return nil
	}
	// They bind it to the access token and the code that it came with, which are gone.
	delete(claims, "at_hash")
	delete(claims, "c_hash")
	return claims
}
