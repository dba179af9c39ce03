package oauthserver

import "strings"

// The scopes of OpenID Connect.
const (
	ScopeOpenID  = "openid"
	ScopeProfile = "profile"
	ScopeEmail   = "email"
	ScopeOffline = "offline_access"
)

// Bounds of lists, in bytes. Anybody may send them.
const (
	maxScope  = 4096
	maxPrompt = 256
)

// errLongScope is the description of a list of scopes beyond maxScope.
const errLongScope = "scope is too long"

// split reads a list of scopes. A scope that comes twice counts once.
func split(text string) []string {
	var out []string
	seen := map[string]bool{}
	for one := range strings.FieldsFuncSeq(text, func(r rune) bool { return r == ' ' }) {
		if !seen[one] {
			seen[one] = true
			out = append(out, one)
		}
	}
	return out
}

// beyond lists the scopes that are not in a set.
func beyond(scopes, allowed []string) []string {
	var out []string
	set := make(map[string]bool, len(allowed))
	for _, s := range allowed {
		set[s] = true
	}
	for _, s := range scopes {
		if !set[s] {
			out = append(out, s)
		}
	}
	return out
}
