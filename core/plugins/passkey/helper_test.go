package passkey_test

import (
	"strings"
	"testing"

	"github.com/advantch/kernia-go/core"
	"github.com/advantch/kernia-go/core/authtest"
	"github.com/advantch/kernia-go/core/plugins/emailpassword"
	"github.com/advantch/kernia-go/core/plugins/passkey"
	"github.com/advantch/kernia-go/core/plugins/passkey/passkeytest"
)

type (
	object  = passkeytest.Object
	forgery = passkeytest.Forgery
)

const (
	cookieName = "better-auth.better-auth-passkey"
	adaEmail   = "ada@example.com"
	bobEmail   = "bob@example.com"
)

// start makes a server with the plugin.
func start(t *testing.T, o passkey.Options, change ...func(*authtest.Env, *core.Options)) *authtest.Env {
	t.Helper()
	return authtest.New(t, func(e *authtest.Env, opts *core.Options) {
		for _, f := range change {
			f(e, opts)
		}
	}, emailpassword.New(emailpassword.Options{}), passkey.New(o))
}

// ada signs up and registers a passkey.
func ada(t *testing.T, e *authtest.Env) (*authtest.Client, *passkeytest.Authenticator, string) {
	t.Helper()
	c, key := passkeytest.SignUp(t, e, adaEmail), passkeytest.New(authtest.BaseURL)
	return c, key, passkeytest.Register(c, key, forgery{}).Want(t, 200, "").JSON("id")
}

func userID(c *authtest.Client) string { return c.Get("/get-session").JSON("user", "id") }

func ptr[T any](v T) *T { return &v }

// lastEvent returns the newest event of a type.
func lastEvent(e *authtest.Env, kind core.EventType) *core.Event {
	events := e.Events()
	for i := len(events) - 1; i >= 0; i-- {
		if events[i].Type == kind {
			return &events[i]
		}
	}
	return nil
}

// wantNoLeak fails when an answer or the log shows internal details.
func wantNoLeak(t *testing.T, e *authtest.Env, a *authtest.Answer) {
	t.Helper()
	if strings.Contains(a.Body, "panic") || strings.Contains(e.Log.String(), "panic") {
		t.Errorf("answer %s\nlog %s", a.Body, e.Log)
	}
}
