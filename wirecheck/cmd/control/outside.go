package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/http"

	"github.com/advantch/kernia-go/core/wire"
)

// outside reaches the world outside of one instance: every function of its
// options lives there.
type outside struct {
	instance, url string
}

// answer is what a callback gave back.
type answer struct {
	result wire.Value
	header wire.Value
}

// callbackClient keeps enough connections for many instances at once.
var callbackClient = &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 64}}

// call calls a function with tagged arguments. An error that the function threw
// is returned as one.
func (o outside) call(ctx context.Context, name string, middleware bool, args ...wire.Value) (answer, error) {
	message := object("instance", o.instance, "name", name, "args", wire.Array(args...))
	if middleware {
		m, _ := message.Obj()
		m.Set("middleware", wire.Bool(true))
	}
	// The instance waits for its callbacks, also when its own caller has left.
	req, err := http.NewRequestWithContext(context.WithoutCancel(ctx), http.MethodPost, o.url+"/", bytes.NewReader(message.AppendJSON(nil)))
	if err != nil {
		return answer{}, err
	}
	req.Header.Set("Content-Type", "application/json")
	res, err := callbackClient.Do(req)
	if err != nil {
		return answer{}, fmt.Errorf("callback %s: %w", name, err)
	}
	defer res.Body.Close()
	var body bytes.Buffer
	if _, err := body.ReadFrom(res.Body); err != nil {
		return answer{}, fmt.Errorf("callback %s: %w", name, err)
	}
	if res.StatusCode != http.StatusOK {
		return answer{}, fmt.Errorf("callback %s: the outside world answered %d", name, res.StatusCode)
	}
	v, err := wire.Parse(body.Bytes(), limits)
	if err != nil {
		return answer{}, fmt.Errorf("callback %s: %w", name, err)
	}
	if failure := v.Get("error"); !failure.IsUndefined() {
		if failure.Get("$error").IsUndefined() {
			return answer{}, errors.New(string(failure.AppendJSON(nil)))
		}
		return answer{}, decodeError(failure)
	}
	return answer{v.Get("result"), v.Get("headers")}, nil
}

// callback is a function of the options.
type callback struct {
	outside    outside
	name       string
	middleware bool
}

func (f *callback) call(ctx context.Context, args ...wire.Value) (wire.Value, error) {
	a, err := f.outside.call(ctx, f.name, f.middleware, args...)
	if absent(a.result) {
		return wire.Value{}, err
	}
	return a.result, err
}

// incoming is the request that a call of this server answers, for callbacks
// that are given it. It is undefined in calls on the server side.
type incoming struct {
	method, url string
	header      http.Header
}

type incomingKey struct{}

func withIncoming(ctx context.Context, r *incoming) context.Context {
	return context.WithValue(ctx, incomingKey{}, r)
}

// givenKey is of the headers that a call on the server side was given.
type givenKey struct{}

func requestOf(ctx context.Context) wire.Value {
	r, ok := ctx.Value(incomingKey{}).(*incoming)
	if !ok {
		return undefined
	}
	return object("$request", object("method", r.method, "url", r.url, "headers", encodeHeader(r.header).Get("$headers"), "body", nil))
}
