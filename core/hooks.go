package core

import (
	"context"
	"reflect"
	"strings"

	"github.com/advantch/kernia-go/core/adapter"
)

// Matcher says to which routes a hook belongs. Its static part is resolved when
// New compiles the routes, so that a route carries only its own hooks. When adds
// a condition that is checked at every call.
type Matcher struct {
	static  func(path string) bool
	dynamic func(*Ctx) bool
}

// Paths matches routes by their exact path, as declared ("/reset-password/:token").
func Paths(paths ...string) Matcher {
	set := make(map[string]bool, len(paths))
	for _, p := range paths {
		set[p] = true
	}
	return Matcher{static: func(p string) bool { return set[p] }}
}

// Prefix matches routes whose path begins with a prefix.
func Prefix(prefix string) Matcher {
	return Matcher{static: func(p string) bool { return strings.HasPrefix(p, prefix) }}
}

// All matches every route.
func All() Matcher { return Matcher{static: func(string) bool { return true }} }

// When narrows a matcher by a condition that is checked at every call.
func When(m Matcher, cond func(*Ctx) bool) Matcher {
	inner := m.dynamic
	return Matcher{static: m.static, dynamic: func(c *Ctx) bool {
		return (inner == nil || inner(c)) && cond(c)
	}}
}

// Hook runs before or after handlers. A before-hook may change c.Body and
// c.Query, answer with c.Reply, or return an error that becomes the answer. An
// after-hook sees the result through c.Returned, also when it is an error, and
// may replace it with c.SetReturned.
type Hook struct {
	Match Matcher
	Run   func(*Ctx) error
	// Result is the type of the answer that an after-hook puts in the place of the
	// handler's, for OpenAPI. The last hook of a route with a Result counts.
	Result reflect.Type
	// Fills are members of the body that a before-hook fills in where they are absent,
	// for OpenAPI.
	Fills []string

	plugin string // whose it is; "" is the application
}

// Middleware runs after validation, before the handler.
type Middleware func(*Ctx) error

// StoreHooks run around writes of the four core tables: first the hooks of
// plugins, in order, then those of the application. Before-hooks may change
// what is written or return an error; ErrAbort gives the write up. They run in the
// transaction of the write, often while rows are locked: compute, read and write there,
// and call no other system. After-hooks
// run after the transaction of the write has been committed. CtxFrom returns
// the call they belong to, if there is one.
type StoreHooks struct {
	User         ModelHooks[User]
	Session      ModelHooks[Session]
	Account      ModelHooks[Account]
	Verification ModelHooks[Verification]
}

// ModelHooks are the hooks of one table.
type ModelHooks[T any] struct {
	BeforeCreate func(ctx context.Context, row *T) error
	AfterCreate  func(ctx context.Context, row *T) error
	BeforeUpdate func(ctx context.Context, set adapter.Record) error
	AfterUpdate  func(ctx context.Context, row *T) error
	BeforeDelete func(ctx context.Context, row *T) error
	AfterDelete  func(ctx context.Context, row *T) error
}

// modelHooks is the compiled list of one table: the functions that exist.
type modelHooks[T any] struct {
	beforeCreate, afterCreate []func(context.Context, *T) error
	beforeUpdate              []func(context.Context, adapter.Record) error
	afterUpdate               []func(context.Context, *T) error
	beforeDelete, afterDelete []func(context.Context, *T) error
}

func compileHooks[T any](all []StoreHooks, pick func(*StoreHooks) *ModelHooks[T]) modelHooks[T] {
	var m modelHooks[T]
	for i := range all {
		h := pick(&all[i])
		if h.BeforeCreate != nil {
			m.beforeCreate = append(m.beforeCreate, h.BeforeCreate)
		}
		if h.AfterCreate != nil {
			m.afterCreate = append(m.afterCreate, h.AfterCreate)
		}
		if h.BeforeUpdate != nil {
			m.beforeUpdate = append(m.beforeUpdate, h.BeforeUpdate)
		}
		if h.AfterUpdate != nil {
			m.afterUpdate = append(m.afterUpdate, h.AfterUpdate)
		}
		if h.BeforeDelete != nil {
			m.beforeDelete = append(m.beforeDelete, h.BeforeDelete)
		}
		if h.AfterDelete != nil {
			m.afterDelete = append(m.afterDelete, h.AfterDelete)
		}
	}
	return m
}
