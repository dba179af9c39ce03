package core_test

import (
	"context"
	"errors"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/advantch/kernia-go/core"
	"github.com/advantch/kernia-go/core/authtest"
	"github.com/advantch/kernia-go/core/plugins/emailpassword"
	"github.com/advantch/kernia-go/core/wire"
)

func TestCall(t *testing.T) {
	t.Parallel()
	e := open(t, nil)
	p, _ := emailpassword.From(e.Auth)
	ctx := t.Context()
	var res core.Response
	up, err := p.SignUp.Call(ctx, &emailpassword.SignUpInput{Name: "Ada", Email: "Ada@Example.com", Password: passphrase}, core.Capture(&res))
	if err != nil || up.User.Email != ada || up.Token == nil {
		t.Fatalf("%+v %v", up.User, err)
	}
	if res.Status != 200 || len(res.Values("Set-Cookie")) != 1 {
		t.Errorf("captured %d %v", res.Status, res.Header)
	}
	pair, _, _ := strings.Cut(res.Get("Set-Cookie"), ";")
	client := core.WithHeader(http.Header{"Cookie": {pair}})

	// On behalf of a client its cookies count; without headers there is no session.
	if reply, err := e.Auth.API().GetSession.Call(ctx, nil, client); err != nil {
		t.Error(err)
	} else if d, err := reply.Data(); err != nil || d.User.Email != ada {
		t.Errorf("%v %v", d, err)
	}
	if reply, err := e.Auth.API().GetSession.Call(ctx, nil); err != nil || reply != nil {
		t.Errorf("a session without headers: %v %v", reply, err)
	}
	if d, err := e.Auth.GetSession(ctx, core.Fields{}, nil); d != nil || err != nil {
		t.Errorf("%v %v", d, err)
	}
	if list, err := e.Auth.API().ListSessions.Call(ctx, nil, client); err != nil || len(list) != 1 || list[0].Token != *up.Token {
		t.Errorf("%v %v", list, err)
	}

	// Errors are *core.Error, of validation and of middleware too.
	for name, call := range map[string]func() error{
		"400 VALIDATION_ERROR": func() error {
			_, err := p.SignUp.Call(ctx, &emailpassword.SignUpInput{Name: "x", Email: "not an address", Password: passphrase})
			return err
		},
		"401 UNAUTHORIZED": func() error { _, err := e.Auth.API().ListSessions.Call(ctx, nil); return err },
		"401 INVALID_CREDENTIALS": func() error {
			_, err := p.SignIn.Call(ctx, &emailpassword.SignInInput{Email: ada, Password: "wrong password"})
			return err
		},
		"409 EMAIL_ALREADY_IN_USE": func() error {
			_, err := p.SignUp.Call(ctx, &emailpassword.SignUpInput{Name: "x", Email: ada, Password: passphrase})
			return err
		},
		"400 PASSWORD_ALREADY_SET": func() error {
			_, err := p.SetPassword.Call(ctx, &emailpassword.SetPasswordInput{NewPassword: passphrase}, client)
			return err
		},
	} {
		var failed *core.Error
		err := call()
		status, code, _ := strings.Cut(name, " ")
		if !errors.As(err, &failed) || failed.Code != code || status != strconv.Itoa(failed.Status) {
			t.Errorf("%v, want %s", err, name)
		}
	}
	if _, err := e.Auth.API().SignOut.Call(ctx, nil, client, core.Capture(&res)); err != nil {
		t.Error(err)
	}
	if _, err := e.Auth.API().ListSessions.Call(ctx, nil, client); err == nil {
		t.Error("the session survived its sign-out")
	}
}

func TestInvoke(t *testing.T) {
	t.Parallel()
	e := open(t, nil)
	c := join(t, e, ada)
	ctx := t.Context()
	if _, err := e.Auth.Invoke(ctx, "nope", core.Invocation{}); err == nil || !strings.Contains(err.Error(), `"nope"`) {
		t.Errorf("%v", err)
	}
	res, err := e.Auth.Invoke(ctx, "getSession", core.Invocation{Header: core.Fields{header("Cookie", c.CookieHeader())}})
	if err != nil || res.Status != 200 || string(res.Body) != c.Get("/get-session").Body {
		t.Errorf("%v %d %s", err, res.Status, res.Body)
	}
	res, err = e.Auth.Invoke(ctx, "getSession", core.Invocation{Method: "POST"})
	if err != nil || res.Status != 405 {
		t.Errorf("%v %d %s", err, res.Status, res.Body)
	}
	res, err = e.Auth.Invoke(ctx, "signInEmail", core.Invocation{Body: wire.Null()})
	if err != nil || res.Status != 400 || !strings.Contains(string(res.Body), "VALIDATION_ERROR") {
		t.Errorf("%v %d %s", err, res.Status, res.Body)
	}
	res, err = e.Auth.Invoke(ctx, "requestPasswordResetCallback", core.Invocation{Params: map[string]string{"token": "x"},
		Query: wire.ObjectOf(wire.NewObject(wire.Member{Name: "callbackURL", Value: wire.String("/x")}))})
	if err != nil || res.Status != 302 || len(res.Values("Location")) != 1 || res.Get("Location") != authtest.BaseURL+"/x?error=INVALID_TOKEN" {
		t.Errorf("%v %d %v", err, res.Status, res.Header)
	}
	// Operations describe themselves, and the copies change nothing.
	ids := map[string]bool{}
	for _, op := range e.Auth.Operations() {
		if op.ID == "" || ids[op.ID] || len(op.Methods) == 0 || op.Doc == "" && op.Path != "" {
			t.Errorf("operation %+v", op)
		}
		ids[op.ID] = true
	}
}

func TestBackground(t *testing.T) {
	t.Parallel()
	t.Run("mail is sent after the answer, and Close waits for it", func(t *testing.T) {
		t.Parallel()
		release := make(chan struct{})
		var sent atomic.Int32
		e := openWith(t, func(_ *authtest.Env, p *emailpassword.Options) {
			p.SendResetPassword = func(ctx context.Context, m core.Mail) error {
				<-release
				if err := ctx.Err(); err != nil {
					return err
				}
				sent.Add(1)
				return nil
			}
		}, func(_ *authtest.Env, o *core.Options) { o.Background = nil })
		join(t, e, ada)
		ctx, cancel := context.WithCancel(t.Context())
		for range 30 { // more than work at once
			var res core.Response
			e.Auth.Serve(ctx, &core.Request{Method: "POST", Path: "/api/auth/request-password-reset", Header: core.Fields{header("Content-Type", "application/json")}, Body: []byte(`{"email":"` + ada + `"}`)}, &res)
			if res.Status != 200 {
				t.Fatalf("%d %s", res.Status, res.Body)
			}
		}
		cancel() // the requests are over; their tasks are not
		if n := sent.Load(); n != 0 {
			t.Errorf("%d mails were sent before the answer", n)
		}
		short, stop := context.WithCancel(context.Background())
		stop()
		if err := e.Auth.Close(short); !errors.Is(err, context.Canceled) || !strings.Contains(err.Error(), "30 background tasks") {
			t.Errorf("Close with a context that is over: %v", err)
		}
		close(release)
		if err := e.Auth.Close(context.Background()); err != nil {
			t.Fatal(err)
		}
		if n := sent.Load(); n != 30 {
			t.Errorf("%d mails were sent", n)
		}
		// After Close the server still works; its tasks run before the answer.
		e.Client().Post("/request-password-reset", object{"email": ada}).Want(t, 200, "")
		if n := sent.Load(); n != 31 {
			t.Errorf("%d mails after Close", n)
		}
		if err := e.Auth.Close(context.Background()); err != nil {
			t.Errorf("closing twice: %v", err)
		}
	})
	t.Run("a failure is logged and reported, not answered", func(t *testing.T) {
		t.Parallel()
		var mu sync.Mutex
		var reported []error
		e := openWith(t, func(_ *authtest.Env, p *emailpassword.Options) {
			p.SendResetPassword = func(context.Context, core.Mail) error { return errDatabase }
		}, func(_ *authtest.Env, o *core.Options) {
			o.Background = nil
			o.OnError = func(_ context.Context, err error) { mu.Lock(); defer mu.Unlock(); reported = append(reported, err) }
		})
		join(t, e, ada)
		e.Client().Post("/request-password-reset", object{"email": ada}).Want(t, 200, "")
		if err := e.Auth.Close(context.Background()); err != nil {
			t.Fatal(err)
		}
		mustContain(t, e.Log.String(), "sending a reset mail failed")
		if len(reported) != 1 {
			t.Errorf("reported %v", reported)
		}
	})
	t.Run("many tasks at once lose none", func(t *testing.T) {
		t.Parallel()
		var done atomic.Int32
		task := core.Post("work", "/work", func(c *core.Ctx, _ *core.NoInput) (core.StatusReply, error) {
			for range 500 {
				c.Go("work", func(context.Context) error { done.Add(1); return nil })
			}
			return core.StatusReply{Status: true}, nil
		})
		e := authtest.New(t, func(_ *authtest.Env, o *core.Options) { o.Background = nil }, plugin("p", core.Manifest{Operations: []core.Operation{task}}))
		var wg sync.WaitGroup
		for range 10 {
			wg.Go(func() { e.Client().Post("/work", object{}).Want(t, 200, "") })
		}
		wg.Wait()
		ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
		defer cancel()
		if err := e.Auth.Close(ctx); err != nil || done.Load() != 5000 {
			t.Errorf("%d tasks ran, %v", done.Load(), err)
		}
	})
}
