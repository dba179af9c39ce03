// Package npm knows the packages of the official client, and its part of each plugin. What
// generates, writes and examines pages reads them here.
package npm

import (
	"maps"
	"slices"
)

// Version is that of Better Auth's packages that Kernia is compared with.
const Version = "1.6.11"

// Main is the package of the client itself.
const Main = "better-auth"

// Pins are what packages of plugins ask for beside Main, in exact versions or in ranges that
// newer ones fit. Without them npm installs two versions of one package, whose types differ.
var Pins = map[string]string{"@better-auth/core": Version, "@better-auth/utils": "0.4.0", "better-call": "1.3.5"}

// Part is the client's side of a plugin.
type Part struct {
	Name    string // of the function
	Package string // that has it beside Main, for example "@better-auth/passkey"; "" is Main
	Note    string // in place of a part: why there is none
}

// From is the module that a part is imported from.
func (p Part) From() string {
	if p.Package == "" {
		return Main + "/client/plugins"
	}
	return p.Package + "/client"
}

// parts by the id of the server's plugin. The others have no part in the client.
var parts = map[string]Part{
	"admin":                {Name: "adminClient"},
	"anonymous":            {Name: "anonymousClient"},
	"api-key":              {Name: "apiKeyClient", Package: "@better-auth/api-key"},
	"device-authorization": {Name: "deviceAuthorizationClient"},
	"email-otp":            {Name: "emailOTPClient"},
	"generic-oauth":        {Name: "genericOAuthClient"},
	"i18n":                 {Name: "i18nClient", Package: "@better-auth/i18n"},
	"jwt":                  {Name: "jwtClient"},
	"last-login-method":    {Name: "lastLoginMethodClient"},
	"magic-link":           {Name: "magicLinkClient"},
	"multi-session":        {Name: "multiSessionClient"},
	"oauth-provider":       {Name: "oauthProviderClient", Package: "@better-auth/oauth-provider"},
	"one-tap":              {Name: "oneTapClient"},
	"one-time-token":       {Name: "oneTimeTokenClient"},
	"organization":         {Name: "organizationClient"},
	"passkey":              {Name: "passkeyClient", Package: "@better-auth/passkey"},
	"phone-number":         {Name: "phoneNumberClient"},
	"scim":                 {Name: "scimClient", Package: "@better-auth/scim"},
	"siwe":                 {Name: "siweClient"},
	"sso":                  {Name: "ssoClient", Package: "@better-auth/sso"},
	"two-factor":           {Name: "twoFactorClient"},
	"username":             {Name: "usernameClient"},

	"electron":    {Note: "electronClient of @better-auth/electron belongs into the desktop application, not into a page"},
	"expo":        {Note: "expoClient of @better-auth/expo needs the scheme and the storage of the application on the phone"},
	"oauth-popup": {Note: "oauthPopupClient is part of better-auth 1.7"},
}

// PartOf is the client's side of a plugin of the server, if it has one or a note.
func PartOf(id string) (Part, bool) {
	p, ok := parts[id]
	return p, ok
}

// Packages are what a page with the parts of plugins installs, with exact versions.
func Packages(ids ...string) map[string]string {
	all := map[string]string{Main: Version}
	for _, id := range ids {
		p := parts[id]
		if p.Package != "" {
			all[p.Package] = Version
			maps.Copy(all, Pins)
		}
	}
	return all
}

// Install is the command that installs packages, Main first.
func Install(packages map[string]string) string {
	line := "npm install"
	names := slices.Sorted(maps.Keys(packages))
	slices.SortStableFunc(names, func(a, b string) int { return rank(a) - rank(b) })
	for _, name := range names {
		line += " " + name + "@" + packages[name]
	}
	return line
}

func rank(name string) int {
	switch {
	case name == Main:
		return 0
	case Pins[name] == "":
		return 1
	}
	return 2
}
