package core

import (
	"log/slog"
	"net/http"
	"strings"
)

// pluginRoutes are the routes of the plugins by the ids of these, for a hint in the log and
// for nothing else. An entry that ends in a slash stands for all routes below it. A test of
// wirecheck compares them with the plugins.
var pluginRoutes = map[string][]string{
	"admin": {
		"/admin/set-role", "/admin/get-user", "/admin/create-user", "/admin/update-user", "/admin/list-users", "/admin/list-user-sessions",
		"/admin/unban-user", "/admin/ban-user", "/admin/impersonate-user", "/admin/stop-impersonating", "/admin/revoke-user-session",
		"/admin/revoke-user-sessions", "/admin/remove-user", "/admin/set-user-password", "/admin/has-permission",
	},
	"admin-config":         {"/admin/config/"},
	"anonymous":            {"/sign-in/anonymous", "/delete-anonymous-user"},
	"api-key":              {"/api-key/"},
	"audit-log":            {"/audit-log/"},
	"device-authorization": {"/device", "/device/"},
	"email-otp":            {"/sign-in/email-otp", "/email-otp/", "/forget-password/email-otp"},
	"email-password": {
		"/sign-in/email", "/sign-up/email", "/request-password-reset", "/reset-password", "/reset-password/", "/forget-password", "/change-password",
		"/verify-password",
	},
	"electron":       {"/electron/"},
	"expo":           {"/expo-authorization-proxy"},
	"jwt":            {"/token", "/jwks"},
	"generic-oauth":  {"/sign-in/oauth2", "/oauth2/link", "/oauth2/callback/"},
	"magic-link":     {"/sign-in/magic-link", "/magic-link/"},
	"oauth-popup":    {"/oauth-popup/"},
	"mcp":            {"/mcp/", "/.well-known/oauth-protected-resource"},
	"oidc-provider":  {"/oauth2/endsession"}, // its other routes are those of oauth-provider, its successor
	"oauth-provider": {"/oauth2/", "/.well-known/oauth-authorization-server", "/.well-known/openid-configuration"},
	"oauth-proxy":    {"/oauth-proxy-callback"},
	"multi-session":  {"/multi-session/"},
	"one-tap":        {"/one-tap/"},
	"one-time-token": {"/one-time-token/"},
	"open-api":       {"/open-api/", "/openapi.json", "/reference", "/reference/"},
	"organization":   {"/organization/"},
	"passkey":        {"/passkey/"},
	"phone-number":   {"/sign-in/phone-number", "/phone-number/"},
	"scim":           {"/scim/"},
	"siwe":           {"/siwe/"},
	"sso":            {"/sign-in/sso", "/sso/"},
	"social":         {"/sign-in/social", "/link-social", "/callback/", "/get-access-token", "/refresh-token", "/account-info"},
	"two-factor":     {"/two-factor/"},
	"username":       {"/sign-in/username", "/is-username-available"},
}

// noteMissing logs, once for each entry of pluginRoutes, which plugin a client's request
// needs.
func (c *Ctx) noteMissing() {
	if c.Req.Method == http.MethodOptions {
		return // a preflight has its own line
	}
	missing, longest := "", "" // of two entries that fit, the longer one is meant
	for plugin, routes := range pluginRoutes {
		for _, route := range routes {
			fits := c.path == route || strings.HasSuffix(route, "/") && strings.HasPrefix(c.path, route)
			if fits && len(route) > len(longest) {
				missing, longest = plugin, route
			}
		}
	}
	if missing == "" || c.auth.HasPlugin(missing) {
		return
	}
	if first, _ := c.auth.refused.first("route " + longest); first {
		c.auth.log.LogAttrs(c, slog.LevelWarn, "a client calls a route of a plugin that is not installed: add the plugin to Options.Plugins",
			slog.String("plugin", missing), slog.String("path", longest))
	}
}
