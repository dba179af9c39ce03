package core_test

import (
	"context"
	"errors"
	"regexp"
	"testing"

	"github.com/advantch/kernia-go/core"
	"github.com/advantch/kernia-go/core/authtest"
	"github.com/advantch/kernia-go/core/schema"
)

func TestDerivedID(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		o    core.IDOptions
		want string // "" where no id can be derived
	}{
		"random": {core.IDOptions{}, `^[A-Za-z0-9]{32}$`},
		"UUID":   {core.IDOptions{Kind: schema.IDUUID}, `^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$`},
		"serial": {core.IDOptions{Kind: schema.IDSerial}, ""},
		"own":    {core.IDOptions{New: func(string) (string, error) { return "own", nil }}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			of := func(secret, seed string) (string, bool) {
				e := authtest.NewEnv(t)
				o := e.Options()
				o.IDs, o.Secret = tc.o, secret
				return e.Open(o).Auth.DerivedID(seed)
			}
			id, ok := of(authtest.Secret, "a")
			if ok != (tc.want != "") || ok && !regexp.MustCompile(tc.want).MatchString(id) {
				t.Fatalf("%q, %v", id, ok)
			}
			if !ok {
				return
			}
			if again, _ := of(authtest.Secret, "a"); again != id {
				t.Errorf("another process derives %q, not %q", again, id)
			}
			for _, other := range [][2]string{{authtest.Secret, "b"}, {authtest.Secret + "x", "a"}} {
				if got, _ := of(other[0], other[1]); got == id {
					t.Errorf("the same id from %q", other)
				}
			}
		})
	}
}

func TestInTx(t *testing.T) {
	t.Parallel()
	e := authtest.New(t, nil)
	if core.InTx(t.Context()) {
		t.Error("there is no transaction")
	}
	err := e.Auth.Store().Tx(t.Context(), func(ctx context.Context) error {
		if !core.InTx(ctx) || !core.InTx(context.WithoutCancel(ctx)) {
			return errors.New("this is a transaction")
		}
		return core.AfterCommit(ctx, func(ctx context.Context) error {
			if core.InTx(ctx) {
				return errors.New("the transaction has ended")
			}
			return nil
		})
	})
	if err != nil {
		t.Error(err)
	}
}
