// Package oauth signs users in through OAuth 2.0 and OpenID Connect providers: it
// keeps the state of a flow, decides whose account a profile is, links accounts, and
// stores and refreshes tokens.
//
// It has no routes: a plugin calls it from its own. The protocol itself is in package
// oauth2, the providers are in package social.
package oauth
