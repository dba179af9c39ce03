package sso_test

import (
	"context"
	"net/http"
	"slices"
	"sync"
	"testing"

	"github.com/advantch/kernia-go/core"
	"github.com/advantch/kernia-go/core/adapter"
	"github.com/advantch/kernia-go/core/plugins/sso"
	"github.com/advantch/kernia-go/core/suites/idptest"
)

// statements are what was sent to the database, in order.
type statements struct {
	mu   sync.Mutex
	seen []string
}

func (l *statements) observe(o *core.Options) {
	o.Observer = &core.Observer{Statement: func(ctx context.Context, s core.ObservedStatement) (context.Context, func(error)) {
		l.mu.Lock()
		l.seen = append(l.seen, s.Operation+" "+s.Model)
		l.mu.Unlock()
		return ctx, func(error) {}
	}}
}

func (l *statements) during(work func()) []string {
	l.mu.Lock()
	l.seen = nil
	l.mu.Unlock()
	work()
	l.mu.Lock()
	defer l.mu.Unlock()
	return slices.Clone(l.seen)
}

// A sign-in holds the row of its provider from the check until its end, and its user before that.
func TestSignInLocksProvider(t *testing.T) {
	t.Parallel()
	var l statements
	w := open(t, settings{core: l.observe})
	w.register(t, w.signUp(t, "admin@acme.test"), w.newOIDC("acme"))
	for _, visit := range []string{"/welcome", "/dashboard"} {
		c := w.Client()
		back := w.arrive(t, c, "acme", ada)
		seen := l.during(func() { wantRedirect(t, c.Get(back), visit, "") })
		provider, session := slices.Index(seen, "update "+sso.ModelProvider), slices.Index(seen, "create session")
		user := slices.Index(seen, "update user")
		if visit == "/welcome" {
			user = slices.Index(seen, "create user")
		}
		if user < 0 || provider < user || session < provider {
			t.Fatalf("OID-06 %s: the provider is not locked between the user and the session: %q", visit, seen)
		}
	}
}

// A provider that is changed while somebody signs in ends the sign-in, also in its last moment.
func TestChangedWhileSigningIn(t *testing.T) {
	t.Parallel()
	for name, set := range map[string]adapter.Record{"the issuer": {"issuer": "https://evil.example"}, "the domain": {"domain": "evil.test"}, "removed": nil} {
		t.Run("OID-06 "+name, func(t *testing.T) {
			t.Parallel()
			w := open(t, settings{})
			w.register(t, w.signUp(t, "admin@acme.test"), w.newOIDC("acme"))
			c := w.Client()
			back := w.arrive(t, c, "acme", ada)
			var once sync.Once
			w.idp.Info(func(rw http.ResponseWriter, _ *http.Request) { // after the row was read
				once.Do(func() {
					var err error
					if set == nil {
						_, err = w.Auth.DB().DeleteMany(context.Background(), sso.ModelProvider, adapter.By("providerId", "acme"))
					} else {
						_, err = w.Auth.DB().Update(context.Background(), sso.ModelProvider, adapter.By("providerId", "acme"), set)
					}
					if err != nil {
						t.Error(err)
					}
				})
				idptest.Write(rw, 200, body{"sub": "1001", "email": ada.Email, "name": ada.Name})
			})
			q := wantRedirect(t, c.Get(back), "/sorry", "invalid_state")
			if q.Get("error_description") != "sso_provider_changed_during_authentication" {
				t.Fatalf("said %v", q)
			}
		})
	}
}
