package core

import (
	"context"
	"net/http"
)

// Observer is told when parts of the work begin and end, for traces and metrics. The
// package core/otel makes one for OpenTelemetry. Fields that are nil are told nothing, and
// cost nothing.
//
// A function is called before the work, on its goroutine, with its context. The work runs
// with the context that it returns, which must be derived from the one it got. The function
// that it returns is called once, when the work has ended, also after a panic. None of them
// may panic, wait, or keep what it was passed.
//
// Names in arguments are declared by the code: routes, ids of operations and plugins, models.
// A *Request, an error, an *http.Request and an Event are not: they hold addresses, and may
// hold tokens.
type Observer struct {
	// Ready is called when New has succeeded. It is the place to
	// ask which error codes and sign-in methods there are.
	Ready func(a *Auth)
	// Request is a request over HTTP to the server's own routes. The operation runs within.
	Request func(ctx context.Context, req *Request) (context.Context, func(ObservedRequest))
	// Operation is one run of an operation with its hooks, over HTTP or from Go. The error
	// is the answer, also when that is a redirect, which is an *Error below 400.
	Operation func(ctx context.Context, op ObservedOperation) (context.Context, func(err error))
	// Hook is one run of a hook of a plugin or of the application, whose condition holds.
	Hook func(ctx context.Context, h ObservedHook) (context.Context, func(err error))
	// Statement is one call of the database's adapter. Statements of a transaction run
	// within that of the transaction. adapter.ErrNotFound is an answer like others.
	Statement func(ctx context.Context, s ObservedStatement) (context.Context, func(err error))
	// Hashing is one computation of a password's hash: see password.Options.Observe.
	Hashing func(ctx context.Context) (begun func(err error), ended func())
	// Task is a task that runs after the answer, such as the sending of a mail. name says
	// what it does, as in the log.
	Task func(ctx context.Context, name string) (context.Context, func(err error))
	// Outgoing wraps the transport of a client for outgoing requests, when New is called:
	// that of Auth.HTTP, and, with guarded, that of Auth.GuardedHTTP, whose hosts users
	// supply. Idle connections are closed without it.
	Outgoing func(next http.RoundTripper, guarded bool) http.RoundTripper
	// Sessions were made, or ended before their time, by a write that is committed.
	Sessions func(ctx context.Context, made, ended int64)
	// Event gets the events of Options.OnEvent, before it does.
	Event func(ctx context.Context, e Event)
}

// ObservedRequest is how a request ended.
type ObservedRequest struct {
	Route     string // as declared, with the base path: "/api/auth/reset-password/:token"; "" when there is none
	Operation string // id of the operation of the route
	Ran       bool   // the operation has begun; otherwise the request was refused before
	Status    int    // of the answer
	Err       error  // nil after a success
}

// ObservedOperation is an operation that begins.
type ObservedOperation struct {
	ID     string // "signInEmail"
	Route  string // as declared, with the base path; "" when it has none
	Plugin string // id of the plugin, "" for the core
}

// ObservedHook is a hook that begins.
type ObservedHook struct {
	// Type is "onRequest", "before" or "after" a route, or of a write of a row:
	// "create.before", "create.after", "update.before", "update.after", "delete.before" or
	// "delete.after".
	Type   string
	Plugin string // id of the plugin, "" for the application
	Model  string // of the row
	Route  string // as declared, with the base path
}

// ObservedStatement is a call of the adapter.
type ObservedStatement struct {
	Adapter   string // adapter.Adapter.Name, for example "gorm-postgres"
	Operation string // its method: "create", "findOne", …; "transaction" for Tx
	Model     string // "" for a transaction
}

// observed runs work between the two functions of an observer.
func observed(ctx context.Context, begin func(context.Context) (context.Context, func(error)), work func(context.Context) error) (err error) {
	ctx, end := begin(ctx)
	err = errPanicked // until the work returns
	defer func() { end(err) }()
	return work(ctx)
}

// enter makes the context that begin returns the call's own, until the returned function
// is called. It starts the clock of Options.Timeout.
func (c *Ctx) enter(begin func(context.Context) (context.Context, func(error))) (leave func(error)) {
	outer := c.bound.Load()
	if outer == nil {
		outer = c.startClock()
	}
	ctx, end := begin(outer.ctx)
	c.bound.Store(&bound{ctx, outer.cancel})
	return func(err error) {
		c.bound.Store(outer)
		end(err)
	}
}

// within is observed for work whose context is the call itself.
func (c *Ctx) within(begin func(context.Context) (context.Context, func(error)), work func() error) (err error) {
	leave := c.enter(begin)
	err = errPanicked
	defer func() { leave(c.settle(err)) }()
	return work()
}

// run runs a hook of a route. what is its ObservedHook.Type.
func (h *Hook) run(c *Ctx, what string) error {
	begin := c.auth.observer.Hook
	if begin == nil {
		return h.Run(c)
	}
	o := ObservedHook{Type: what, Plugin: h.plugin}
	if c.route != nil {
		o.Route = c.route.full
	}
	return c.within(func(ctx context.Context) (context.Context, func(error)) { return begin(ctx, o) }, func() error { return h.Run(c) })
}

// observeStore wraps the store hooks of a plugin, or of the application.
func (a *Auth) observeStore(plugin string, h StoreHooks) StoreHooks {
	if a.observer.Hook == nil {
		return h
	}
	return StoreHooks{
		User: observeModel(a, plugin, ModelUser, h.User), Session: observeModel(a, plugin, ModelSession, h.Session),
		Account: observeModel(a, plugin, ModelAccount, h.Account), Verification: observeModel(a, plugin, ModelVerification, h.Verification),
	}
}

func observeModel[T any](a *Auth, plugin, model string, h ModelHooks[T]) ModelHooks[T] {
	row := func(what string, run func(context.Context, *T) error) func(context.Context, *T) error {
		return observeHook(a, ObservedHook{Type: what, Plugin: plugin, Model: model}, run)
	}
	return ModelHooks[T]{
		BeforeCreate: row("create.before", h.BeforeCreate), AfterCreate: row("create.after", h.AfterCreate),
		BeforeUpdate: observeHook(a, ObservedHook{Type: "update.before", Plugin: plugin, Model: model}, h.BeforeUpdate),
		AfterUpdate:  row("update.after", h.AfterUpdate),
		BeforeDelete: row("delete.before", h.BeforeDelete), AfterDelete: row("delete.after", h.AfterDelete),
	}
}

func observeHook[V any](a *Auth, o ObservedHook, run func(context.Context, V) error) func(context.Context, V) error {
	if run == nil {
		return nil
	}
	return func(ctx context.Context, v V) error {
		return observed(ctx, func(ctx context.Context) (context.Context, func(error)) { return a.observer.Hook(ctx, o) },
			func(ctx context.Context) error { return run(ctx, v) })
	}
}

// observeSessions tells of sessions that were made or ended, when that is committed.
func (a *Auth) observeSessions(ctx context.Context, made, ended int64) {
	if a.observer.Sessions == nil || made == 0 && ended == 0 {
		return
	}
	_ = AfterCommit(ctx, func(ctx context.Context) error {
		a.observer.Sessions(ctx, made, ended)
		return nil
	})
}

// observeOutgoing lets the observer see what the clients for outgoing requests send.
func (a *Auth) observeOutgoing() {
	wrap := a.observer.Outgoing
	if wrap == nil {
		return
	}
	client := *a.http // the application's own stays as it is
	if client.Transport == nil {
		client.Transport = http.DefaultTransport
	}
	client.Transport = observedTransport{wrap(client.Transport, false), client.Transport}
	a.http = &client
	// Outside of the guard, which so still decides what is sent.
	a.guarded.Transport = observedTransport{wrap(a.guarded.Transport, true), a.guarded.Transport}
}

type observedTransport struct {
	http.RoundTripper
	inner http.RoundTripper
}

// CloseIdleConnections is for http.Client.CloseIdleConnections.
func (t observedTransport) CloseIdleConnections() {
	if c, ok := t.inner.(interface{ CloseIdleConnections() }); ok {
		c.CloseIdleConnections()
	}
}
