// Package oauthserver is an OAuth 2.1 authorization server and OpenID provider without
// routes and tables of its own. A plugin declares the routes, keeps clients, tokens and
// consents in its tables (Clients, Grants, Consents), and calls one method of Server for
// each flow. Codes are verification values of the core, which are used up atomically.
//
// Each flow has a file: authorize.go, consent.go, code.go (the grant authorization_code),
// machine.go (client_credentials), refresh.go, userinfo.go, introspect.go, revoke.go and
// logout.go. What flows share has one too: credentials.go (client authentication),
// redirect.go (redirect URIs), pkce.go, resource.go, access.go and idtoken.go (tokens),
// query.go (the signed query of pages), bearer.go (tokens at the application's own routes) and answer.go (the channels of an answer).
package oauthserver
