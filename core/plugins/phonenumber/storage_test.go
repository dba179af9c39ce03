package phonenumber_test

import (
	"testing"
	"time"

	"github.com/advantch/kernia-go/core"
	"github.com/advantch/kernia-go/core/plugins/emailpassword"
	"github.com/advantch/kernia-go/core/plugins/phonenumber"
	"github.com/advantch/kernia-go/core/storage"
)

// TestSecondaryStorage: codes may be in a key-value store, which has no transactions.
func TestSecondaryStorage(t *testing.T) {
	t.Parallel()
	for name, both := range map[string]bool{"storage": false, "both": true} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := open(t, func(w *world, o *core.Options, _ *phonenumber.Options, _ *emailpassword.Options) {
				o.SecondaryStorage = storage.NewMemory(w.Clock.Now)
				o.Verification.StoreInDatabase = both
			})
			c := w.withPassword(t, number)
			if !alive(t, c) {
				t.Error("not signed in")
			}
			w.signIn(number, password).Want(t, 200, "")
			code := w.code(t, number)
			verify := func(code string) string {
				return w.Client().Post("/phone-number/verify", body{"phoneNumber": number, "code": code}).Code()
			}
			for i, want := range []string{"INVALID_OTP", "INVALID_OTP", "INVALID_OTP", "TOO_MANY_ATTEMPTS", "OTP_NOT_FOUND"} {
				if got := verify(wrong(code)); got != want {
					t.Errorf("attempt %d: %s, want %s", i+1, got, want)
				}
			}
			code = w.code(t, number)
			w.Clock.Add(5 * time.Minute)
			if got := verify(code); got != "OTP_EXPIRED" && got != "OTP_NOT_FOUND" { // a storage removes what has expired
				t.Error(got)
			}
			c.Post("/phone-number/verify", body{"phoneNumber": other, "code": w.code(t, other), "updatePhoneNumber": true}).Want(t, 200, "")
			if got := c.Get("/get-session").JSON("user", "phoneNumber"); got != other {
				t.Errorf("the session has %s", got)
			}
		})
	}
}
