package sqltest

import (
	"encoding/json"
	"errors"
	"net/http"
	"sync"
	"testing"
	"time"

	"github.com/advantch/kernia-go/core"
	"github.com/advantch/kernia-go/core/authtest"
	"github.com/advantch/kernia-go/core/plugins/emailpassword"
)

// outages has the network between the driver and its server hang, and break. Every call
// is answered in time with 5xx, nobody is taken for signed out, and all is well when the
// network is.
func outages(t *testing.T, d Database) {
	if d.Proxied == nil {
		return // it has no server
	}
	db, proxy := d.Proxied(t)
	const timeout = 500 * time.Millisecond
	e := authtest.New(t, func(_ *authtest.Env, o *core.Options) {
		o.Database = db
		o.Timeout = timeout
	}, emailpassword.New(emailpassword.Options{}))
	c := e.Client()
	type body = map[string]string
	// Setting up may take longer than the timeout on a slow machine.
	for try := 0; ; try++ {
		a := c.Post("/sign-up/email", body{"name": "Ada", "email": "ada@example.com", "password": "correct horse"})
		if a.Status == http.StatusOK || a.Status == http.StatusConflict && c.Post("/sign-in/email", body{"email": "ada@example.com", "password": "correct horse"}).Status == http.StatusOK {
			break
		}
		if try == 20 {
			t.Fatalf("sign-up: %d %s", a.Status, a.Body)
		}
	}
	signedIn := func() bool {
		var answer struct{ User struct{ Email string } }
		_ = json.Unmarshal([]byte(c.Get("/get-session").Body), &answer)
		return answer.User.Email == "ada@example.com"
	}
	for name, fault := range map[string]func(){"hangs": proxy.Hang, "is cut": proxy.Cut} {
		fault()
		began := time.Now()
		var calls sync.WaitGroup
		for range 8 { // more than the pool has connections
			calls.Go(func() {
				for _, path := range []string{"/get-session", "/list-sessions"} {
					if a := c.Copy().Get(path); a.Status < 500 {
						t.Errorf("the network %s: %s answers %d %s", name, path, a.Status, a.Body)
					}
				}
				ctx := e.Auth.Attach(t.Context(), core.Request{Header: core.Fields{{Name: "Cookie", Value: c.CookieHeader()}}}, nil)
				var refused *core.Error
				if err := core.SessionGuard(ctx); !errors.As(err, &refused) || refused.Status != http.StatusServiceUnavailable {
					t.Errorf("the network %s: a guard answers %v", name, err)
				}
			})
		}
		calls.Wait()
		if took := time.Since(began); took > 20*timeout {
			t.Errorf("the network %s: three calls took %v", name, took)
		}
		proxy.Mend()
		for try := 0; !signedIn(); try++ {
			if try == 20 {
				t.Fatalf("the network %s: not signed in when it was mended", name)
			}
		}
	}
}
