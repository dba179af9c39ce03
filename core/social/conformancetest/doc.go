// Package conformancetest signs in with an identity provider that was not written for
// these tests: that of github.com/zitadel/oidc. It is a module of its own so that core
// does not require the provider's libraries.
package conformancetest
