package core_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	"github.com/advantch/kernia-go/core"
	"github.com/advantch/kernia-go/core/adapter"
	"github.com/advantch/kernia-go/core/authtest"
	"github.com/advantch/kernia-go/core/nethttp"
	"github.com/advantch/kernia-go/core/plugins/emailpassword"
	"github.com/advantch/kernia-go/core/ratelimit"
	"github.com/advantch/kernia-go/core/schema"
)

// endless is a body that never ends.
type endless struct{ read int }

func (b *endless) Read(p []byte) (int, error) {
	for i := range p {
		p[i] = ' '
	}
	b.read += len(p)
	return len(p), nil
}

func TestBodySize(t *testing.T) {
	t.Parallel()
	e := open(t, func(_ *authtest.Env, o *core.Options) { o.MaxBody = 10_000 })
	t.Run("DOS-01 a body at and over the limit", func(t *testing.T) {
		t.Parallel()
		for size, want := range map[int]int{9_999: 400, 10_000: 400, 10_001: 413, 1_000_000: 413} {
			a := e.Client().Do("POST", "/sign-in/email", `{"x":"`+strings.Repeat("a", size-8)+`"}`)
			if a.Status != want {
				t.Errorf("%d bytes: %d", size, a.Status)
			}
		}
		res := send(e.Auth, core.Request{Method: "POST", Path: "/api/auth/sign-in/email", TooLarge: true})
		if res.Status != 413 || !strings.Contains(string(res.Body), "PAYLOAD_TOO_LARGE") {
			t.Errorf("%d %s", res.Status, res.Body)
		}
	})
	t.Run("DOS-01 a chunked body without end", func(t *testing.T) {
		t.Parallel()
		body := &endless{}
		r := httptest.NewRequest("POST", "/api/auth/sign-in/email", io.NopCloser(body))
		r.ContentLength = -1
		r.Header.Set("Content-Type", "application/json")
		w := httptest.NewRecorder()
		nethttp.Handler(e.Auth).ServeHTTP(w, r)
		if w.Code != 413 || body.read > 100_000 {
			t.Errorf("%d after %d bytes", w.Code, body.read)
		}
	})
	t.Run("DOS-01 a false Content-Length", func(t *testing.T) {
		t.Parallel()
		for _, length := range []int64{1 << 40, 10_001} {
			body := &endless{}
			r := httptest.NewRequest("POST", "/api/auth/sign-in/email", io.NopCloser(body))
			r.ContentLength = length
			w := httptest.NewRecorder()
			nethttp.Handler(e.Auth).ServeHTTP(w, r)
			if w.Code != 413 || body.read != 0 {
				t.Errorf("length %d: %d after %d bytes", length, w.Code, body.read)
			}
		}
		// Half a body is not acted on.
		r := httptest.NewRequest("POST", "/api/auth/sign-out", io.NopCloser(io.MultiReader(strings.NewReader("{"), iotest.ErrReader(io.ErrUnexpectedEOF))))
		r.ContentLength = 100
		w := httptest.NewRecorder()
		nethttp.Handler(e.Auth).ServeHTTP(w, r)
		if w.Code == 200 {
			t.Errorf("answered %s", w.Body)
		}
	})
	t.Run("DOS-01 a slow body ends with the server's timeout", func(t *testing.T) {
		t.Parallel()
		server := httptest.NewUnstartedServer(nethttp.Handler(e.Auth))
		server.Config.ReadTimeout = 50 * time.Millisecond
		server.Start()
		defer server.Close()
		reader, writer := io.Pipe()
		defer writer.Close()
		go func() { _, _ = writer.Write([]byte(`{"email":`)) }()
		req, err := http.NewRequest("POST", server.URL+"/api/auth/sign-in/email", reader)
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("Content-Type", "application/json")
		res, err := server.Client().Do(req)
		if err == nil {
			defer res.Body.Close()
			if res.StatusCode != 400 && res.StatusCode != 408 {
				t.Errorf("answered %d", res.StatusCode)
			}
		}
	})
}

// patience bounds linear work; quadratic work would take minutes.
const patience = 10 * time.Second

func TestHostileJSON(t *testing.T) {
	t.Parallel()
	e := open(t, nil)
	var keys, indices, descending, same bytes.Buffer
	for i := range 60_000 {
		fmt.Fprintf(&keys, `"k%d":0,`, i)
		fmt.Fprintf(&indices, `"%d":0,`, i)
		fmt.Fprintf(&descending, `"%d":0,`, 9_999-i)
		same.WriteString(`"a":0,`)
	}
	top := func(b *bytes.Buffer, members int) string {
		parts := strings.SplitN(b.String(), ",", members+1)
		return "{" + strings.Join(parts[:members], ",") + "}"
	}
	for name, body := range map[string]string{
		"arrays 10^5 deep":                strings.Repeat("[", 100_000),
		"closed arrays 10^5 deep":         strings.Repeat("[", 100_000) + strings.Repeat("]", 100_000),
		"objects 10^5 deep":               strings.Repeat(`{"a":`, 100_000) + "1" + strings.Repeat("}", 100_000),
		"60 000 members":                  top(&keys, 60_000),
		"60 000 equal members":            top(&same, 60_000),
		"60 000 array indices":            top(&indices, 60_000),
		"9 999 members":                   top(&keys, 9_999),
		"9 999 indices":                   top(&indices, 9_999),
		"9 999 descending indices":        top(&descending, 9_999),
		"500 000 items":                   "[" + strings.Repeat("0,", 499_999) + "0]",
		"a giant number":                  `{"a":` + strings.Repeat("9", 900_000) + `}`,
		"a giant exponent":                `{"a":1e` + strings.Repeat("9", 900_000) + `}`,
		"an overflowing number":           `{"a":1e400}`,
		"a long fraction":                 `{"a":0.` + strings.Repeat("1", 900_000) + `}`,
		"a string of escapes":             `{"a":"` + strings.Repeat(`\u0041`, 150_000) + `"}`,
		"a megabyte of white space":       strings.Repeat(" ", 1_000_000),
		"white space, then the end":       `{"a":` + strings.Repeat("\n", 1_000_000),
		"a string without end":            `{"a":"` + strings.Repeat("a", 1_000_000),
		"many backslashes without end":    `{"a":"` + strings.Repeat(`\\`, 500_000),
		"a key of a megabyte":             `{"` + strings.Repeat("k", 1_000_000) + `":1}`,
		"an e-mail address of a megabyte": `{"email":"` + strings.Repeat("a@", 500_000) + `","password":"x"}`,
	} {
		t.Run("DOS-02 "+name, func(t *testing.T) {
			t.Parallel()
			start := time.Now()
			a := e.Client().Do("POST", "/sign-in/email", body)
			if a.Status != 400 {
				t.Errorf("%d %s", a.Status, clip(a.Body))
			}
			if took := time.Since(start); took > patience {
				t.Errorf("took %s", took)
			}
		})
	}
}

func TestHostileForms(t *testing.T) {
	t.Parallel()
	e := open(t, func(_ *authtest.Env, o *core.Options) { o.MaxBody = 8 << 20 })
	var plain, descending strings.Builder
	for i := range 200_000 {
		fmt.Fprintf(&plain, "k%d=&", i)
		fmt.Fprintf(&descending, "%d=&", 200_000-i)
	}
	for name, form := range map[string]string{
		"10^6 fields": strings.Repeat("a&", 1_000_000), "10^6 values of one": strings.Repeat("email=x&", 500_000),
		"200 000 names": plain.String(), "200 000 descending indices": descending.String(), "a sparse index": strings.Repeat("a[999999999]=x&", 10_000),
	} {
		t.Run("DOS-07 form of "+name, func(t *testing.T) {
			t.Parallel()
			start := time.Now()
			a := e.Client().Do("POST", "/sign-in/email", form, header("Content-Type", "application/x-www-form-urlencoded"))
			if a.Status != 400 && a.Status != 413 {
				t.Errorf("%d %s", a.Status, clip(a.Body))
			}
			if took := time.Since(start); took > patience {
				t.Errorf("took %s", took)
			}
		})
		t.Run("DOS-07 query of "+name, func(t *testing.T) {
			t.Parallel()
			start := time.Now()
			a := e.Client().Get("/get-session?" + form[:min(len(form), 1_000_000)]) // net/http takes a megabyte of headers
			if a.Status != 414 || a.Code() != "QUERY_TOO_LARGE" {
				t.Errorf("%d %s", a.Status, clip(a.Body))
			}
			if took := time.Since(start); took > patience {
				t.Errorf("took %s", took)
			}
		})
	}
	t.Run("DOS-07 a query below the limit", func(t *testing.T) {
		t.Parallel()
		e.Client().Get("/get-session?"+strings.Repeat("x=y&", 900)).Want(t, 200, "")
	})
	t.Run("DOS-07 a form at and over the limit of fields", func(t *testing.T) {
		t.Parallel()
		join(t, e, ada)
		sign := "email=ada%40example.com&password=correct+horse+battery"
		form := header("Content-Type", "application/x-www-form-urlencoded")
		e.Client().Do("POST", "/sign-in/email", sign+strings.Repeat("&x=y", 900), form).Want(t, 200, "")
		e.Client().Do("POST", "/sign-in/email", sign+strings.Repeat("&x=y", 1_100), form).Want(t, 413, "PAYLOAD_TOO_LARGE")
	})
}

func TestHashingBudget(t *testing.T) {
	t.Parallel()
	t.Run("DOS-05 unknown users wait in the same queue", func(t *testing.T) {
		t.Parallel()
		started, release := make(chan struct{}, 10), make(chan struct{})
		slow := false
		e := openWith(t, func(_ *authtest.Env, p *emailpassword.Options) {
			work := func() {
				if slow {
					started <- struct{}{}
					<-release
				}
			}
			p.Hash = func(_ context.Context, pw string) (string, error) { work(); return "h:" + pw, nil }
			p.Verify = func(_ context.Context, hash, pw string) (bool, error) { work(); return hash == "h:"+pw, nil }
		}, func(_ *authtest.Env, o *core.Options) { o.Password.Parallel, o.Password.Queue = 1, -1 })
		join(t, e, ada)
		slow = true
		done := make(chan *authtest.Answer)
		go func() {
			done <- e.Client().Post("/sign-in/email", object{"email": ada, "password": passphrase})
		}()
		<-started
		for name, body := range map[string]object{"known": {"email": ada, "password": "wrong password"}, "unknown": {"email": bob, "password": passphrase}} {
			a := e.Client().Post("/sign-in/email", body)
			if a.Status != 503 || a.Code() != "SERVER_BUSY" || a.Header.Get("Retry-After") != "1" {
				t.Errorf("%s user: %d %s", name, a.Status, a.Body)
			}
		}
		e.Client().Post("/sign-up/email", object{"name": "x", "email": "c@example.com", "password": passphrase}).Want(t, 503, "SERVER_BUSY")
		close(release)
		(<-done).Want(t, 200, "")
		if n := len(rows(t, e, core.ModelUser)); n != 1 {
			t.Errorf("%d users", n)
		}
	})
	t.Run("DOS-05 the limiter holds for unknown users alike", func(t *testing.T) {
		t.Parallel()
		e := open(t, func(_ *authtest.Env, o *core.Options) { o.RateLimit = core.RateLimitOptions{} })
		c := e.Client()
		for range 3 {
			c.Post("/sign-in/email", object{"email": bob, "password": passphrase}).Want(t, 401, "INVALID_CREDENTIALS")
		}
		c.Post("/sign-in/email", object{"email": bob, "password": passphrase}).Want(t, 429, "TOO_MANY_REQUESTS")
	})
}

func TestRegularExpressions(t *testing.T) {
	t.Parallel()
	t.Run("DOS-06 no backtracking engine is required", func(t *testing.T) {
		t.Parallel()
		mod, err := os.ReadFile("go.mod")
		if err != nil {
			t.Fatal(err)
		}
		mustNotContain(t, "go.mod", string(mod), "regexp2", "pcre", "onig")
	})
	t.Run("DOS-06 patterns take linear time on hostile text", func(t *testing.T) {
		t.Parallel()
		e := open(t, nil)
		start := time.Now()
		for _, email := range []string{strings.Repeat("a", 500_000) + "@", strings.Repeat("a.", 250_000) + "@x.yz", "a@" + strings.Repeat("b.", 250_000), "a@" + strings.Repeat("-", 500_000) + ".co"} {
			e.Client().Post("/sign-in/email", object{"email": email, "password": "x"}).Want(t, 400, "INVALID_EMAIL")
			e.Client().Post("/sign-up/email", object{"name": "x", "email": email, "password": passphrase}).Want(t, 400, "VALIDATION_ERROR")
			e.Client().Post("/sign-in/email", object{"email": ada, "password": "x", "callbackURL": "/" + email}).Want(t, 403, "INVALID_CALLBACK_URL")
		}
		if took := time.Since(start); took > patience {
			t.Errorf("took %s", took)
		}
	})
}

func TestCleanup(t *testing.T) {
	t.Parallel()
	t.Run("DOS-09 expired verification rows go away", func(t *testing.T) {
		t.Parallel()
		for _, disabled := range []bool{false, true} {
			e := open(t, func(_ *authtest.Env, o *core.Options) { o.Verification.DisableCleanup = disabled })
			join(t, e, ada)
			for range 20 {
				e.Client().Post("/request-password-reset", object{"email": ada}).Want(t, 200, "")
			}
			if n := len(rows(t, e, core.ModelVerification)); n != 20 {
				t.Fatalf("%d rows", n)
			}
			e.Clock.Add(time.Hour + time.Second)
			e.Client().Get("/reset-password/unknown?callbackURL=/x").Want(t, 302, "")
			want := 0
			if disabled {
				want = 20
			}
			if n := len(rows(t, e, core.ModelVerification)); n != want {
				t.Errorf("%d rows are left, want %d", n, want)
			}
		}
	})
	t.Run("DOS-09 live values are kept, and cleaning is rare", func(t *testing.T) {
		t.Parallel()
		e := open(t, nil)
		store := e.Auth.Store()
		for i, ttl := range []time.Duration{time.Second, time.Hour} {
			if _, err := store.CreateVerification(t.Context(), fmt.Sprint("x", i), "v", e.Auth.Now().Add(ttl)); err != nil {
				t.Fatal(err)
			}
		}
		e.Clock.Add(time.Minute)
		_, _ = store.FindVerification(t.Context(), "y")
		if n := len(rows(t, e, core.ModelVerification)); n != 1 {
			t.Errorf("%d rows, want the live one", n)
		}
	})
	t.Run("DOS-09 old rate limit rows go away", func(t *testing.T) {
		t.Parallel()
		e := open(t, func(_ *authtest.Env, o *core.Options) { o.RateLimit = core.RateLimitOptions{Storage: "database"} })
		for i := range 50 {
			c := e.Client()
			c.IP = fmt.Sprintf("198.51.100.%d", i)
			c.Get("/ok").Want(t, 200, "")
		}
		if n := len(rows(t, e, core.ModelRateLimit)); n != 50 {
			t.Fatalf("%d rows", n)
		}
		e.Clock.Add(time.Hour)
		e.Client().Get("/ok").Want(t, 200, "")
		if n := len(rows(t, e, core.ModelRateLimit)); n > 1 {
			t.Errorf("%d rows are left", n)
		}
	})
}

type secretValue string

func TestPanics(t *testing.T) {
	t.Parallel()
	boom := func() { panic(secretValue("canary-panic-value")) }
	crash := core.Post("crash", "/crash", func(*core.Ctx, *core.NoInput) (core.StatusReply, error) { boom(); return core.StatusReply{}, nil })
	places := map[string]core.Manifest{
		"a handler":     {Operations: []core.Operation{crash}},
		"a before-hook": {Before: []core.Hook{{Match: core.Paths("/sign-in/email"), Run: func(*core.Ctx) error { boom(); return nil }}}},
		"an after-hook": {After: []core.Hook{{Match: core.Paths("/sign-in/email"), Run: func(*core.Ctx) error { boom(); return nil }}}},
		"a matcher":     {Before: []core.Hook{{Match: core.When(core.Paths("/sign-in/email"), func(*core.Ctx) bool { boom(); return true }), Run: func(*core.Ctx) error { return nil }}}},
		"a caller's credential": {Authenticate: func(c *core.Ctx) (core.Credential, error) {
			if c.Path() == "/sign-in/email" {
				boom()
			}
			return core.Credential{}, nil
		}},
		"OnRequest": {OnRequest: func(c *core.Ctx) error {
			if c.Path() == "/sign-in/email" {
				boom()
			}
			return nil
		}},
		"a store hook in a transaction": {Store: core.StoreHooks{Session: core.ModelHooks[core.Session]{
			BeforeCreate: func(ctx context.Context, s *core.Session) error {
				if c, ok := core.CtxFrom(ctx); ok && c.Path() == "/sign-in/email" {
					boom()
				}
				return nil
			}}}},
		"a sign-in gate": {SignInGate: func(_ context.Context, s *core.SignIn) error {
			if s.Method == "email" {
				boom()
			}
			return nil
		}},
	}
	for name, m := range places {
		t.Run("DOS-10 "+name, func(t *testing.T) {
			t.Parallel()
			var reported []error
			e := open(t, func(_ *authtest.Env, o *core.Options) {
				o.OnError = func(_ context.Context, err error) { reported = append(reported, err) }
			}, &fakePlugin{"crashing", m})
			c := join(t, e, ada)
			path, body := "/sign-in/email", object{"email": ada, "password": passphrase}
			if name == "a handler" {
				path, body = "/crash", object{}
			}
			for range 3 {
				a := e.Client().Post(path, body).Want(t, 500, "INTERNAL_SERVER_ERROR")
				mustNotContain(t, "the answer", a.Body, "canary-panic-value", "goroutine", ".go:")
				if len(a.Header.Values("Set-Cookie")) > 0 {
					t.Error("cookies were sent with the failure")
				}
			}
			mustContain(t, e.Log.String(), `"msg":"panic"`, "core_test.secretValue", "abuse_dos_test.go")
			mustNotContain(t, "the log", e.Log.String(), "canary-panic-value")
			if len(reported) != 3 {
				t.Errorf("OnError saw %d errors", len(reported))
			}
			// Nothing is locked and nothing is half done.
			c.Post("/update-user", object{"name": "still works"}).Want(t, 200, "")
			wantSignedIn(t, c, true)
			if n := len(rows(t, e, core.ModelSession)); n != 1 && name != "an after-hook" {
				t.Errorf("%d sessions", n)
			}
		})
	}
	t.Run("DOS-10 an observer of the application", func(t *testing.T) {
		t.Parallel()
		for name, change := range map[string]func(*core.Options){
			"OnError": func(o *core.Options) {
				o.OnError = func(context.Context, error) { boom() }
				o.Before = func(*core.Ctx) error { return errDatabase }
			},
			"OnError after a panic": func(o *core.Options) {
				o.OnError = func(context.Context, error) { boom() }
				o.Before = func(*core.Ctx) error { boom(); return nil }
			},
			"OnEvent": func(o *core.Options) { o.OnEvent = func(context.Context, core.Event) { boom() } },
			"TrustedOriginsFunc": func(o *core.Options) {
				o.TrustedOriginsFunc = func(context.Context, *core.Request) ([]string, error) { boom(); return nil, nil }
			},
			"Clock": func(o *core.Options) {
				n, inner := 0, o.Clock
				o.Clock = func() time.Time {
					if n++; n > 1 {
						boom()
					}
					return inner()
				}
				o.RateLimit = core.RateLimitOptions{}
			},
		} {
			e := open(t, func(_ *authtest.Env, o *core.Options) { change(o) })
			a := e.Client().Post("/sign-in/email", object{"email": ada, "password": passphrase}, header("Cookie", "x=y"))
			if a.Status != 500 || a.Code() != "INTERNAL_SERVER_ERROR" {
				t.Errorf("%s: %d %s", name, a.Status, a.Body)
			}
		}
	})
	t.Run("DOS-10 a task in the background", func(t *testing.T) {
		t.Parallel()
		e := openWith(t, func(_ *authtest.Env, p *emailpassword.Options) {
			p.SendResetPassword = func(context.Context, core.Mail) error { boom(); return nil }
		}, func(_ *authtest.Env, o *core.Options) { o.Background = nil })
		join(t, e, ada)
		for range 20 {
			e.Client().Post("/request-password-reset", object{"email": ada}).Want(t, 200, "")
		}
		if err := e.Auth.Close(t.Context()); err != nil {
			t.Fatal(err)
		}
		if n := strings.Count(e.Log.String(), `"msg":"panic"`); n != 20 {
			t.Errorf("%d panics were logged", n)
		}
	})
}

func TestCancelledContext(t *testing.T) {
	t.Parallel()
	for _, model := range []string{core.ModelUser, core.ModelAccount, core.ModelSession} {
		t.Run("DOS-11 cancelled while a "+model+" is made", func(t *testing.T) {
			t.Parallel()
			ctx, cancel := context.WithCancel(context.Background())
			after := 0
			stop := func(want string) func() {
				return func() {
					if model == want {
						cancel()
					}
				}
			}
			var hooks core.StoreHooks
			hooks.User.BeforeCreate = func(context.Context, *core.User) error { stop(core.ModelUser)(); return nil }
			hooks.Account.BeforeCreate = func(context.Context, *core.Account) error { stop(core.ModelAccount)(); return nil }
			hooks.Session.BeforeCreate = func(context.Context, *core.Session) error { stop(core.ModelSession)(); return nil }
			hooks.User.AfterCreate = func(context.Context, *core.User) error { after++; return nil }
			e := open(t, func(_ *authtest.Env, o *core.Options) { o.Store = hooks })
			var res core.Response
			e.Auth.Serve(ctx, &core.Request{Method: "POST", Path: "/api/auth/sign-up/email", Header: core.Fields{header("Content-Type", "application/json")},
				Body: []byte(`{"name":"A","email":"` + ada + `","password":"` + passphrase + `"}`)}, &res)
			if res.Status != 500 {
				t.Errorf("answered %d %s", res.Status, res.Body)
			}
			for _, m := range []string{core.ModelUser, core.ModelAccount, core.ModelSession} {
				if n := len(rows(t, e, m)); n != 0 {
					t.Errorf("%d rows of %s are left", n, m)
				}
			}
			if after != 0 {
				t.Error("an after-hook ran for a row that was rolled back")
			}
			hooks = core.StoreHooks{}
			e.Auth.Serve(context.Background(), &core.Request{Method: "GET", Path: "/api/auth/ok", Header: core.Fields{}}, &res)
			if res.Status != 200 {
				t.Errorf("afterwards: %d", res.Status)
			}
		})
	}
	t.Run("DOS-11 a cancelled client still gets no session", func(t *testing.T) {
		t.Parallel()
		e := open(t, nil)
		c := join(t, e, ada)
		ctx, cancel := context.WithCancel(context.Background())
		cancel()
		var res core.Response
		e.Auth.Serve(ctx, &core.Request{Method: "GET", Path: "/api/auth/get-session", Header: core.Fields{header("Cookie", c.CookieHeader())}}, &res)
		if res.Status < 500 && string(res.Body) != "null" {
			t.Errorf("answered %d %s", res.Status, res.Body)
		}
		wantSignedIn(t, c, true)
	})
	t.Run("DOS-11 an error in a transaction of the application rolls back", func(t *testing.T) {
		t.Parallel()
		e := open(t, nil)
		store := e.Auth.Store()
		stop := errors.New("stop")
		err := store.Tx(t.Context(), func(ctx context.Context) error {
			if _, err := store.CreateUser(ctx, core.User{Name: "A", Email: ada}); err != nil {
				return err
			}
			return stop
		})
		if !errors.Is(err, stop) || len(rows(t, e, core.ModelUser)) != 0 {
			t.Errorf("%v, %d users", err, len(rows(t, e, core.ModelUser)))
		}
	})
}

func TestSerialIDsAndDatabaseLimits(t *testing.T) {
	t.Parallel()
	e := open(t, func(_ *authtest.Env, o *core.Options) {
		o.IDs.Kind = schema.IDSerial
		o.RateLimit = core.RateLimitOptions{Storage: "database", Default: ratelimit.Rule{Window: time.Second, Max: 2}}
	})
	c := e.Client()
	c.Get("/ok").Want(t, 200, "")
	c.Get("/ok").Want(t, 200, "")
	c.Get("/ok").Want(t, 429, "TOO_MANY_REQUESTS")
	if id, _ := row(t, e, core.ModelRateLimit, adapter.Cond{Field: "count", Value: int64(2)})["id"].(string); id == "" || len(id) > 5 {
		t.Errorf("the id is %q, not one that the database made", id)
	}
}
