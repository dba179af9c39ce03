// Package origin decides which origins, redirect targets and hosts are trusted,
// from Better Auth's trustedOrigins and allowedHosts patterns.
//
// It reads URLs as the WHATWG URL standard does where that is unsurprising and
// refuses them everywhere else, so it never names an origin that a browser
// would not go to. In particular it refuses user information, backslashes,
// control characters, percent-encoded or non-ASCII hosts (write those as
// xn--), empty labels, a trailing dot and unusual spellings of IP addresses.
package origin
