// Package idtoken verifies the id_tokens of OpenID Connect providers (OpenID
// Connect Core 1.0, 3.1.3.7).
//
// [Keys] fetches a provider's key set and caches it. [New] checks the [Options] of
// a [Verifier], whose Verify method is the VerifyIDToken of an oauth2.Config.
//
// Only keys of the provider's own set verify a signature. A header cannot bring or
// name another one: "jwk", "jku", "x5c" and "x5u" are not read, and a "kid" is
// only looked up. The algorithms are those of the Options. Symmetric algorithms and
// "none" are never among them. Errors do not contain the token or its claims.
package idtoken
