// Package jwk reads the public keys that verify signed tokens (RFC 7517) and fetches
// key sets of other servers. Packages idtoken and verify are built on it.
//
// A key set is written by somebody else, and so is a token that names one of its keys:
// sizes are bounded, JSON that two parsers may read differently is refused, and a
// stranger who names unknown keys makes no more than one request a minute.
package jwk
