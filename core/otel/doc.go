// Package otel tells OpenTelemetry what a Kernia server does: spans and metrics of requests,
// operations, hooks, statements, password hashing, background tasks and outgoing requests.
//
//	import kotel "github.com/advantch/kernia-go/core/otel"
//
//	auth, err := core.New(core.Options{
//		// …
//		Observer: kotel.New(kotel.Options{}),
//	})
//
// Names follow the semantic conventions of OpenTelemetry 1.43 where they have one
// (http.server.request.duration, db.client.operation.duration,
// http.client.request.duration), and begin with "kernia." otherwise. docs/observability.md
// lists them all.
//
// No attribute holds a secret or an address. Attributes are made only of names that the
// code declares (routes, operations, hooks, models, error codes, sign-in methods, hosts of
// providers), numbers, and the names of Go types. Error messages, paths, queries, headers,
// ids of users and values of statements are never read.
package otel
