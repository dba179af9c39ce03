package core_test

import (
	"context"
	"testing"
	"time"

	"github.com/advantch/kernia-go/core"
	"github.com/advantch/kernia-go/core/authtest"
	"github.com/advantch/kernia-go/core/plugins/emailpassword"
	"github.com/advantch/kernia-go/core/storage"
)

func TestSessionsPerUserAreCapped(t *testing.T) {
	t.Parallel()
	for name, secondary := range map[string]bool{"DOS-08 in the database": false, "DOS-08 in the secondary storage": true} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			e := authtest.New(t, func(e *authtest.Env, o *core.Options) {
				o.Session.MaxPerUser = 3
				if secondary {
					o.SecondaryStorage = storage.NewMemory(e.Clock.Now)
				}
			}, emailpassword.New(emailpassword.Options{}))
			first := e.Client()
			first.Post("/sign-up/email", map[string]any{"name": "Ada", "email": "a@b.co", "password": "password123"}).Want(t, 200, "")
			var newest *authtest.Client
			for range 4 {
				e.Clock.Add(time.Second)
				newest = e.Client()
				newest.Post("/sign-in/email", map[string]any{"email": "a@b.co", "password": "password123"}).Want(t, 200, "")
			}
			if a := first.Get("/get-session"); a.Body != "null" {
				t.Errorf("the oldest session is still there: %s", a.Body)
			}
			data, err := e.Auth.GetSession(context.Background(), core.Fields{{Name: "Cookie", Value: newest.CookieHeader()}}, nil)
			if err != nil || data == nil {
				t.Fatalf("the newest session is gone: %v", err)
			}
			rows, err := e.Auth.Store().ListSessions(context.Background(), data.User.ID)
			if err != nil || len(rows) != 3 {
				t.Errorf("%d sessions, %v; want 3", len(rows), err)
			}
		})
	}
}

func TestCallsFromGoNameTheirHost(t *testing.T) {
	t.Parallel()
	e := authtest.New(t, func(_ *authtest.Env, o *core.Options) {
		o.BaseURL = ""
		o.DynamicBaseURL = &core.DynamicBaseURL{AllowedHosts: []string{"a.example.com"}}
	})
	ctx := context.Background()
	if _, err := e.Auth.API().OK.Call(ctx, nil, core.WithHost("a.example.com")); err != nil {
		t.Errorf("an allowed host: %v", err)
	}
	if _, err := e.Auth.API().OK.Call(ctx, nil, core.WithHeader(core.Fields{{Name: "Host", Value: "a.example.com"}})); err != nil {
		t.Errorf("an allowed host in the header: %v", err)
	}
	if _, err := e.Auth.API().OK.Call(ctx, nil, core.WithHost("b.example.com")); err == nil {
		t.Error("RED-08 a host that is not allowed was accepted")
	}
}
