package oauth

import (
	"strings"
	"time"

	"github.com/advantch/kernia-go/core"
	"github.com/advantch/kernia-go/core/adapter"
	"github.com/advantch/kernia-go/core/oauth2"
)

// seal makes of a token what is stored.
func (e *Engine) seal(token string) (string, error) {
	if token == "" || !*e.auth.Account().EncryptTokens {
		return token, nil
	}
	return e.auth.Keys().Encrypt(token)
}

// open reads a stored token. One that was stored before the option was set is in the
// clear.
func (e *Engine) open(stored *string) (string, error) {
	if stored == nil || *stored == "" || !likelySealed(*stored) {
		return value(stored), nil
	}
	clear, err := e.auth.Keys().Decrypt(*stored)
	if err != nil && !*e.auth.Account().EncryptTokens {
		return *stored, nil // a token that looks like one
	}
	return clear, err
}

// minSealed is the length of the shortest envelope of bare hexadecimal digits: a nonce of
// 24 bytes and a tag of 16.
const minSealed = 2 * (24 + 16)

// likelySealed tells an envelope of the keyring from a token.
func likelySealed(s string) bool {
	return strings.HasPrefix(s, "$ba$") || strings.HasPrefix(s, "$ka$") ||
		len(s) >= minSealed && len(s)%2 == 0 && strings.Trim(s, "0123456789abcdefABCDEF") == ""
}

// sealed are the tokens of an answer as an account has them. Better Auth leaves the
// id_token in the clear.
func (e *Engine) sealed(t *oauth2.Tokens) (access, refresh, id string, err error) {
	if access, err = e.seal(t.AccessToken); err != nil {
		return "", "", "", err
	}
	if refresh, err = e.seal(t.RefreshToken); err != nil {
		return "", "", "", err
	}
	if id = t.IDToken; !e.compat() {
		id, err = e.seal(id)
	}
	return access, refresh, id, err
}

// fill sets the tokens of a new account.
func (e *Engine) fill(acc *core.Account, t *oauth2.Tokens) error {
	access, refresh, id, err := e.sealed(t)
	if err != nil {
		return err
	}
	acc.AccessToken, acc.RefreshToken, acc.IDToken = pointer(access), pointer(refresh), pointer(id)
	acc.AccessTokenExpiresAt, acc.RefreshTokenExpiresAt = moment(t.AccessTokenExpiresAt), moment(t.RefreshTokenExpiresAt)
	acc.Scope = pointer(strings.Join(t.Scopes, ","))
	return nil
}

// record are the columns that an answer changes: what it does not have, stays.
func (e *Engine) record(t *oauth2.Tokens) (adapter.Record, error) {
	access, refresh, id, err := e.sealed(t)
	if err != nil {
		return nil, err
	}
	set := adapter.Record{}
	for name, v := range map[string]string{"accessToken": access, "refreshToken": refresh, "idToken": id, "scope": strings.Join(t.Scopes, ",")} {
		if v != "" {
			set[name] = v
		}
	}
	for name, v := range map[string]time.Time{"accessTokenExpiresAt": t.AccessTokenExpiresAt, "refreshTokenExpiresAt": t.RefreshTokenExpiresAt} {
		if !v.IsZero() {
			set[name] = v
		}
	}
	return set, nil
}

func pointer(s string) *string {
	if s == "" {
		return nil
	}
	return &s
}

func moment(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	return &t
}

func value(s *string) string {
	if s == nil {
		return ""
	}
	return *s
}
