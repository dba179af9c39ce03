// Package origin decides which origins, redirect targets and hosts are trusted,
// from Better Auth's trustedOrigins and allowedHosts patterns.
//
// It reads plain URLs as the WHATWG URL standard does and refuses all others, so it
// never returns an origin that a browser would not go to. In particular it refuses user
// information, backslashes, control characters, percent-encoded or non-ASCII hosts
// (write those as xn--), empty labels, a trailing dot and unusual spellings of IP
// addresses.
package origin
