// Package oauthapps is what the two older providers of Better Auth have in common: their
// tables oauthApplication, oauthAccessToken and oauthConsent, their pages, which are found by a
// cookie, and their forms of registration. The flows are those of package oauthserver. A plugin
// declares the routes.
//
// schema.go and store.go keep clients, tokens and consents, and secrets.go the secrets.
// pages.go leads to the pages of sign-in and consent and back, and register.go makes clients.
package oauthapps
