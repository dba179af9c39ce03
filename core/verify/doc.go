// Package verify checks the credentials of an authentication server in other services:
// a resource server, a worker, a gateway. It needs no database and no plugin, and imports
// neither package core nor any plugin.
//
//   - [Tokens] verifies JSON Web Tokens (RFC 7519) of the plugin jwt with a key set: one
//     that is fetched ([NewRemoteKeys]) or one that is given ([NewStaticKeys]).
//   - [Cookies] verifies session cookies with the server's secret: the signature of the
//     session cookie, and a cookie cache in each of its three forms.
//   - [APIKeys] asks the server, because only the server knows how often a key may be used.
//
// [Verifier] combines them behind one middleware for net/http. Programs with another
// framework call [Verifier.Caller] with the headers of a request.
//
// A verified token or cookie cache says what was true when it was written. A session that
// has been revoked since, or a user who has been banned, is accepted until it expires:
// minutes, with the defaults. Ask the server where that is too long.
package verify
