package twofactor_test

import (
	"context"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/advantch/kernia-go/core"
	"github.com/advantch/kernia-go/core/authtest"
	"github.com/advantch/kernia-go/core/plugins/emailpassword"
	"github.com/advantch/kernia-go/core/plugins/twofactor"
	"github.com/advantch/kernia-go/core/storage"
)

func TestOptionsThatMakeNoSense(t *testing.T) {
	t.Parallel()
	text := func(_ context.Context, s string) (string, error) { return s, nil }
	for part, o := range map[string]twofactor.Options{
		"TOTP.Digits":             {TOTP: twofactor.TOTPOptions{Digits: 9}},
		"TOTP.Period":             {TOTP: twofactor.TOTPOptions{Period: 1500 * time.Millisecond}},
		"OTP.Digits":              {OTP: twofactor.OTPOptions{Digits: 2}},
		"BackupCodes makes":       {BackupCodes: twofactor.BackupCodeOptions{Length: 4}},
		"must be positive":        {OTP: twofactor.OTPOptions{AllowedAttempts: -1}},
		"at least a second":       {ChallengeTTL: time.Millisecond},
		"or neither":              {OTP: twofactor.OTPOptions{Encrypt: text}},
		"not both":                {OTP: twofactor.OTPOptions{Hash: text, Encrypt: text, Decrypt: text}},
		"could not be shown":      {BackupCodes: twofactor.BackupCodeOptions{Store: twofactor.Hashed}},
		`renames "shoe"`:          {Columns: map[string]string{"shoe": "boot"}},
		`OTP.Store "carrier bag"`: {OTP: twofactor.OTPOptions{Store: "carrier bag"}},
	} {
		_, err := core.New(authtest.NewEnv(t).Options(twofactor.New(o)))
		if err == nil || !strings.Contains(err.Error(), part) {
			t.Errorf("%s: %v", part, err)
		}
	}
}

func TestStorage(t *testing.T) {
	t.Parallel()
	reversed := func(_ context.Context, s string) (string, error) {
		b := []byte(s)
		for i, j := 0, len(b)-1; i < j; i, j = i+1, j-1 {
			b[i], b[j] = b[j], b[i]
		}
		return string(b), nil
	}
	for name, tt := range map[string]struct {
		change settings
		otp    func(stored, code string) bool
	}{
		"default":     {nil, func(s, _ string) bool { return strings.HasPrefix(s, "$ka$") }},
		"Better Auth": {func(_ *world, o *core.Options, _ *twofactor.Options) { o.Compat = core.CompatBetterAuth }, func(s, c string) bool { return s == c+":0" }},
		"plain": {func(_ *world, _ *core.Options, f *twofactor.Options) {
			f.OTP.Store, f.BackupCodes.Store = twofactor.Plain, twofactor.Plain
		}, func(s, c string) bool { return s == c+":0" }},
		"hashed":   {func(_ *world, _ *core.Options, f *twofactor.Options) { f.OTP.Store = twofactor.Hashed }, func(s, _ string) bool { return len(s) == 45 }},
		"own hash": {func(_ *world, _ *core.Options, f *twofactor.Options) { f.OTP.Hash = reversed }, func(s, c string) bool { r, _ := reversed(context.Background(), c); return s == r+":0" }},
		"own cipher": {func(_ *world, _ *core.Options, f *twofactor.Options) {
			f.OTP.Encrypt, f.OTP.Decrypt = reversed, reversed
			f.BackupCodes.Encrypt, f.BackupCodes.Decrypt = reversed, reversed
		}, func(s, c string) bool { r, _ := reversed(context.Background(), c); return s == r+":0" }},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := open(t, tt.change)
			m := w.enroll(t, ada)
			c := w.challenged(t, ada)
			c.Post("/two-factor/send-otp", body{}).Want(t, 200, "")
			found := false
			for _, v := range w.rows(t, core.ModelVerification) {
				found = found || tt.otp(v["value"].(string), w.code(t))
			}
			if !found {
				t.Errorf("%s is kept in %v", w.code(t), w.rows(t, core.ModelVerification))
			}
			c.Post("/two-factor/verify-otp", body{"code": "nonsense"}).Want(t, 401, "INVALID_CODE")
			c.Post("/two-factor/verify-otp", body{"code": w.code(t)}).Want(t, 200, "")
			c = w.challenged(t, ada)
			c.Post("/two-factor/verify-backup-code", body{"code": m.codes[0]}).Want(t, 200, "")
			reply, err := w.plugin.ViewBackupCodes.Call(t.Context(), &twofactor.ViewBackupCodesInput{UserID: m.id})
			if err != nil || strings.Join(reply.BackupCodes, ",") != strings.Join(m.codes[1:], ",") {
				t.Errorf("%v, %v", reply, err)
			}
		})
	}
}

// In a key-value store no value can be found by its user, and ended values must not
// work even so.
func TestSecondaryStorage(t *testing.T) {
	t.Parallel()
	stored := func(w *world, o *core.Options, _ *twofactor.Options) {
		o.SecondaryStorage = storage.NewMemory(w.Clock.Now)
	}
	w := open(t, stored)
	m := w.enroll(t, ada)
	trust := func() *authtest.Client {
		c := w.challenged(t, ada)
		c.Post("/two-factor/verify-totp", body{"code": m.wrong(t)}).Want(t, 401, "INVALID_CODE")
		c.Post("/two-factor/verify-totp", body{"code": m.totp(t), "trustDevice": true}).Want(t, 200, "")
		wantAlive(t, c, true)
		w.Clock.Add(time.Minute)
		return c
	}
	c := trust()
	c.Post("/sign-in/email", body{"email": ada, "password": password}).Want(t, 200, "")
	wantAlive(t, c, true)
	old := c.Copy()
	m.Post("/two-factor/disable", body{"password": password}).Want(t, 200, "")
	w.Clock.Add(time.Minute)
	m.setUp(t)
	wantChallenge(t, old.Post("/sign-in/email", body{"email": ada, "password": password}))

	c = trust()
	late := w.challenged(t, ada)
	w.Client().Post("/request-password-reset", body{"email": ada}).Want(t, 200, "")
	w.Clock.Add(time.Second)
	w.Client().Post("/reset-password", body{"token": w.LastMail().Token, "newPassword": newPassword}).Want(t, 200, "")
	wantChallenge(t, c.Post("/sign-in/email", body{"email": ada, "password": newPassword}))
	late.Post("/two-factor/verify-totp", body{"code": m.totp(t)}).Want(t, 401, "INVALID_TWO_FACTOR_COOKIE")

	c = w.Client()
	c.Post("/sign-in/email", body{"email": ada, "password": newPassword})
	c.Post("/two-factor/send-otp", body{}).Want(t, 200, "")
	c.Post("/two-factor/verify-otp", body{"code": "nonsense"}).Want(t, 401, "INVALID_CODE")
	c.Post("/two-factor/verify-otp", body{"code": w.code(t)}).Want(t, 200, "")
	c.Post("/two-factor/verify-otp", body{"code": w.code(t)}).Want(t, 400, "OTP_HAS_EXPIRED")
}

func TestPasswordless(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		options twofactor.Options
		status  [4]int // enable, get-totp-uri, generate-backup-codes, disable
	}{
		"not allowed":   {twofactor.Options{}, [4]int{400, 400, 400, 400}},
		"allowed":       {twofactor.Options{AllowPasswordless: true}, [4]int{200, 200, 200, 200}},
		"but for codes": {twofactor.Options{AllowPasswordless: true, BackupCodes: twofactor.BackupCodeOptions{AllowPasswordless: new(false)}}, [4]int{200, 200, 400, 200}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := open(t, func(_ *world, _ *core.Options, f *twofactor.Options) {
				*f = tt.options
				f.SkipVerificationOnEnable = true
			})
			u, err := w.Auth.Store().CreateUser(t.Context(), core.User{Name: "Grace", Email: ada})
			if err != nil {
				t.Fatal(err)
			}
			c := w.Client()
			c.Post("/sign-in/telegraph", body{"email": u.Email, "method": "social"}).Want(t, 200, "")
			for i, path := range []string{"enable", "get-totp-uri", "generate-backup-codes", "disable"} {
				if a := c.Post("/two-factor/"+path, body{}); a.Status != tt.status[i] {
					t.Errorf("%s: %d %s", path, a.Status, a.Body)
				}
			}
		})
	}
}

func TestSkipVerification(t *testing.T) {
	t.Parallel()
	w := open(t, func(_ *world, _ *core.Options, f *twofactor.Options) { f.SkipVerificationOnEnable = true })
	m := &member{Client: w.signUp(t, ada), w: w}
	old := m.Copy()
	m.read(t, m.Post("/two-factor/enable", body{"password": password}).Want(t, 200, ""))
	wantAlive(t, m.Client, true)
	wantAlive(t, old, false)
	w.challenged(t, ada).Post("/two-factor/verify-totp", body{"code": m.totp(t)}).Want(t, 200, "")
}

// The user's choice of being remembered in the first step holds after the second, and
// for sessions that replace that one.
func TestForgottenSessions(t *testing.T) {
	t.Parallel()
	for name, path := range map[string]string{"e-mail": "/sign-in/email", "telegraph": "/sign-in/telegraph"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := open(t, nil)
			m := w.enroll(t, ada)
			c := w.Client()
			wantChallenge(t, c.Post(path, body{"email": ada, "password": password, "method": "social", "rememberMe": false}))
			line := c.Post("/two-factor/verify-totp", body{"code": m.totp(t)}).Want(t, 200, "").Header.Get("Set-Cookie")
			if strings.Contains(line, "Max-Age") {
				t.Errorf("the cookie outlives the browser: %s", line)
			}
			day := w.Clock.Now().Add(24 * time.Hour).Format("2006-01-02T15:04:05.000Z")
			if at := c.Get("/get-session").JSON("session", "expiresAt"); at != day {
				t.Errorf("the session ends at %s", at)
			}
			c.Post("/two-factor/disable", body{"password": password}).Want(t, 200, "")
			if at := c.Get("/get-session").JSON("session", "expiresAt"); at != day {
				t.Errorf("its successor ends at %s", at)
			}
		})
	}
}

func TestDisableSession(t *testing.T) {
	t.Parallel()
	w := open(t, nil)
	m := w.enroll(t, ada)
	c := w.challenged(t, ada)
	a := c.Post("/two-factor/verify-backup-code", body{"code": m.codes[0], "disableSession": true}).Want(t, 200, "")
	if a.JSON("token") != "" || a.JSON("user", "email") != ada {
		t.Errorf("answered %s", a.Body)
	}
	wantAlive(t, c, false)
	c.Post("/two-factor/verify-backup-code", body{"code": m.codes[0]}).Want(t, 401, "INVALID_BACKUP_CODE")
	c.Post("/two-factor/verify-backup-code", body{"code": m.codes[1]}).Want(t, 200, "")
	wantAlive(t, c, true)
}

// bouncer is a plugin whose gate comes after the second factor's.
type bouncer struct{ refuse, hold bool }

func (*bouncer) ID() string { return "bouncer" }

func (b *bouncer) Manifest(core.Env) (core.Manifest, error) {
	return core.Manifest{SignInGate: func(ctx context.Context, s *core.SignIn) error {
		switch {
		case s.Method != twofactor.ID:
			return nil
		case b.refuse:
			return core.Fail(http.StatusForbidden, core.ErrorCode{Code: "REFUSED", Message: "Refused"})
		case b.hold:
			return s.Hold(ctx, core.StatusReply{})
		}
		return nil
	}}, nil
}

func TestOtherGates(t *testing.T) {
	t.Parallel()
	b := &bouncer{}
	w := open(t, func(_ *world, o *core.Options, _ *twofactor.Options) { o.Plugins = append(o.Plugins, b) })
	m := w.enroll(t, ada)
	c := w.challenged(t, ada)
	b.refuse = true
	c.Post("/two-factor/verify-totp", body{"code": m.totp(t)}).Want(t, 403, "REFUSED")
	wantAlive(t, c, false)
	b.refuse, b.hold = false, true
	// A refused sign-in is undone, the code included.
	if a := c.Post("/two-factor/verify-totp", body{"code": m.totp(t)}).Want(t, 200, ""); a.Body != `{"status":false}` {
		t.Errorf("answered %s", a.Body)
	}
	wantAlive(t, c, false)
	b.hold = false
	c.Post("/two-factor/verify-backup-code", body{"code": m.codes[0]}).Want(t, 401, "INVALID_TWO_FACTOR_COOKIE")
}

func TestHookThatGivesUpTheSession(t *testing.T) {
	t.Parallel()
	abort := false
	w := open(t, func(_ *world, o *core.Options, _ *twofactor.Options) {
		o.Store.Session.BeforeCreate = func(context.Context, *core.Session) error {
			if abort {
				return core.ErrAbort
			}
			return nil
		}
	})
	m := w.enroll(t, ada)
	c := w.challenged(t, ada)
	abort = true
	c.Post("/two-factor/verify-totp", body{"code": m.totp(t)}).Want(t, 500, "FAILED_TO_CREATE_SESSION")
	m.Post("/two-factor/disable", body{"password": password}).Want(t, 500, "FAILED_TO_CREATE_SESSION")
	abort = false
	c.Post("/two-factor/verify-totp", body{"code": m.totp(t)}).Want(t, 200, "")
	w.challenged(t, ada)
}

// The password is confirmed once more in the transaction of the challenge.
func TestPasswordChangedDuringTheFirstStep(t *testing.T) {
	t.Parallel()
	w := &world{Env: authtest.NewEnv(t)}
	o := w.Options()
	var during func()
	o.Plugins = []core.Plugin{
		emailpassword.New(emailpassword.Options{
			Hash: func(_ context.Context, pw string) (string, error) { return "plain:" + pw, nil },
			Verify: func(_ context.Context, hash, pw string) (bool, error) {
				if during != nil {
					run := during
					during = nil
					run()
				}
				return hash == "plain:"+pw, nil
			},
		}),
		twofactor.New(twofactor.Options{SkipVerificationOnEnable: true}),
	}
	w.Open(o)
	c := w.signUp(t, ada)
	c.Post("/two-factor/enable", body{"password": password}).Want(t, 200, "")
	id := c.Get("/get-session").JSON("user", "id")
	during = func() {
		if err := w.Auth.Store().SetPassword(context.Background(), id, "plain:"+newPassword); err != nil {
			t.Error(err)
		}
	}
	thief, a := w.signIn(ada)
	a.Want(t, 401, "INVALID_CREDENTIALS")
	if thief.Cookie(challengeCookie) != "" {
		t.Error("the browser has a challenge for a password that is no more")
	}
	for _, row := range w.rows(t, core.ModelVerification) {
		if !strings.HasPrefix(row["identifier"].(string), "session-replaced-") {
			t.Errorf("there is a challenge for a password that is no more: %v", row["identifier"])
		}
	}
}
