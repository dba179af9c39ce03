package flowtest

import (
	"context"
	"encoding/base32"
	"net/url"
	"strings"
	"sync"
	"time"

	"github.com/advantch/kernia-go/core"
	"github.com/advantch/kernia-go/core/adapter"
	"github.com/advantch/kernia-go/core/authtest"
	"github.com/advantch/kernia-go/core/plugins/emailpassword"
	"github.com/advantch/kernia-go/core/plugins/twofactor"
)

var twoFactorFlows = []test{
	{"sign in with a second factor", secondFactor},
	{"second factor on rows of a server without the newer columns", secondFactorOldRows},
}

var twoFactorRaces = []test{
	{"TFA-04 a burst of wrong codes", raceWrongCodes},
	{"TFA-05 one code of an authenticator app", raceTOTP},
	{"TFA-07 one challenge", raceChallenge},
	{"TFA-08 one backup code", raceBackupCode},
	{"RACE-04 one code that was sent", raceOTP},
	{"RACE-08 a trusted device", raceDevice},
	{"RACE-08 disable against verify", raceDisable},
}

var twoFactorFaults = []scenario{
	{name: "enable a second factor", change: withSecondFactor(nil), prepare: member("POST", "/two-factor/enable", body{"password": oldPass})},
	{name: "switch a second factor on", change: withSecondFactor(nil),
		prepare: func(s *suite, e *authtest.Env) (*authtest.Client, func(*authtest.Client) *authtest.Answer) {
			f := &factor{e: e, home: signUp(s, e, adaEmail)}
			f.read(s, f.home.Post("/two-factor/enable", body{"password": oldPass}).Want(s, 200, ""))
			return f.home, send("POST", "/two-factor/verify-totp", body{"code": f.code(s)})
		}},
	{name: "switch sent codes on", change: withSecondFactor(nil),
		prepare: func(s *suite, e *authtest.Env) (*authtest.Client, func(*authtest.Client) *authtest.Answer) {
			c := signUp(s, e, adaEmail)
			c.Post("/two-factor/send-otp", body{}).Want(s, 200, "")
			return c, send("POST", "/two-factor/verify-otp", body{"code": lastCode(s, e)})
		}},
	{name: "first step of two", change: withSecondFactor(nil),
		prepare: func(s *suite, e *authtest.Env) (*authtest.Client, func(*authtest.Client) *authtest.Answer) {
			enroll(s, e)
			return e.Client(), send("POST", "/sign-in/email", body{"email": adaEmail, "password": oldPass})
		}},
	{name: "first step from a trusted device", change: withSecondFactor(nil),
		prepare: func(s *suite, e *authtest.Env) (*authtest.Client, func(*authtest.Client) *authtest.Answer) {
			f := enroll(s, e)
			return f.trusted(s), send("POST", "/sign-in/email", body{"email": adaEmail, "password": oldPass})
		}},
	{name: "second step by an authenticator app", change: withSecondFactor(nil),
		prepare: func(s *suite, e *authtest.Env) (*authtest.Client, func(*authtest.Client) *authtest.Answer) {
			f := enroll(s, e)
			return f.challenged(s), send("POST", "/two-factor/verify-totp", body{"code": f.code(s), "trustDevice": true})
		}},
	{name: "second step by a code that was sent", change: withSecondFactor(nil),
		prepare: func(s *suite, e *authtest.Env) (*authtest.Client, func(*authtest.Client) *authtest.Answer) {
			c := enroll(s, e).challenged(s)
			c.Post("/two-factor/send-otp", body{}).Want(s, 200, "")
			return c, send("POST", "/two-factor/verify-otp", body{"code": lastCode(s, e)})
		}},
	{name: "second step by a backup code", change: withSecondFactor(nil),
		prepare: func(s *suite, e *authtest.Env) (*authtest.Client, func(*authtest.Client) *authtest.Answer) {
			f := enroll(s, e)
			return f.challenged(s), send("POST", "/two-factor/verify-backup-code", body{"code": f.codes[0]})
		}},
	{name: "a code is sent", change: withSecondFactor(nil),
		prepare: func(s *suite, e *authtest.Env) (*authtest.Client, func(*authtest.Client) *authtest.Answer) {
			return enroll(s, e).challenged(s), send("POST", "/two-factor/send-otp", body{})
		}},
	{name: "new backup codes", change: withSecondFactor(nil), prepare: enrolled("/two-factor/generate-backup-codes")},
	{name: "read the URI of a second factor", change: withSecondFactor(nil), prepare: enrolled("/two-factor/get-totp-uri")},
	{name: "disable a second factor", change: withSecondFactor(nil), prepare: enrolled("/two-factor/disable")},
}

// enrolled is a scenario's request by a user with a second factor.
func enrolled(path string) func(*suite, *authtest.Env) (*authtest.Client, func(*authtest.Client) *authtest.Answer) {
	return func(s *suite, e *authtest.Env) (*authtest.Client, func(*authtest.Client) *authtest.Answer) {
		return enroll(s, e).home, send("POST", path, body{"password": oldPass})
	}
}

// withSecondFactor installs the plugin; the codes that it sends are mails.
func withSecondFactor(change func(o *twofactor.Options)) options {
	return func(e *authtest.Env, o *core.Options, _ *emailpassword.Options) {
		f := twofactor.Options{OTP: twofactor.OTPOptions{Send: func(ctx context.Context, m twofactor.Message) error {
			return e.Mail("code")(ctx, core.Mail{User: m.User, Token: m.Code})
		}}}
		if change != nil {
			change(&f)
		}
		o.Plugins = append(o.Plugins, twofactor.New(f))
	}
}

// factor is Ada's authenticator app and her backup codes.
type factor struct {
	e      *authtest.Env
	home   *authtest.Client // where it was set up
	secret string
	codes  []string
}

// enroll signs Ada up and switches her second factor on; a minute passes.
func enroll(s *suite, e *authtest.Env) *factor {
	s.Helper()
	f := &factor{e: e, home: signUp(s, e, adaEmail)}
	f.read(s, f.home.Post("/two-factor/enable", body{"password": oldPass}).Want(s, 200, ""))
	f.home.Post("/two-factor/verify-totp", body{"code": f.code(s)}).Want(s, 200, "")
	e.Clock.Add(time.Minute)
	return f
}

func (f *factor) read(s *suite, a *authtest.Answer) {
	s.Helper()
	u, err := url.Parse(a.JSON("totpURI"))
	if err != nil {
		s.Fatal(err)
	}
	key, err := base32.StdEncoding.WithPadding(base32.NoPadding).DecodeString(u.Query().Get("secret"))
	if err != nil {
		s.Fatal(err)
	}
	f.secret = string(key)
	f.codes = strings.Split(strings.Trim(strings.ReplaceAll(a.JSON("backupCodes"), `"`, ""), "[]"), ",")
}

// code is what the authenticator app shows.
func (f *factor) code(s *suite) string {
	s.Helper()
	p, _ := twofactor.From(f.e.Auth)
	reply, err := p.GenerateTOTP.Call(s.Context(), &twofactor.GenerateTOTPInput{Secret: f.secret})
	if err != nil {
		s.Fatal(err)
	}
	return reply.Code
}

// challenged is a client that has done the first step.
func (f *factor) challenged(s *suite) *authtest.Client {
	s.Helper()
	c := f.e.Client()
	if a := signIn(c, adaEmail, oldPass).Want(s, 200, ""); a.JSON("twoFactorRedirect") != "true" || c.Cookie(tokenCookie) != "" {
		s.Fatalf("no challenge: %s", a.Body)
	}
	return c
}

// trusted is a device that has signed in and been trusted a minute ago.
func (f *factor) trusted(s *suite) *authtest.Client {
	s.Helper()
	c := f.challenged(s)
	c.Post("/two-factor/verify-totp", body{"code": f.code(s), "trustDevice": true}).Want(s, 200, "")
	f.e.Clock.Add(time.Minute)
	return c
}

func lastCode(s *suite, e *authtest.Env) string {
	s.Helper()
	m := e.LastMail()
	if m.Kind != "code" {
		s.Fatalf("the last mail is %+v", m)
	}
	return m.Token
}

func secondFactor(s *suite) {
	e := s.start(withSecondFactor(nil))
	f := enroll(s, e)
	sessions := len(rows(s, e, core.ModelSession))
	c := f.challenged(s)
	wantAlive(s, c, false)
	wantRows(s, e, core.ModelSession, sessions)
	code := f.code(s)
	c.Post("/two-factor/verify-totp", body{"code": "12345"}).Want(s, 401, "INVALID_CODE")
	a := c.Post("/two-factor/verify-totp", body{"code": code, "trustDevice": true}).Want(s, 200, "")
	if a.JSON("user", "twoFactorEnabled") != "true" || a.JSON("token") == "" {
		s.Errorf("answered %s", a.Body)
	}
	wantAlive(s, c, true)
	f.challenged(s).Post("/two-factor/verify-totp", body{"code": code}).Want(s, 401, "INVALID_CODE")
	signIn(c, adaEmail, oldPass).Want(s, 200, "")
	wantAlive(s, c, true) // a trusted device

	c = f.challenged(s)
	c.Post("/two-factor/send-otp", body{}).Want(s, 200, "")
	c.Post("/two-factor/verify-otp", body{"code": lastCode(s, e)}).Want(s, 200, "")
	wantAlive(s, c, true)
	c.Post("/two-factor/verify-otp", body{"code": lastCode(s, e)}).Want(s, 400, "OTP_HAS_EXPIRED")

	c = f.challenged(s)
	c.Post("/two-factor/verify-backup-code", body{"code": f.codes[0]}).Want(s, 200, "")
	wantAlive(s, c, true)
	c = f.challenged(s)
	c.Post("/two-factor/verify-backup-code", body{"code": f.codes[0]}).Want(s, 401, "INVALID_BACKUP_CODE")
	e.Clock.Add(10 * time.Minute)
	c.Post("/two-factor/verify-backup-code", body{"code": f.codes[1]}).Want(s, 401, "INVALID_TWO_FACTOR_COOKIE")

	for i := range 9 { // the backup code that was used is the first
		if i%5 == 0 {
			c = f.challenged(s)
		}
		c.Post("/two-factor/verify-totp", body{"code": "12345"}).Want(s, 401, "INVALID_CODE")
	}
	c = f.challenged(s)
	c.Post("/two-factor/verify-totp", body{"code": f.code(s)}).Want(s, 429, "ACCOUNT_TEMPORARILY_LOCKED")
	e.Clock.Add(15 * time.Minute)
	c = f.challenged(s)
	c.Post("/two-factor/verify-totp", body{"code": f.code(s)}).Want(s, 200, "")
	c.Post("/two-factor/disable", body{"password": oldPass}).Want(s, 200, "")
	wantRows(s, e, twofactor.ModelTwoFactor, 0)
	wantAlive(s, c, true)
	signedIn(s, e, adaEmail, oldPass)
}

// secondFactorOldRows plays a server of 1.6.11 beside this one: what it inserts has
// nulls in the columns that it does not know.
func secondFactorOldRows(s *suite) {
	e := s.start(withSecondFactor(nil))
	f := enroll(s, e)
	if _, err := e.Auth.DB().UpdateMany(s.Context(), twofactor.ModelTwoFactor, adapter.Where{{Field: "id", Op: adapter.Ne, Value: nil}},
		adapter.Record{"verified": nil, "failedVerificationCount": nil, "lockedUntil": nil, "lastTotpAt": nil}); err != nil {
		s.Fatal(err)
	}
	f.challenged(s).Post("/two-factor/verify-totp", body{"code": "12345"}).Want(s, 401, "INVALID_CODE")
	if row := wantRows(s, e, twofactor.ModelTwoFactor, 1)[0]; row["failedVerificationCount"] != int64(1) {
		s.Errorf("%v", row)
	}
	code := f.code(s)
	f.challenged(s).Post("/two-factor/verify-totp", body{"code": code}).Want(s, 200, "")
	f.challenged(s).Post("/two-factor/verify-totp", body{"code": code}).Want(s, 401, "INVALID_CODE")
}

// seconds are answers to the second step by as many clients as a race has, each with
// a challenge of its own.
func (s *suite) seconds(f *factor, path string, content func(i int) body) []*authtest.Answer {
	s.Helper()
	clients, answers := make([]*authtest.Client, crowd), make([]*authtest.Answer, crowd)
	for i := range clients {
		clients[i] = f.challenged(s)
	}
	s.meet(func(i int) { answers[i] = clients[i].Post(path, content(i)) })
	return answers
}

func raceWrongCodes(s *suite) {
	e := s.start(withSecondFactor(nil))
	f := enroll(s, e)
	c := f.challenged(s)
	answers := make([]*authtest.Answer, crowd)
	s.meet(func(i int) { answers[i] = c.Copy().Post("/two-factor/verify-totp", body{"code": "12345"}) })
	got := tally(answers)
	if got["INVALID_CODE"] > 5 || got["ok"] > 0 || got["INVALID_CODE"]+got["TOO_MANY_ATTEMPTS_REQUEST_NEW_CODE"]+got["INVALID_TWO_FACTOR_COOKIE"] != crowd {
		s.Errorf("one challenge: %v", got)
	}
	got = tally(s.seconds(f, "/two-factor/verify-totp", func(int) body { return body{"code": "12345"} }))
	if got["INVALID_CODE"] > 5 || got["INVALID_CODE"]+got["ACCOUNT_TEMPORARILY_LOCKED"] != crowd {
		s.Errorf("one account, half of its tries gone: %v", got)
	}
	if row := wantRows(s, e, twofactor.ModelTwoFactor, 1)[0]; row["failedVerificationCount"] != int64(10) || row["lockedUntil"] == nil {
		s.Errorf("%v", row)
	}
}

func raceTOTP(s *suite) {
	e := s.start(withSecondFactor(func(o *twofactor.Options) { o.Lockout.Disable = true }))
	f := enroll(s, e)
	code := f.code(s)
	wantOneWinner(s, s.seconds(f, "/two-factor/verify-totp", func(int) body { return body{"code": code} }), "INVALID_CODE")
	wantRows(s, e, core.ModelSession, 2)
}

func raceChallenge(s *suite) {
	e := s.start(withSecondFactor(nil))
	f := enroll(s, e)
	c, code := f.challenged(s), f.code(s)
	answers := make([]*authtest.Answer, crowd)
	s.meet(func(i int) {
		if i%2 == 0 {
			answers[i] = c.Copy().Post("/two-factor/verify-totp", body{"code": code})
		} else {
			answers[i] = c.Copy().Post("/two-factor/verify-backup-code", body{"code": f.codes[i%10]})
		}
	})
	wantOneWinner(s, answers, "INVALID_TWO_FACTOR_COOKIE")
	wantRows(s, e, core.ModelSession, 2)
}

func raceBackupCode(s *suite) {
	e := s.start(withSecondFactor(func(o *twofactor.Options) { o.Lockout.Disable = true }))
	f := enroll(s, e)
	wantOneWinner(s, s.seconds(f, "/two-factor/verify-backup-code", func(int) body { return body{"code": f.codes[3]} }), "INVALID_BACKUP_CODE")
	wantRows(s, e, core.ModelSession, 2)
}

func raceOTP(s *suite) {
	e := s.start(withSecondFactor(nil))
	c := enroll(s, e).challenged(s)
	c.Post("/two-factor/send-otp", body{}).Want(s, 200, "")
	code := lastCode(s, e)
	answers := make([]*authtest.Answer, crowd)
	s.meet(func(i int) { answers[i] = c.Copy().Post("/two-factor/verify-otp", body{"code": code}) })
	wantOneWinner(s, answers, "INVALID_TWO_FACTOR_COOKIE", "OTP_HAS_EXPIRED")
	wantRows(s, e, core.ModelSession, 2)
}

func raceDevice(s *suite) {
	e := s.start(withSecondFactor(nil))
	c := enroll(s, e).trusted(s)
	clients := make([]*authtest.Client, crowd)
	var mu sync.Mutex
	passed := 0
	s.meet(func(i int) {
		clients[i] = c.Copy()
		a := signIn(clients[i], adaEmail, oldPass)
		mu.Lock()
		defer mu.Unlock()
		switch {
		case a.Status != 200:
			s.Errorf("answered %d %s", a.Status, a.Body)
		case a.JSON("twoFactorRedirect") != "true":
			passed++
		}
	})
	in := 0
	for _, c := range clients {
		if alive(s, c) {
			in++
		}
	}
	if passed != 1 || in != 1 {
		s.Errorf("%d passed, %d are signed in", passed, in)
	}
}

func raceDisable(s *suite) {
	e := s.start(withSecondFactor(nil))
	f := enroll(s, e)
	clients := make([]*authtest.Client, crowd)
	for i := range clients {
		clients[i] = f.challenged(s)
	}
	code := f.code(s)
	s.meet(func(i int) {
		var a *authtest.Answer
		switch {
		case i == crowd/2:
			if a = f.home.Post("/two-factor/disable", body{"password": oldPass}); a.Status != 200 {
				s.Errorf("disable answered %d %s", a.Status, a.Body)
			}
		case i%2 == 0:
			a = clients[i].Post("/two-factor/verify-backup-code", body{"code": f.codes[i%10]})
		default:
			a = clients[i].Post("/two-factor/verify-totp", body{"code": code})
		}
		if a.Status >= 500 {
			s.Errorf("answered %d %s", a.Status, a.Body)
		}
	})
	wantRows(s, e, twofactor.ModelTwoFactor, 0)
	if on := wantRows(s, e, core.ModelUser, 1)[0]["twoFactorEnabled"]; on != false {
		s.Errorf("twoFactorEnabled is %v", on)
	}
	signedIn(s, e, adaEmail, oldPass)
}
