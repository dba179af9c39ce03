package oauth

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/advantch/kernia-go/core"
	"github.com/advantch/kernia-go/core/oauth2"
)

const (
	// maxToken is the length of the longest token that is stored, in bytes: encrypted it
	// still fits a column of 64 KiB.
	maxToken = 24 << 10
	// maxID is the length of the longest id of an account, in characters: OpenID Connect
	// Core 1.0, 2 and the column have the same bound.
	maxID = 255
)

// storable tells whether tokens can be stored and sent.
func storable(t *oauth2.Tokens) bool {
	for _, s := range []string{t.AccessToken, t.RefreshToken, t.IDToken, strings.Join(t.Scopes, ",")} {
		if len(s) > maxToken || !utf8.ValidString(s) || strings.ContainsFunc(s, unicode.IsControl) {
			return false
		}
	}
	return true
}

// isID tells whether a text can be the id of an account. Some databases overlook spaces at
// an end when they compare.
func isID(s string) bool {
	return s != "" && utf8.ValidString(s) && utf8.RuneCountInString(s) <= maxID && strings.TrimSpace(s) == s && !strings.ContainsFunc(s, unicode.IsControl)
}

// address is an address of a profile, or "" when it cannot be one: it is compared with the
// addresses of other users and goes into the header of a mail.
func address(s string) string {
	if !utf8.ValidString(s) || core.CheckNewEmail(s) != nil || strings.ContainsFunc(s, func(r rune) bool { return unicode.IsControl(r) || unicode.IsSpace(r) }) {
		return ""
	}
	return s
}

// sound refuses an identity that cannot be stored, or that databases could take for
// another one. Plugins bring identities that the engine has not read itself.
func (who *Identity) sound(p *Provider) error {
	switch {
	case !isID(who.Profile.ID):
		return refuse(RefusedUserInfo, nil)
	case who.Profile.Email != address(who.Profile.Email), core.IsPlaceholderEmail(who.Profile.Email) && !who.standsIn(p):
		return refuse(RefusedNoEmail, nil)
	case who.Tokens != nil && !storable(who.Tokens):
		return refuse(RefusedCode, nil)
	}
	return nil
}

// standsIn tells whether the address is the placeholder of this account and no other one's.
func (who *Identity) standsIn(p *Provider) bool {
	name, domain, _ := strings.Cut(core.NormalizeEmail(who.Profile.Email), "@")
	return name == core.NormalizeEmail(who.Profile.ID) && strings.HasPrefix(domain, core.NormalizeEmail(p.ID())+".")
}
