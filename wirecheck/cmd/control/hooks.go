package main

import (
	"context"
	"errors"
	"reflect"
	"regexp"
	"strings"

	"github.com/advantch/kernia-go/core"
	"github.com/advantch/kernia-go/core/adapter"
	"github.com/advantch/kernia-go/core/wire"
)

// hooks maps hooks.before and hooks.after.
func (i *instance) hooks(o *core.Options, s *section) {
	if f := s.function("before"); f != nil {
		o.Before = func(c *core.Ctx) error { return beforeHook(c, f) }
	}
	if f := s.function("after"); f != nil {
		o.After = func(c *core.Ctx) error { return afterHook(c, f) }
	}
}

// beforeHook lets the outside answer, change the call, or refuse. Its result is the
// answer, unless it is {context}, which is merged into the call.
func beforeHook(c *core.Ctx, f *callback) error {
	a, err := f.outside.call(c, f.name, true, contextOf(c, false))
	if err != nil {
		return err
	}
	changes := a.result.Get("context")
	if absent(changes) {
		if _, isObject := a.result.Obj(); isObject && !absent(a.result) {
			answer, err := plain(a.result)
			c.Reply(answer)
			return err
		}
		return nil
	}
	if body := changes.Get("body"); !absent(body) {
		merged, err := plain(merge(c.Body(), body))
		if err != nil {
			return err
		}
		c.SetBody(merged)
	}
	if query := changes.Get("query"); !absent(query) {
		merged, err := plain(merge(c.Query(), query))
		if err != nil {
			return err
		}
		c.SetQuery(merged)
	}
	return nil
}

// merge lays an object over another; arrays and plain values are replaced.
func merge(under, over wire.Value) wire.Value {
	a, ok1 := under.Obj()
	b, ok2 := over.Obj()
	if !ok1 || !ok2 {
		return over
	}
	out := &wire.Object{}
	for _, m := range a.Members() {
		out.Set(m.Name, m.Value)
	}
	for _, m := range b.Members() {
		if absent(m.Value) {
			continue
		}
		old, _ := out.Get(m.Name)
		out.Set(m.Name, merge(old, m.Value))
	}
	return wire.ObjectOf(out)
}

// afterHook lets the outside replace the answer and add headers.
func afterHook(c *core.Ctx, f *callback) error {
	a, err := f.outside.call(c, f.name, true, contextOf(c, true))
	if err != nil {
		return err
	}
	for _, h := range pairs(a.header) {
		if strings.EqualFold(h.Name, "Set-Cookie") {
			c.Res.Add(h.Name, h.Value)
		} else {
			c.Res.Set(h.Name, h.Value)
		}
	}
	if absent(a.result) || !a.result.Truthy() {
		return nil
	}
	result, err := plain(a.result)
	if err != nil {
		return err
	}
	c.SetReturned(result)
	return nil
}

var pathParameter = regexp.MustCompile(`:([^/]+)`)

// contextOf makes the $ctx of a call, null outside of one.
func contextOf(ctx context.Context, after bool) wire.Value {
	c, ok := core.CtxFrom(ctx)
	if !ok {
		return wire.Null()
	}
	params := &wire.Object{}
	for _, m := range pathParameter.FindAllStringSubmatch(c.Path(), -1) {
		params.Set(m[1], wire.String(c.Param(m[1])))
	}
	query := c.Query()
	if query.IsUndefined() {
		query = object()
	}
	inner := object("session", nil, "newSession", encodeSessionData(c.Issued()), "returned", undefined, "baseURL", c.BaseURL(), "responseHeaders", nil)
	if after {
		o, _ := inner.Obj()
		o.Set("session", encodeSessionData(c.Session()))
		o.Set("returned", returned(c))
		o.Set("responseHeaders", object("$headers", encodePairs(c.Res.Header)))
	}
	// A call on the server side without headers has none: Better Auth passes undefined.
	headers := undefined
	parameters := wire.ObjectOf(params)
	if r, ok := ctx.Value(incomingKey{}).(*incoming); ok {
		headers = encodeHeader(r.header)
	} else {
		// A call on the server side has what its caller gave it, and no more.
		query = orUndefined(c.Query())
		if params.Len() == 0 {
			parameters = undefined
		}
		if given, ok := ctx.Value(givenKey{}).([]core.HeaderField); ok {
			headers = object("$headers", encodePairs(given))
		}
	}
	return object("$ctx", object(
		"path", c.Path(), "method", c.Method(), "body", orUndefined(c.Body()), "query", query,
		"params", parameters, "headers", headers, "request", requestOf(ctx), "context", inner,
	))
}

func orUndefined(v wire.Value) wire.Value {
	if v.IsUndefined() {
		return undefined
	}
	return v
}

// returned is the result of a call as JavaScript would hold it.
func returned(c *core.Ctx) wire.Value {
	result, err := c.Returned()
	if err != nil {
		return encodeError(err)
	}
	switch v := result.(type) {
	case nil:
		return wire.Null()
	case wire.Value:
		return v
	case *core.Raw:
		return object("$response", object("status", v.Status, "headers", wire.Array(), "body", string(v.Body)))
	}
	enc, err := wire.EncoderFor(reflect.TypeOf(result))
	if err != nil {
		return undefined
	}
	v, err := wire.Parse(enc.Append(nil, result), limits)
	if err != nil {
		return undefined
	}
	return withDates(v)
}

// withDates tags the dates of an answer. Their members all have such names.
func withDates(v wire.Value) wire.Value {
	if o, ok := v.Obj(); ok {
		out := &wire.Object{}
		for _, m := range o.Members() {
			text, isText := m.Value.Str()
			if t, ok := wire.ParseTime(text); isText && ok && strings.HasSuffix(m.Name, "At") {
				out.Set(m.Name, encode(t))
				continue
			}
			out.Set(m.Name, withDates(m.Value))
		}
		return wire.ObjectOf(out)
	}
	if items, ok := v.Items(); ok {
		out := make([]wire.Value, len(items))
		for n, item := range items {
			out[n] = withDates(item)
		}
		return wire.Array(out...)
	}
	return v
}

// databaseHooks maps the hooks around writes of the core tables.
func (i *instance) databaseHooks(o *core.Options, s *section) {
	o.Store = core.StoreHooks{
		User:         modelHooks(i, s.sub("user"), core.ModelUser, userRecord, setUser),
		Session:      modelHooks(i, s.sub("session"), core.ModelSession, sessionRecord, setSession),
		Account:      modelHooks(i, s.sub("account"), core.ModelAccount, accountRecord, setAccount),
		Verification: modelHooks(i, s.sub("verification"), core.ModelVerification, verificationRecord, setVerification),
	}
}

func modelHooks[T any](i *instance, s *section, model string, record func(*T) adapter.Record, set func(*T, adapter.Record)) core.ModelHooks[T] {
	var h core.ModelHooks[T]
	create, update, remove := s.sub("create"), s.sub("update"), s.sub("delete")
	if f := create.function("before"); f != nil {
		h.BeforeCreate = func(ctx context.Context, row *T) error {
			changes, err := i.ask(ctx, f, model, encodeRecord(record(row)))
			if err == nil {
				set(row, changes)
			}
			return err
		}
	}
	if f := update.function("before"); f != nil {
		h.BeforeUpdate = func(ctx context.Context, rec adapter.Record) error {
			changes, err := i.ask(ctx, f, model, encodeRecord(rec))
			for name, v := range changes {
				rec[name] = v
			}
			return err
		}
	}
	if f := remove.function("before"); f != nil {
		h.BeforeDelete = func(ctx context.Context, row *T) error {
			_, err := i.ask(ctx, f, model, encodeRecord(record(row)))
			return err
		}
	}
	after := func(f *callback) func(context.Context, *T) error {
		if f == nil {
			return nil
		}
		return func(ctx context.Context, row *T) error {
			_, err := f.call(ctx, encodeRecord(record(row)), contextOf(ctx, false))
			return err
		}
	}
	h.AfterCreate, h.AfterUpdate, h.AfterDelete = after(create.function("after")), after(update.function("after")), after(remove.function("after"))
	return h
}

var errNoTable = errors.New("control: a hook has no table")

// ask calls a before-hook: false gives the write up, {data} changes it.
func (i *instance) ask(ctx context.Context, f *callback, model string, row wire.Value) (adapter.Record, error) {
	v, err := f.call(ctx, row, contextOf(ctx, false))
	if err != nil {
		return nil, err
	}
	if on, ok := v.Bool(); ok && !on {
		return nil, core.ErrAbort
	}
	data := v.Get("data")
	if absent(data) {
		return nil, nil
	}
	t, ok := i.auth.Schema().Table(model)
	if !ok {
		return nil, errNoTable
	}
	return decodeRecord(t, data)
}
