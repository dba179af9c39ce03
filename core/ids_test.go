package core_test

import (
	"errors"
	"fmt"
	"regexp"
	"strconv"
	"testing"

	"github.com/advantch/kernia-go/core"
	"github.com/advantch/kernia-go/core/authtest"
	"github.com/advantch/kernia-go/core/schema"
)

func TestIDs(t *testing.T) {
	t.Parallel()
	n := 0
	for name, tc := range map[string]struct {
		o    core.IDOptions
		want string
	}{
		"random": {core.IDOptions{}, `^[A-Za-z0-9]{32}$`},
		"UUID":   {core.IDOptions{Kind: schema.IDUUID}, `^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$`},
		"serial": {core.IDOptions{Kind: schema.IDSerial}, `^[1-9][0-9]*$`},
		"own":    {core.IDOptions{New: func(model string) (string, error) { n++; return model + strconv.Itoa(n), nil }}, `^(user|session|account)[0-9]+$`},
	} {
		t.Run(name, func(t *testing.T) {
			e := open(t, func(_ *authtest.Env, o *core.Options) { o.IDs = tc.o })
			c := join(t, e, ada)
			for _, m := range []string{core.ModelUser, core.ModelSession, core.ModelAccount} {
				if id := fmt.Sprint(row(t, e, m)["id"]); !regexp.MustCompile(tc.want).MatchString(id) {
					t.Errorf("%s has the id %q", m, id)
				}
			}
			a := c.Get("/get-session").Want(t, 200, "")
			if a.JSON("user", "id") != a.JSON("session", "userId") || a.JSON("user", "id") != row(t, e, core.ModelUser)["id"] {
				t.Errorf("%s", a.Body)
			}
			wantSignedIn(t, login(t, e, ada), true)
		})
	}
	t.Run("a function that fails", func(t *testing.T) {
		t.Parallel()
		e := open(t, func(_ *authtest.Env, o *core.Options) {
			o.IDs.New = func(string) (string, error) { return "", errors.New("no ids left") }
		})
		e.Client().Post("/sign-up/email", object{"name": "A", "email": ada, "password": passphrase}).Want(t, 500, "INTERNAL_SERVER_ERROR")
	})
}
