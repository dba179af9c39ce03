package core_test

import (
	"context"
	"fmt"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/advantch/kernia-go/core"
	"github.com/advantch/kernia-go/core/authtest"
	"github.com/advantch/kernia-go/core/plugins/emailpassword"
)

// hasher counts hashes and can hold them up.
type hasher struct {
	count atomic.Int32
	hold  atomic.Pointer[func(password string)]
}

func (h *hasher) work(password string) {
	h.count.Add(1)
	if f := h.hold.Load(); f != nil {
		(*f)(password)
	}
}

func (h *hasher) use(_ *authtest.Env, p *emailpassword.Options) {
	p.Hash = func(_ context.Context, pw string) (string, error) { h.work(pw); return "h:" + pw, nil }
	p.Verify = func(_ context.Context, hash, pw string) (bool, error) { h.work(pw); return hash == "h:"+pw, nil }
}

// hashingRoutes has a request for every route that hashes, with a wrong password
// where one is checked. A new route without an entry fails the test.
var hashingRoutes = map[string]func(t testing.TB, e *authtest.Env) object{
	"/sign-up/email": func(testing.TB, *authtest.Env) object {
		return object{"name": "x", "email": "new@example.com", "password": passphrase}
	},
	"/sign-in/email": func(testing.TB, *authtest.Env) object { return object{"email": ada, "password": "wrong password"} },
	"/change-password": func(testing.TB, *authtest.Env) object {
		return object{"currentPassword": "wrong password", "newPassword": passphrase}
	},
	"/verify-password": func(testing.TB, *authtest.Env) object { return object{"password": "wrong password"} },
	"/delete-user":     func(testing.TB, *authtest.Env) object { return object{"password": "wrong password"} },
	"/reset-password": func(t testing.TB, e *authtest.Env) object {
		e.Client().Post("/request-password-reset", object{"email": ada}).Want(t, 200, "")
		return object{"token": e.LastMail().Token, "newPassword": passphrase}
	},
	"/two-factor/enable":       func(testing.TB, *authtest.Env) object { return object{"password": "wrong password"} },
	"/two-factor/disable":      func(testing.TB, *authtest.Env) object { return object{"password": "wrong password"} },
	"/two-factor/get-totp-uri": func(testing.TB, *authtest.Env) object { return object{"password": "wrong password"} },
	"/sign-in/username": func(testing.TB, *authtest.Env) object {
		return object{"username": "someone", "password": "wrong password"}
	},
	"/sign-in/phone-number": func(testing.TB, *authtest.Env) object {
		return object{"phoneNumber": adasNumber, "password": "wrong password"}
	},
	// The right code: only with it a password is hashed.
	"/email-otp/reset-password": func(t testing.TB, e *authtest.Env) object {
		e.Client().Post("/email-otp/request-password-reset", object{"email": ada}).Want(t, 200, "")
		return object{"email": ada, "otp": e.LastMail().Token, "password": passphrase}
	},
	"/phone-number/reset-password": func(t testing.TB, e *authtest.Env) object {
		u, err := e.Auth.Store().FindUserByEmail(t.Context(), ada)
		if err == nil {
			_, err = e.Auth.Store().UpdateUser(t.Context(), u.ID, map[string]any{"phoneNumber": adasNumber, "phoneNumberVerified": true})
		}
		if err != nil {
			t.Fatal(err)
		}
		e.Client().Post("/phone-number/request-password-reset", object{"phoneNumber": adasNumber}).Want(t, 200, "")
		return object{"phoneNumber": adasNumber, "otp": e.LastMail().Token, "newPassword": passphrase}
	},
	"/admin/create-user": func(t testing.TB, e *authtest.Env) object {
		return object{"email": "new@example.com", "name": "New", "password": passphrase}
	},
	"/admin/set-user-password": func(t testing.TB, e *authtest.Env) object {
		u, err := e.Auth.Store().FindUserByEmail(t.Context(), ada)
		if err == nil {
			_, err = e.Auth.Store().UpdateUser(t.Context(), u.ID, map[string]any{"role": "admin"})
		}
		if err != nil {
			t.Fatal(err)
		}
		return object{"userId": u.ID, "newPassword": passphrase}
	},
	"/two-factor/generate-backup-codes": func(testing.TB, *authtest.Env) object { return object{"password": "wrong password"} },
}

func openHashing(t *testing.T, h *hasher, change func(*core.Options)) *authtest.Env {
	return openWith(t, h.use, func(e *authtest.Env, o *core.Options) {
		o.User.DeleteUser.Enabled = true
		o.Plugins = append(o.Plugins, everyPlugin(t, e)...)
		if change != nil {
			change(o)
		}
	})
}

func TestHashingRoutesAreLimited(t *testing.T) {
	t.Parallel()
	limits := func(o *core.Options) { o.RateLimit = core.RateLimitOptions{} }
	for _, spec := range openHashing(t, &hasher{}, nil).Auth.Operations() {
		if spec.Hashes == nil || spec.Path == "" {
			continue
		}
		request := hashingRoutes[spec.Path]
		if request == nil {
			t.Errorf("hashingRoutes has no entry for %s", spec.Path)
			continue
		}
		t.Run("DOS-04 by address "+spec.Path, func(t *testing.T) {
			t.Parallel()
			e := openHashing(t, &hasher{}, limits)
			c := e.Client()
			admitted, pause := 0, 0
			for ; admitted <= 10; admitted++ {
				a := c.Post(spec.Path, "{}")
				if a.Status == 429 {
					a.Want(t, 429, "TOO_MANY_REQUESTS")
					pause, _ = strconv.Atoi(a.Header.Get("Retry-After"))
					break
				}
			}
			// A plugin's own rule may have another window, but is no weaker.
			if admitted < 3 || pause == 0 || admitted*10 > 3*pause {
				t.Errorf("%d requests are admitted, with a pause of %d seconds", admitted, pause)
			}
		})
		t.Run("DOS-04 by account "+spec.Path, func(t *testing.T) {
			t.Parallel()
			var h hasher
			e := openHashing(t, &h, limits)
			c := join(t, e, ada)
			body := request(t, e)
			h.count.Store(0)
			limited := 0
			for i := range 60 {
				c.IP = fmt.Sprintf("198.51.100.%d", i) // a new address each time
				if a := c.Post(spec.Path, body); a.Status == 429 {
					limited++
					if a.Header.Get("Retry-After") != "10" {
						t.Fatalf("Retry-After %s", a.Header.Get("Retry-After"))
					}
				}
			}
			if limited < 30 || h.count.Load() > 30 {
				t.Errorf("%d of 60 requests were limited, %d hashes were made", limited, h.count.Load())
			}
			// Others go on.
			join(t, e, bob)
		})
	}
	t.Run("switched off", func(t *testing.T) {
		t.Parallel()
		e := openHashing(t, &hasher{}, func(o *core.Options) {
			o.RateLimit = core.RateLimitOptions{}
			o.RateLimit.Account.Max = -1
		})
		for i := range 60 {
			c := e.Client()
			c.IP = fmt.Sprintf("198.51.100.%d", i)
			c.Post("/sign-in/email", object{"email": ada, "password": passphrase}).Want(t, 401, "INVALID_CREDENTIALS")
		}
	})
}

func TestHashingIsDeclared(t *testing.T) {
	t.Parallel()
	hash := func(c *core.Ctx, _ *core.NoInput) (core.StatusReply, error) {
		_, err := c.Auth().HashPassword(c, passphrase)
		return core.StatusReply{Status: true}, err
	}
	verify := func(c *core.Ctx, _ *core.NoInput) (core.StatusReply, error) {
		_, err := c.Auth().VerifyPassword(c, nil, passphrase)
		return core.StatusReply{Status: true}, err
	}
	server := core.Server("hashInGo", hash)
	e := open(t, nil, &fakePlugin{id: "probe", m: core.Manifest{Operations: []core.Operation{
		core.Post("hashSilently", "/hash", hash), core.Post("verifySilently", "/verify", verify),
		core.Post("hashOpenly", "/hash-openly", hash, core.Hashes(core.ByUser)), server,
	}}})
	for _, path := range []string{"/hash", "/verify"} {
		e.Client().Post(path, "{}").Want(t, 500, "INTERNAL_SERVER_ERROR")
	}
	if n := strings.Count(e.Log.String(), "declare it with core.Hashes"); n != 2 {
		t.Errorf("logged %d times:\n%s", n, e.Log.String())
	}
	e.Client().Post("/hash-openly", "{}").Want(t, 200, "")
	if _, err := server.Call(t.Context(), nil); err != nil {
		t.Error(err)
	}
}

func TestParallelResetsHashOnce(t *testing.T) {
	t.Parallel()
	var h hasher
	e := openHashing(t, &h, nil)
	join(t, e, ada)
	body := hashingRoutes["/reset-password"](t, e)
	h.count.Store(0)
	slow := func(string) {
		for range 10_000 {
			runtime.Gosched() // the others get as far as they can
		}
	}
	h.hold.Store(&slow)
	var won atomic.Int32
	var all sync.WaitGroup
	for range 20 {
		all.Go(func() {
			switch a := e.Client().Post("/reset-password", body); {
			case a.Status == 200:
				won.Add(1)
			case a.Code() != "INVALID_TOKEN":
				t.Errorf("%d %s", a.Status, a.Body)
			}
		})
	}
	all.Wait()
	if won.Load() != 1 || h.count.Load() != 1 {
		t.Errorf("DOS-04 %d resets, %d hashes", won.Load(), h.count.Load())
	}
}

// A client that keeps the queue full must neither delay the next person's sign-in nor
// get it refused.
func TestHashingQueueIsShared(t *testing.T) {
	t.Parallel()
	var h hasher
	e := openHashing(t, &h, func(o *core.Options) {
		o.Password.Parallel, o.Password.Queue, o.Password.MaxWait = 1, 4, -1
	})
	thief, owner := join(t, e, bob), join(t, e, ada)
	started, proceed := make(chan string, 100), make(chan struct{})
	hold := func(password string) { started <- password; <-proceed }
	h.hold.Store(&hold)

	refused := make(chan struct{}, 100)
	var all sync.WaitGroup
	guess := func() {
		all.Go(func() {
			if a := thief.Post("/verify-password", object{"password": "guess"}); a.Status == 503 {
				refused <- struct{}{}
			}
		})
	}
	for range 6 { // one runs, four wait, one finds the queue full
		guess()
	}
	<-started
	<-refused
	all.Go(func() {
		owner.IP = "198.51.100.1"
		owner.Post("/sign-in/email", object{"email": ada, "password": passphrase}).Want(t, 200, "")
	})
	<-refused // one of the thief's made room
	proceed <- struct{}{}
	// The next one is the thief's, who came first, and then the owner's.
	if first := <-started; first != "guess" {
		t.Errorf("first %q", first)
	}
	proceed <- struct{}{}
	next := <-started
	close(proceed)
	if next != passphrase {
		t.Errorf("DOS-04 the owner waits behind %q", next)
	}
	all.Wait()
}
