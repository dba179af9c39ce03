package phonenumber_test

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"github.com/advantch/kernia-go/core"
	"github.com/advantch/kernia-go/core/plugins/emailpassword"
	"github.com/advantch/kernia-go/core/plugins/phonenumber"
)

// The error of a provider of messages may quote the number and the code.
func TestErrorsOfSendersTellNoSecret(t *testing.T) {
	t.Parallel()
	var code string
	w := open(t, func(_ *world, _ *core.Options, f *phonenumber.Options, _ *emailpassword.Options) {
		f.SendOTP = func(_ context.Context, m phonenumber.Message) error {
			code = m.Code
			return fmt.Errorf("sms: refused: to=%s text=%s", m.PhoneNumber, m.Code)
		}
	})
	w.Client().Post("/phone-number/send-otp", body{"phoneNumber": number}).Want(t, 200, "")
	log := w.Log.String()
	if !strings.Contains(log, "sms: refused") || strings.Contains(log, number) || strings.Contains(log, code) {
		t.Errorf("OTP-19 the log says %s", log)
	}
}
