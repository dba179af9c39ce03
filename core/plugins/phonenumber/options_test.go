package phonenumber_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/advantch/kernia-go/core"
	"github.com/advantch/kernia-go/core/authtest"
	"github.com/advantch/kernia-go/core/plugins/emailpassword"
	"github.com/advantch/kernia-go/core/plugins/phonenumber"
	"github.com/advantch/kernia-go/core/ratelimit"
)

func allowNorthAmerica(_ *world, _ *core.Options, f *phonenumber.Options, _ *emailpassword.Options) {
	f.AllowMessage = func(_ context.Context, n string) (bool, error) { return strings.HasPrefix(n, "+1"), nil }
}

func TestOptionsThatMakeNoSense(t *testing.T) {
	t.Parallel()
	for want, o := range map[string]phonenumber.Options{
		"Digits is 3": {OTPLength: 3}, "TTL is 1ms": {TTL: time.Millisecond}, "AllowedAttempts is -1": {AllowedAttempts: -1}, `Store "bag"`: {Store: "bag"},
		`renames "phone"`:     {Columns: map[string]string{"phone": "x"}},
		"set SendOTP":         {SignUp: &phonenumber.SignUp{}},
		"NumberLimit.Window":  {NumberLimit: ratelimit.Rule{Window: time.Microsecond}},
		"NetworkLimit.Window": {NetworkLimit: ratelimit.Rule{Window: time.Microsecond}},
	} {
		_, err := core.New(authtest.NewEnv(t).Options(phonenumber.New(o)))
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v, want %s", err, want)
		}
	}
}

func TestWithoutSenders(t *testing.T) {
	t.Parallel()
	e := authtest.New(t, nil, phonenumber.New(phonenumber.Options{}))
	c := e.Client()
	c.Post("/phone-number/send-otp", body{"phoneNumber": number}).Want(t, 501, "SEND_OTP_NOT_IMPLEMENTED")
	c.Post("/phone-number/request-password-reset", body{"phoneNumber": number}).Want(t, 200, "")
	c.Post("/sign-in/phone-number", body{"phoneNumber": number, "password": password}).Want(t, 401, "INVALID_PHONE_NUMBER_OR_PASSWORD")
}

func TestColumns(t *testing.T) {
	t.Parallel()
	w := open(t, func(_ *world, _ *core.Options, f *phonenumber.Options, _ *emailpassword.Options) {
		f.Columns = map[string]string{"phoneNumber": "phone", "phoneNumberVerified": "phone_ok"}
	})
	w.arrive(t, number)
	table, _ := w.Auth.Schema().Table(core.ModelUser)
	for field, want := range map[string]string{"phoneNumber": "phone", "phoneNumberVerified": "phone_ok"} {
		if column, _ := table.Column(field); column != want {
			t.Errorf("%s is in %s", field, column)
		}
	}
	if p, ok := phonenumber.From(w.Auth); !ok || p != w.plugin {
		t.Error("From")
	}
}
