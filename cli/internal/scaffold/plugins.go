package scaffold

import "slices"

// plugin is what a program and a page need to know of a plugin of Kernia.
type plugin struct {
	ID    string
	About string
	// Package is the folder below core/plugins. Module says that it is a module of its own.
	Package string
	Module  bool
	// Expr is the Go expression of the plugin, of cfg and mails. Note is a comment on it.
	Expr string
	Note string
	// Sends says that mail.go has a function for the plugin.
	Sends bool
}

// plugins are those that need nothing but what a new program can give: no account at
// another service, no keys, no decision that only the application can make.
var plugins = []plugin{
	{ID: "username", About: "sign-in by user name", Package: "username", Expr: "username.New(username.Options{})"},
	{ID: "magic-link", About: "sign-in by a link in a mail", Package: "magiclink", Sends: true,
		Expr: "magiclink.New(magiclink.Options{Send: mails.magicLink})"},
	{ID: "email-otp", About: "sign-in by a code in a mail", Package: "emailotp", Sends: true,
		Expr: "emailotp.New(emailotp.Options{Send: mails.code})"},
	{ID: "phone-number", About: "sign-in by phone number", Package: "phonenumber", Sends: true,
		Expr: "phonenumber.New(phonenumber.Options{SendOTP: mails.textCode, SendPasswordResetOTP: mails.textCode})"},
	{ID: "passkey", About: "passkeys (WebAuthn)", Package: "passkey", Module: true, Expr: "passkey.New(passkey.Options{})"},
	{ID: "anonymous", About: "visits without an account", Package: "anonymous", Expr: "anonymous.New(anonymous.Options{})"},
	{ID: "two-factor", About: "a second factor for every sign-in", Package: "twofactor", Sends: true,
		Expr: "twofactor.New(twofactor.Options{OTP: twofactor.OTPOptions{Send: mails.secondFactor}})"},
	{ID: "have-i-been-pwned", About: "refuses passwords of known breaches", Package: "haveibeenpwned",
		Expr: "haveibeenpwned.New(haveibeenpwned.Options{AllowUnchecked: true})", Note: "a sign-up works while the service is down"},
	{ID: "organization", About: "organizations with members, invitations and roles", Package: "organization", Sends: true,
		Expr: "organization.New(organization.Options{SendInvitation: mails.invitation})"},
	{ID: "admin", About: "roles, bans, lists of users", Package: "admin", Expr: "admin.New(admin.Options{})"},
	{ID: "api-key", About: "keys for programs", Package: "apikey", Expr: "apikey.New(apikey.Options{})"},
	{ID: "bearer", About: "sessions without cookies", Package: "bearer", Expr: "bearer.New(bearer.Options{})"},
	{ID: "jwt", About: "tokens for other services", Package: "jwt", Expr: "jwt.New(jwt.Options{})"},
	{ID: "one-time-token", About: "hand a session over to another client", Package: "onetimetoken",
		Expr: "onetimetoken.New(onetimetoken.Options{})"},
	{ID: "multi-session", About: "several accounts in one browser", Package: "multisession",
		Expr: "multisession.New(multisession.Options{})"},
	{ID: "device-authorization", About: "sign-in of tools and devices without a browser", Package: "deviceauthorization",
		Expr: "deviceauthorization.New(deviceauthorization.Options{})", Note: "users enter their code on the page /device, which is yours to write"},
	{ID: "last-login-method", About: "how a browser signed in last", Package: "lastloginmethod",
		Expr: "lastloginmethod.New(lastloginmethod.Options{})"},
	{ID: "audit-log", About: "a table of security events, for users and administrators", Package: "auditlog", Expr: "auditlog.New(auditlog.Options{})",
		Note: "keeps addresses for 90 days: auditlog.Options has the choices"},
	{ID: "open-api", About: "the document of the API, and a page that shows it", Package: "openapi",
		Expr: "openapi.New(openapi.Options{})", Note: "/api/auth/reference"},
}

// pluginIDs lists what --plugins takes.
func pluginIDs() []string {
	ids := make([]string, len(plugins))
	for i, p := range plugins {
		ids[i] = p.ID
	}
	return ids
}

// chosen returns the plugins with the given ids, in the order of the table.
func chosen(ids []string) []plugin {
	return slices.DeleteFunc(slices.Clone(plugins), func(p plugin) bool { return !slices.Contains(ids, p.ID) })
}
