package oauth

import (
	"time"

	"github.com/advantch/kernia-go/core"
	"github.com/advantch/kernia-go/core/cookie"
	"github.com/advantch/kernia-go/core/wire"
)

// accountSalt is of the key of the account_data cookie, as in Better Auth.
const accountSalt = "better-auth-account"

// keep puts an account into the account_data cookie, if that is switched on. Tokens are
// in it as they are in the database, and all of it is encrypted.
func (e *Engine) keep(c *core.Ctx, acc *core.Account) error {
	if !e.auth.Account().StoreCookie || acc == nil {
		return nil
	}
	spec := c.AccountCookie()
	life := time.Duration(max(spec.Attributes.MaxAge, 0)) * time.Second
	if spec.Attributes.MaxAge == cookie.NoMaxAge {
		life = 5 * time.Minute
	}
	sealed, err := e.auth.Keys().EncryptJWT(accountJSON(acc), accountSalt, e.auth.Now(), life)
	if err != nil {
		return err
	}
	c.SetChunkedCookie(spec, sealed)
	return nil
}

// kept is the account of the account_data cookie, or nil. It says nothing about the
// caller: compare its user.
func (e *Engine) kept(c *core.Ctx) *core.Account {
	if !e.auth.Account().StoreCookie {
		return nil
	}
	sealed, ok := c.ChunkedCookie(c.AccountCookie().Name)
	if !ok {
		return nil
	}
	payload, err := e.auth.Keys().DecryptJWT(sealed, accountSalt, e.auth.Now())
	if err != nil {
		return nil
	}
	v, err := wire.Parse(payload, wire.Limits{})
	if err != nil || v.Kind() != wire.KindObject {
		return nil
	}
	optional := func(name string) *string { return pointer(stringOf(v.Get(name))) }
	date := func(name string) time.Time {
		at, _ := wire.ParseTime(stringOf(v.Get(name)))
		return at
	}
	acc := &core.Account{
		ID: stringOf(v.Get("id")), AccountID: stringOf(v.Get("accountId")), ProviderID: stringOf(v.Get("providerId")), UserID: stringOf(v.Get("userId")),
		AccessToken: optional("accessToken"), RefreshToken: optional("refreshToken"), IDToken: optional("idToken"),
		AccessTokenExpiresAt: moment(date("accessTokenExpiresAt")), RefreshTokenExpiresAt: moment(date("refreshTokenExpiresAt")),
		Scope: optional("scope"), CreatedAt: date("createdAt"), UpdatedAt: date("updatedAt"),
	}
	if acc.ID == "" || acc.UserID == "" || acc.ProviderID == "" {
		return nil
	}
	return acc
}

func accountJSON(acc *core.Account) []byte {
	o := wire.NewObject()
	text := func(name string, s *string) {
		if s == nil {
			o.Set(name, wire.Null())
			return
		}
		o.Set(name, wire.String(*s))
	}
	date := func(name string, at *time.Time) {
		if at == nil {
			o.Set(name, wire.Null())
			return
		}
		o.Set(name, wire.Time(*at))
	}
	text("accountId", &acc.AccountID)
	text("providerId", &acc.ProviderID)
	text("userId", &acc.UserID)
	text("accessToken", acc.AccessToken)
	text("refreshToken", acc.RefreshToken)
	text("idToken", acc.IDToken)
	date("accessTokenExpiresAt", acc.AccessTokenExpiresAt)
	date("refreshTokenExpiresAt", acc.RefreshTokenExpiresAt)
	text("scope", acc.Scope)
	text("password", nil)
	date("createdAt", &acc.CreatedAt)
	date("updatedAt", &acc.UpdatedAt)
	text("id", &acc.ID)
	return o.AppendJSON(nil)
}
