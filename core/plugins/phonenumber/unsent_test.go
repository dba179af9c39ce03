package phonenumber_test

import (
	"strings"
	"testing"

	"github.com/advantch/kernia-go/core"
	"github.com/advantch/kernia-go/core/authtest"
	"github.com/advantch/kernia-go/core/plugins/phonenumber"
)

// A reset without a sender answers as ever, and is not silent.
func TestResetWithoutSenderIsLogged(t *testing.T) {
	t.Parallel()
	e := authtest.New(t, nil, core.Plugin(phonenumber.New(phonenumber.Options{})))
	e.Client().Post("/phone-number/request-password-reset", map[string]any{"phoneNumber": "+14155550100"}).Want(t, 200, "")
	if !strings.Contains(e.Log.String(), "set Options.SendPasswordResetOTP") {
		t.Error(e.Log.String())
	}
}
