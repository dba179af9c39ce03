package phonenumber_test

import (
	"strings"
	"testing"

	"github.com/advantch/kernia-go/core"
	"github.com/advantch/kernia-go/core/plugins/emailpassword"
	"github.com/advantch/kernia-go/core/plugins/phonenumber"
)

func TestE164(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		"+15550100100": "+15550100100", "+1 (555) 010-0100": "+15550100100", "+1.555.010.0100": "+15550100100", "+39 06 1234567": "+39061234567",
		"+2901234": "+2901234", "+123456789012345": "+123456789012345",
		"": "", "+": "", "15550100100": "", "+1 555": "", "+290123": "", "+1234567890123456": "", "0015550100100": "", "01115550100100": "",
		"+0155501001": "", "+44 (0) 20 7946 0000": "", "+44(0)2079460000": "", "++15550100100": "", "+1555+0100100": "", " +15550100100": "",
		"+١٥٥٥٠١٠٠١٠٠": "", "+1555010010０": "", "＋15550100100": "", "+1\u00a0555\u00a00100100": "", "+1\t5550100100": "", "+15550100100\n": "",
		"+15550100100\x00": "", "+1555-HORSE-1": "", "+15550100100;ext=1": "", "tel:+15550100100": "", "+1" + strings.Repeat(" ", 40) + "5550100100": "",
	} {
		if got, ok := phonenumber.E164(in); got != want || ok != (want != "") {
			t.Errorf("E164(%q) = %q, %v", in, got, ok)
		}
	}
}

func FuzzE164(f *testing.F) {
	for _, seed := range []string{number, "+1 (555) 010-0100", "+١٥", "0015550100100", "+44 (0) 20"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, in string) {
		got, ok := phonenumber.E164(in)
		if !ok {
			return
		}
		if again, ok := phonenumber.E164(got); !ok || again != got || len(got) < 8 || len(got) > 16 || strings.Trim(got[1:], "0123456789") != "" {
			t.Errorf("E164(%q) = %q, and of that %q, %v", in, got, again, ok)
		}
	})
}

func TestOTP14(t *testing.T) {
	t.Parallel()
	routes := map[string]body{
		"/sign-in/phone-number": {"password": password}, "/phone-number/send-otp": {}, "/phone-number/verify": {"code": "123456"},
		"/phone-number/request-password-reset": {}, "/phone-number/reset-password": {"otp": "123456", "newPassword": newPassword},
	}
	t.Run("OTP-14 what is no number is refused by every route, and nothing is stored", func(t *testing.T) {
		t.Parallel()
		w := open(t, nil)
		for path, content := range routes {
			for _, bad := range []string{"", "+1 555", "0015550100100", "+١٥٥٥٠١٠٠١٠٠", "+1555010010０", "+" + strings.Repeat("1", 1_000_000), number + "-request-password-reset"} {
				content["phoneNumber"] = bad
				w.Client().Post(path, content).Want(t, 400, "INVALID_PHONE_NUMBER")
			}
			content["phoneNumber"] = 15550100100
			w.Client().Post(path, content).Want(t, 400, "VALIDATION_ERROR")
		}
		w.wantRows(t, core.ModelVerification, 0)
	})
	t.Run("OTP-14 OTP-07 spellings of one number are one number", func(t *testing.T) {
		t.Parallel()
		w := open(t, nil)
		code := w.code(t, "+1 (555) 010-0100")
		if w.sent[0].PhoneNumber != number {
			t.Errorf("sent to %q", w.sent[0].PhoneNumber)
		}
		a := w.Client().Post("/phone-number/verify", body{"phoneNumber": "+1 555.010.0100", "code": code}).Want(t, 200, "")
		if got := a.JSON("user", "phoneNumber"); got != number {
			t.Errorf("stored as %s", got)
		}
		w.arrive(t, "+1-555-0100100")
		w.wantRows(t, core.ModelUser, 1)
	})
	t.Run("OTP-14 the application's numbers are normalised too", func(t *testing.T) {
		t.Parallel()
		w := open(t, nil)
		u := w.addUser(t, ada, "+1 555 010 0100", true)
		if got, _ := phonenumber.PhoneNumber.Of(u.Extra); got != number {
			t.Errorf("stored as %q", got)
		}
		set := map[string]any{"phoneNumber": "+1 555 010 0200"}
		if u, err := w.Auth.Store().UpdateUser(t.Context(), u.ID, set); err != nil {
			t.Error(err)
		} else if got, _ := phonenumber.PhoneNumber.Of(u.Extra); got != other {
			t.Errorf("stored as %q", got)
		}
		if _, err := w.Auth.Store().UpdateUser(t.Context(), u.ID, map[string]any{"phoneNumber": "555"}); !core.HasCode(err, phonenumber.CodeInvalidPhoneNumber) {
			t.Error(err)
		}
	})
	t.Run("OTP-14 OTP-06 an own Normalize cannot give what another identifier is", func(t *testing.T) {
		t.Parallel()
		w := open(t, func(_ *world, _ *core.Options, f *phonenumber.Options, _ *emailpassword.Options) {
			f.Normalize = func(s string) (string, bool) { return s, true }
		})
		w.arrive(t, "911 (2)")
		for _, bad := range []string{"", "911-request-password-reset", "reset-password:x", "sign-in-otp-a@b.c", strings.Repeat("1", 33)} {
			w.Client().Post("/phone-number/send-otp", body{"phoneNumber": bad}).Want(t, 400, "INVALID_PHONE_NUMBER")
		}
	})
}
