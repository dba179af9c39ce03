package main

import (
	"context"
	"crypto/rand"
	"errors"
	"net/http"
	"sync/atomic"
	"time"

	"github.com/advantch/kernia-go/core"
	"github.com/advantch/kernia-go/core/wire"
)

// randomness makes ids of instances.
var randomness = rand.Reader

// instance is one server under test with its own database, clock and
// environment.
type instance struct {
	id      string
	outside outside
	clock   clock
	env     environment
	quick   bool // quickHashing
	auth    *core.Auth
	handler http.Handler
	remote  string // peer of its requests, as http.Request.RemoteAddr
	// baseURLOption is the option, for plugins whose own options default to it.
	baseURLOption string
	drop          func(ctx context.Context) error // removes the database
}

func newInstance(ctx context.Context, id string, spec wire.Value, s *server) (*instance, error) {
	callbackURL, _ := spec.Get("callbackURL").Str()
	i := &instance{id: id, outside: outside{id, trimSlash(callbackURL)}, quick: s.quick}
	i.clock.set(spec.Get("now"))
	o, err := i.options(spec)
	if err != nil {
		return nil, err
	}
	open, err := wanted(spec.Get("database"), s.rows.open)
	if err != nil {
		return nil, err
	}
	if o.Database, i.drop, err = open(ctx); err != nil {
		return nil, err
	}
	if w, ok := o.Database.(withRedis); ok {
		w.unwrap(o)
	}
	if db, ok := o.Database.(byID); ok {
		db.inOrder(o)
	}
	if kind, _ := spec.Get("database").Get("kind").Str(); kind == "none" {
		o.Stateless = true
	}
	if i.auth, err = core.New(*o); err == nil {
		err = i.auth.Migrate(ctx)
	}
	if err == nil {
		err = i.load(ctx, spec.Get("database").Get("data"))
	}
	if err != nil {
		return nil, errors.Join(err, i.drop(context.WithoutCancel(ctx)))
	}
	i.handler = s.mount(i.auth)
	return i, nil
}

func trimSlash(s string) string {
	for len(s) > 0 && s[len(s)-1] == '/' {
		s = s[:len(s)-1]
	}
	return s
}

// wanted is what a specification asks for in the place of the usual database.
func wanted(spec wire.Value, usual opener) (opener, error) {
	switch kind, _ := spec.Get("kind").Str(); kind {
	case "", "default", "memory":
		return usual, nil
	case "sqlite":
		path, given := spec.Get("path").Str()
		if !given {
			path = ":memory:"
		}
		return sqliteFile(path, gormSQLite), nil
	case "none":
		return inMemory, nil // and Options.Stateless
	default:
		return nil, unsupported("there is no database of kind %q", kind)
	}
}

func (i *instance) close(ctx context.Context) error {
	return errors.Join(i.auth.Close(ctx), i.drop(context.WithoutCancel(ctx)))
}

// api calls an operation on the server side.
func (i *instance) api(ctx context.Context, name string, input wire.Value) (wire.Value, error) {
	var in core.Invocation
	var err error
	if in.Body, err = plain(input.Get("body")); err != nil {
		return wire.Value{}, err
	}
	if in.Query, err = plain(input.Get("query")); err != nil {
		return wire.Value{}, err
	}
	if params, ok := input.Get("params").Obj(); ok {
		in.Params = map[string]string{}
		for _, p := range params.Members() {
			in.Params[p.Name], _ = p.Value.Str()
		}
	}
	in.Method, _ = input.Get("method").Str()
	request := input.Get("request").Get("$request")
	if !absent(request) {
		call := &incoming{header: http.Header{}}
		call.method, _ = request.Get("method").Str()
		call.url, _ = request.Get("url").Str()
		for _, h := range pairs(request.Get("headers")) {
			call.header.Add(h.Name, h.Value)
		}
		in.Header = call.header
		ctx = withIncoming(ctx, call)
	}
	if headers := input.Get("headers"); !absent(headers) {
		given := pairs(headers)
		in.Header = core.Fields(given)
		ctx = context.WithValue(ctx, givenKey{}, given)
	}
	known := false
	for _, op := range i.auth.Operations() {
		known = known || op.ID == name
	}
	if !known {
		return wire.Value{}, unsupported("no operation %q", name)
	}
	res, err := i.auth.Invoke(ctx, name, in)
	if err != nil {
		return wire.Value{}, err
	}
	// Better Auth's server side returns a text as it is.
	if v, err := wire.Parse(res.Body, wire.Limits{}); err == nil {
		if text, ok := v.Str(); ok {
			res.Body = []byte(text)
			res.Set("Content-Type", "text/plain")
		}
	}
	return object("status", res.Status, "headers", encodePairs(res.Header), "body", string(res.Body)), nil
}

// clock is frozen at an instant, or real.
type clock struct{ frozen atomic.Pointer[time.Time] }

func (c *clock) set(now wire.Value) {
	n, ok := now.Num()
	if !ok {
		c.frozen.Store(nil)
		return
	}
	t := time.UnixMilli(int64(n)).UTC()
	c.frozen.Store(&t)
}

func (c *clock) now() time.Time {
	if t := c.frozen.Load(); t != nil {
		return *t
	}
	return time.Now()
}
