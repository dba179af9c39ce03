package oauthserver

import (
	"slices"
	"strings"
)

// The scopes of OpenID Connect.
const (
	ScopeOpenID  = "openid"
	ScopeProfile = "profile"
	ScopeEmail   = "email"
	ScopeOffline = "offline_access"
)

// split reads a list of scopes. A scope that comes twice counts once.
func split(text string) []string {
	var out []string
	for one := range strings.FieldsFuncSeq(text, func(r rune) bool { return r == ' ' }) {
		if !slices.Contains(out, one) {
			out = append(out, one)
		}
	}
	return out
}

// beyond lists the scopes that are not in a set.
func beyond(scopes, allowed []string) []string {
	var out []string
	for _, s := range scopes {
		if !slices.Contains(allowed, s) {
			out = append(out, s)
		}
	}
	return out
}
