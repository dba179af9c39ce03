// Package outbound makes HTTP clients for a server's requests to other hosts.
//
// There are two. [Default] is for hosts that the application configures, such as
// the token endpoint of a social provider. [New] is for hosts that users supply,
// such as the discovery document of a customer's identity provider, a key set, the
// metadata of a client or a webhook. It prevents server-side request forgery
// (SSRF): such a request must not reach hosts that only the server can reach. The
// policy is that of OWASP (ASVS 5.0, 1.3.6): an address is checked when it is
// dialled, and again on every redirect.
//
// [Fetch] and [FetchJSON] work with either client and read an answer of bounded
// size. Their errors contain no address, so a 4xx answer may repeat them.
//
// The package does not depend on package core. In a plugin the clients are
// core.Auth.HTTP and core.Auth.GuardedHTTP.
package outbound
