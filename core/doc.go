// Package core is the engine of Kernia: an authentication server whose HTTP
// surface is that of Better Auth 1.6, as a value that any framework can mount.
//
// New compiles Options and plugins into an immutable *Auth. A request is a plain
// Request, answered by Auth.Serve; frameworks only translate. A route is an Op:
// one value that holds the route, its input schema, its OpenAPI entry and its
// typed Go call. A plugin is an ID and a Manifest of everything it adds.
//
// The order of a call, which plugins may rely on:
//
//	disabled paths → route → rate limit → OnRequest of plugins → body → origin check →
//	before-hooks (application, then plugins in order; they see the unvalidated body) →
//	validation → the route's own middleware → handler → after-hooks (also on errors)
package core
