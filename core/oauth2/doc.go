// Package oauth2 is the client side of OAuth 2.0 with PKCE (RFC 6749, RFC 7636,
// RFC 9700): the authorization URL, the exchange of a code, the refresh of a
// token, and the reading of answers, in which providers differ more than the
// standards allow.
//
// A [Config] describes a provider and how it departs from the standard, [New]
// checks it, and a [Provider] does the requests with the client that it is given:
// core.Auth.HTTP for providers that the application configures,
// core.Auth.GuardedHTTP for those that its users register.
//
// The package does not depend on package core. It does not handle state,
// cookies, accounts or the encryption of tokens at rest.
package oauth2
