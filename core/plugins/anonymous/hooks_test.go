package anonymous_test

import (
	"context"
	"errors"
	"testing"

	"github.com/advantch/kernia-go/core"
	"github.com/advantch/kernia-go/core/authtest"
	"github.com/advantch/kernia-go/core/plugins/anonymous"
)

// A hook that gives a row up, or fails, is answered as by Better Auth 1.6.
func TestHooksThatRefuse(t *testing.T) {
	t.Parallel()
	down := errors.New("the application is down")
	for code, tt := range map[string]struct {
		hook   func(h *core.StoreHooks)
		path   string
		status int
	}{
		"FAILED_TO_CREATE_USER": {func(h *core.StoreHooks) {
			h.User.BeforeCreate = func(context.Context, *core.User) error { return core.ErrAbort }
		}, "/sign-in/anonymous", 500},
		"COULD_NOT_CREATE_SESSION": {func(h *core.StoreHooks) {
			h.Session.BeforeCreate = func(context.Context, *core.Session) error { return core.ErrAbort }
		}, "/sign-in/anonymous", 400},
		"FAILED_TO_DELETE_ANONYMOUS_USER_SESSIONS": {func(h *core.StoreHooks) {
			h.Session.BeforeDelete = func(context.Context, *core.Session) error { return down }
		}, "/delete-anonymous-user", 500},
		"FAILED_TO_DELETE_ANONYMOUS_USER": {func(h *core.StoreHooks) {
			h.User.BeforeDelete = func(context.Context, *core.User) error { return down }
		}, "/delete-anonymous-user", 500},
	} {
		t.Run(code, func(t *testing.T) {
			t.Parallel()
			w := open(t, anonymous.Options{}, func(_ *authtest.Env, all *core.Options) { tt.hook(&all.Store) })
			c := w.Client()
			if tt.path != "/sign-in/anonymous" {
				c, _ = w.visit(t)
			}
			before := w.users(t)
			c.Post(tt.path, body{}).Want(t, tt.status, code)
			if n := w.users(t); n != before {
				t.Errorf("%d users, before it were %d", n, before)
			}
		})
	}
}
