package social

import (
	"errors"
	"net/http"
	"time"

	"github.com/advantch/kernia-go/core"
	"github.com/advantch/kernia-go/core/oauth"
	"github.com/advantch/kernia-go/core/oauth2"
	"github.com/advantch/kernia-go/core/outbound"
	"github.com/advantch/kernia-go/core/secret"
	"github.com/advantch/kernia-go/core/validate"
	"github.com/advantch/kernia-go/core/wire"
)

// TokenInput names an account of the current user. The client of Better Auth 1.6 names it
// by provider and, when there are several, the provider's id of the account. The client of
// Better Auth 1.7 names it by the id of its row alone, or asks for that of the
// account_data cookie. UserID is for calls from Go.
type TokenInput struct {
	ProviderID       *string `json:"providerId" doc:"Provider of the account"`
	AccountID        *string `json:"accountId" doc:"The provider's id of the account; without providerId, the account's own id"`
	UserID           *string `json:"userId" doc:"Whose account, in calls from the server"`
	UseAccountCookie *bool   `json:"useAccountCookie" doc:"Take the account of the account_data cookie"`
}

// Refine requires a provider unless the account is named otherwise.
func (in *TokenInput) Refine(issues *validate.Issues) {
	if in.ProviderID == nil && validate.Value(in.AccountID) == "" && !validate.Value(in.UseAccountCookie) {
		issues.Add("Invalid input: expected string, received undefined", "providerId")
	}
}

func (in *TokenInput) selection(userID string) oauth.Selection {
	if in.ProviderID == nil {
		return oauth.Selection{UserID: userID, RowID: validate.Value(in.AccountID), Cookie: validate.Value(in.UseAccountCookie)}
	}
	return oauth.Selection{UserID: userID, ProviderID: *in.ProviderID, AccountID: validate.Value(in.AccountID)}
}

// AccessTokenReply is a valid access token.
type AccessTokenReply struct {
	AccessToken          string     `json:"accessToken"`
	AccessTokenExpiresAt *time.Time `json:"accessTokenExpiresAt,omitempty"`
	Scopes               []string   `json:"scopes"`
	IDToken              string     `json:"idToken,omitempty"`
}

// RefreshTokenReply holds new tokens.
type RefreshTokenReply struct {
	AccessToken           string     `json:"accessToken"`
	RefreshToken          string     `json:"refreshToken"`
	AccessTokenExpiresAt  *time.Time `json:"accessTokenExpiresAt,omitempty"`
	RefreshTokenExpiresAt *time.Time `json:"refreshTokenExpiresAt"`
	Scope                 *string    `json:"scope"`
	IDToken               *string    `json:"idToken"`
	ProviderID            string     `json:"providerId"`
	AccountID             string     `json:"accountId"`
}

// account finds the account of a request and its provider.
func (p *Plugin) account(c *core.Ctx, in *TokenInput, missing *core.Error) (*oauth.Provider, *core.Account, error) {
	session, err := loadSession(c)
	if err != nil {
		return nil, nil, err
	}
	userID := ""
	switch {
	case session != nil:
		userID = session.User.ID
	case !c.FromServer():
		return nil, nil, signedOut(c)
	default:
		userID = validate.Value(in.UserID)
	}
	if userID == "" {
		return nil, nil, missing
	}
	if in.ProviderID != nil {
		if _, ok := p.engine.Provider(*in.ProviderID); !ok {
			return nil, nil, unsupported(*in.ProviderID)
		}
	}
	acc, err := p.engine.Account(c, in.selection(userID))
	if core.IsNotFound(err) {
		return nil, nil, core.Fail(http.StatusBadRequest, core.CodeAccountNotFound)
	}
	if err != nil {
		return nil, nil, err
	}
	provider, ok := p.engine.Provider(acc.ProviderID)
	if !ok {
		return nil, nil, unsupported(acc.ProviderID)
	}
	return provider, acc, nil
}

// loadSession reads the caller's session from the store, because tokens of providers are
// not for a session that has been revoked. For servers without a store the cookie cache
// counts.
func loadSession(c *core.Ctx) (*core.SessionData, error) {
	if c.Auth().Stateless() {
		return c.LoadSession()
	}
	return c.StoredSession()
}

func requireSession(c *core.Ctx) error {
	if c.Auth().Stateless() {
		return core.RequireSession(c)
	}
	return core.RequireStoredSession(c)
}

// signedOut refuses a caller without a session: in Better Auth with nothing but the
// status.
func signedOut(c *core.Ctx) *core.Error {
	if c.Auth().Compat() == core.CompatBetterAuth {
		return &core.Error{
			Status: http.StatusUnauthorized, NoBody: true, Header: []core.HeaderField{{Name: "Content-Type", Value: "application/json"}},
		}
	}
	return core.Fail(http.StatusUnauthorized, core.CodeUnauthorized)
}

func unsupported(id string) error {
	return named(http.StatusBadRequest, CodeProviderNotSupported, "Provider "+id+" is not supported.")
}

func (p *Plugin) getAccessToken(c *core.Ctx, in *TokenInput) (AccessTokenReply, error) {
	provider, acc, err := p.account(c, in, signedOut(c))
	if err != nil {
		return AccessTokenReply{}, err
	}
	t, err := p.engine.AccessToken(c, provider, acc)
	if err != nil {
		return AccessTokenReply{}, unusable(err, CodeFailedToGetToken)
	}
	reply := AccessTokenReply{AccessToken: t.AccessToken, Scopes: t.Scopes, IDToken: t.IDToken}
	if !t.AccessTokenExpiresAt.IsZero() {
		reply.AccessTokenExpiresAt = &t.AccessTokenExpiresAt
	}
	if reply.Scopes == nil {
		reply.Scopes = []string{}
	}
	return reply, nil
}

// unusable answers with a code when the provider, or what is stored, is at fault. What
// the database or the caller's patience is at fault of, stays what it is.
func unusable(err error, code core.ErrorCode) error {
	_, refused := errors.AsType[*oauth2.Error](err)
	_, unreachable := errors.AsType[*outbound.Error](err)
	if refused || unreachable || errors.Is(err, secret.ErrDecrypt) || errors.Is(err, oauth.ErrRefreshing) || core.IsNotFound(err) {
		e := core.Fail(http.StatusBadRequest, code)
		e.Cause = err
		return e
	}
	return err
}

func (p *Plugin) refreshToken(c *core.Ctx, in *TokenInput) (RefreshTokenReply, error) {
	provider, acc, err := p.account(c, in, core.Fail(http.StatusBadRequest, CodeUserOrSessionRequired))
	if err != nil {
		return RefreshTokenReply{}, err
	}
	if !provider.CanRefresh() {
		return RefreshTokenReply{}, named(http.StatusBadRequest, CodeRefreshNotSupported, "Provider "+provider.ID()+" does not support token refreshing.")
	}
	if acc.RefreshToken == nil || *acc.RefreshToken == "" {
		return RefreshTokenReply{}, core.Fail(http.StatusBadRequest, CodeRefreshTokenNotFound)
	}
	fresh, t, err := p.engine.Refresh(c, provider, acc)
	if err != nil {
		return RefreshTokenReply{}, unusable(err, CodeFailedToRefreshToken)
	}
	reply := RefreshTokenReply{
		AccessToken: t.AccessToken, RefreshToken: t.RefreshToken, AccessTokenExpiresAt: fresh.AccessTokenExpiresAt,
		RefreshTokenExpiresAt: fresh.RefreshTokenExpiresAt, Scope: fresh.Scope, ProviderID: fresh.ProviderID, AccountID: fresh.AccountID,
	}
	if t.IDToken != "" {
		reply.IDToken = &t.IDToken
	}
	return reply, nil
}

// AccountInfoInput is the query of /account-info.
type AccountInfoInput struct {
	AccountID        *string `query:"accountId" doc:"The provider's id of the account, or the account's own id"`
	UseAccountCookie *string `query:"useAccountCookie" doc:"true: take the account of the account_data cookie"`
}

// AccountInfoReply is a profile as the provider has it now.
type AccountInfoReply struct {
	Profile *oauth2.Profile // user is its id, name, address and picture; data its Raw
}

// AppendJSON appends {"user":…,"data":…}.
func (r *AccountInfoReply) AppendJSON(dst []byte) []byte {
	if r == nil {
		return append(dst, "null"...)
	}
	profile := r.Profile
	user := wire.NewObject(wire.Member{Name: "id", Value: wire.String(profile.ID)}, wire.Member{Name: "name", Value: wire.String(profile.Name)})
	if profile.Email != "" {
		user.Set("email", wire.String(profile.Email))
	}
	if profile.Image != "" {
		user.Set("image", wire.String(profile.Image))
	}
	user.Set("emailVerified", wire.Bool(profile.EmailVerified))
	dst = append(dst, `{"user":`...)
	dst = user.AppendJSON(dst)
	dst = append(dst, `,"data":`...)
	return append(profile.Raw.AppendJSON(dst), '}')
}

// OpenAPIForm describes the answer.
func (*AccountInfoReply) OpenAPIForm() any {
	type user struct {
		ID            string `json:"id"`
		Name          string `json:"name"`
		Email         string `json:"email,omitempty"`
		Image         string `json:"image,omitempty"`
		EmailVerified bool   `json:"emailVerified"`
	}
	return struct {
		User user           `json:"user"`
		Data map[string]any `json:"data"`
	}{}
}

func (p *Plugin) accountInfo(c *core.Ctx, in *AccountInfoInput) (*AccountInfoReply, error) {
	acc, err := p.asked(c, in)
	if core.IsNotFound(err) {
		return nil, core.Fail(http.StatusBadRequest, core.CodeAccountNotFound)
	}
	if err != nil {
		return nil, err
	}
	provider, ok := p.engine.Provider(acc.ProviderID)
	if !ok {
		status := http.StatusBadRequest
		if c.Auth().Compat() == core.CompatBetterAuth {
			status = http.StatusInternalServerError
		}
		return nil, named(status, CodeProviderNotConfigured, "Provider account provider is "+acc.ProviderID+" but it is not configured")
	}
	profile, err := p.engine.Info(c, provider, acc)
	if _, refused := errors.AsType[*oauth.Refusal](err); refused {
		if c.Auth().Compat() == core.CompatBetterAuth {
			return nil, nil // Better Auth answers null
		}
		return nil, core.Fail(http.StatusBadRequest, core.CodeFailedToGetUserInfo)
	}
	if errors.Is(err, oauth.ErrNoAccessToken) {
		return nil, core.Fail(http.StatusBadRequest, CodeAccessTokenNotFound)
	}
	if err != nil {
		return nil, unusable(err, CodeFailedToGetToken)
	}
	return &AccountInfoReply{profile}, nil
}

func (p *Plugin) asked(c *core.Ctx, in *AccountInfoInput) (*core.Account, error) {
	userID, id := c.Session().User.ID, validate.Value(in.AccountID)
	if id == "" {
		return p.engine.Account(c, oauth.Selection{UserID: userID, Cookie: true})
	}
	accounts, err := c.Auth().Store().FindAccounts(c, userID)
	if err != nil {
		return nil, err
	}
	for _, acc := range accounts {
		if acc.AccountID == id || acc.ID == id {
			return acc, nil
		}
	}
	return nil, core.ErrNotFound
}
