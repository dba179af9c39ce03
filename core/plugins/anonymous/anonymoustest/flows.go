// Package anonymoustest has the flows of the plugin for flowtest.Run.
package anonymoustest

import (
	"context"
	"sync"
	"sync/atomic"

	"github.com/advantch/kernia-go/core"
	"github.com/advantch/kernia-go/core/authtest"
	"github.com/advantch/kernia-go/core/plugins/anonymous"
	"github.com/advantch/kernia-go/core/plugins/emailpassword"
	"github.com/advantch/kernia-go/core/suites/flowtest"
)

// Suite is for flowtest.Run.
func Suite() flowtest.Suite {
	return flowtest.Suite{
		Flows: []flowtest.Flow{{Name: "an anonymous visit that is kept", Run: kept}},
		Races: []flowtest.Flow{{Name: "RACE-04 an anonymous user is moved once", Run: movedOnce}},
		Faults: []flowtest.Request{
			{Name: "sign in anonymously", Change: with(nil), Prepare: func(_ *flowtest.T, e *authtest.Env) (*authtest.Client, func(*authtest.Client) *authtest.Answer) {
				return e.Client(), flowtest.Send("POST", "/sign-in/anonymous", flowtest.Body{})
			}},
		},
	}
}

func with(moves *atomic.Int64) func(*authtest.Env, *core.Options, *emailpassword.Options) {
	return func(_ *authtest.Env, o *core.Options, _ *emailpassword.Options) {
		o.Plugins = append(o.Plugins, anonymous.New(anonymous.Options{OnLink: func(context.Context, anonymous.Link) error {
			if moves != nil {
				moves.Add(1)
			}
			return nil
		}}))
	}
}

func visit(t *flowtest.T, e *authtest.Env) *authtest.Client {
	c := e.Client()
	c.Post("/sign-in/anonymous", flowtest.Body{}).Want(t, 200, "")
	return c
}

func users(t *flowtest.T, e *authtest.Env) int64 {
	n, err := e.Auth.DB().Count(context.Background(), core.ModelUser, nil)
	if err != nil {
		t.Error(err)
	}
	return n
}

func kept(t *flowtest.T) {
	var moves atomic.Int64
	e := t.Start(with(&moves))
	c := visit(t, e)
	if a := c.Get("/get-session"); a.JSON("user", "isAnonymous") != "true" {
		t.Errorf("%s", a.Body)
	}
	old := c.Copy()
	c.Post("/sign-up/email", flowtest.Body{"name": "Ada", "email": flowtest.Email, "password": flowtest.Password}).Want(t, 200, "")
	if a := c.Get("/get-session"); a.JSON("user", "email") != flowtest.Email {
		t.Errorf("%s", a.Body)
	}
	if a := old.Get("/get-session"); a.Body != "null" {
		t.Errorf("the anonymous session lives: %s", a.Body)
	}
	if n := users(t, e); n != 1 || moves.Load() != 1 {
		t.Errorf("%d users, %d moves", n, moves.Load())
	}
	other := visit(t, e)
	other.Post("/delete-anonymous-user", flowtest.Body{}).Want(t, 200, "")
	if n := users(t, e); n != 1 {
		t.Errorf("%d users", n)
	}
}

func movedOnce(t *flowtest.T) {
	var moves atomic.Int64
	e := t.Start(with(&moves))
	e.Client().Post("/sign-up/email", flowtest.Body{"name": "Ada", "email": flowtest.Email, "password": flowtest.Password}).Want(t, 200, "")
	c := visit(t, e)
	var wg sync.WaitGroup
	for range 6 {
		browser := c.Copy()
		wg.Go(func() {
			browser.Post("/sign-in/email", flowtest.Body{"email": flowtest.Email, "password": flowtest.Password}).Want(t, 200, "")
		})
	}
	wg.Wait()
	if n := users(t, e); n != 1 || moves.Load() != 1 {
		t.Errorf("%d users, %d moves", n, moves.Load())
	}
}
