// Package twofactortest has the flows of the plugin for flowtest.Run.
package twofactortest

import (
	"context"
	"encoding/base32"
	"github.com/advantch/kernia-go/core/suites/flowtest"
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

// Suite is for flowtest.Run.
func Suite() flowtest.Suite {
	return flowtest.Suite{Flows: twoFactorFlows, Races: twoFactorRaces, Faults: twoFactorFaults}
}

var twoFactorFlows = []flowtest.Flow{
	{Name: "sign in with a second factor", Run: secondFactor},
	{Name: "second factor on rows of a server without the newer columns", Run: secondFactorOldRows},
}

var twoFactorRaces = []flowtest.Flow{
	{Name: "TFA-04 a burst of wrong codes", Run: raceWrongCodes},
	{Name: "TFA-05 one code of an authenticator app", Run: raceTOTP},
	{Name: "TFA-07 one challenge", Run: raceChallenge},
	{Name: "TFA-08 one backup code", Run: raceBackupCode},
	{Name: "RACE-04 one code that was sent", Run: raceOTP},
	{Name: "RACE-08 a trusted device", Run: raceDevice},
	{Name: "RACE-08 disable against verify", Run: raceDisable},
}

var twoFactorFaults = []flowtest.Request{
	{Name: "enable a second factor", Change: withSecondFactor(nil), Prepare: flowtest.Member("POST", "/two-factor/enable", flowtest.Body{"password": flowtest.Password})},
	{Name: "switch a second factor on", Change: withSecondFactor(nil),
		Prepare: func(s *flowtest.T, e *authtest.Env) (*authtest.Client, func(*authtest.Client) *authtest.Answer) {
			f := &factor{e: e, home: flowtest.SignUp(s, e, flowtest.Email)}
			f.read(s, f.home.Post("/two-factor/enable", flowtest.Body{"password": flowtest.Password}).Want(s, 200, ""))
			return f.home, flowtest.Send("POST", "/two-factor/verify-totp", flowtest.Body{"code": f.code(s)})
		}},
	{Name: "switch sent codes on", Change: withSecondFactor(nil),
		Prepare: func(s *flowtest.T, e *authtest.Env) (*authtest.Client, func(*authtest.Client) *authtest.Answer) {
			c := flowtest.SignUp(s, e, flowtest.Email)
			c.Post("/two-factor/send-otp", flowtest.Body{}).Want(s, 200, "")
			return c, flowtest.Send("POST", "/two-factor/verify-otp", flowtest.Body{"code": lastCode(s, e)})
		}},
	{Name: "first step of two", Change: withSecondFactor(nil),
		Prepare: func(s *flowtest.T, e *authtest.Env) (*authtest.Client, func(*authtest.Client) *authtest.Answer) {
			enroll(s, e)
			return e.Client(), flowtest.Send("POST", "/sign-in/email", flowtest.Body{"email": flowtest.Email, "password": flowtest.Password})
		}},
	{Name: "first step from a trusted device", Change: withSecondFactor(nil),
		Prepare: func(s *flowtest.T, e *authtest.Env) (*authtest.Client, func(*authtest.Client) *authtest.Answer) {
			f := enroll(s, e)
			return f.trusted(s), flowtest.Send("POST", "/sign-in/email", flowtest.Body{"email": flowtest.Email, "password": flowtest.Password})
		}},
	{Name: "second step by an authenticator app", Change: withSecondFactor(nil),
		Prepare: func(s *flowtest.T, e *authtest.Env) (*authtest.Client, func(*authtest.Client) *authtest.Answer) {
			f := enroll(s, e)
			return f.challenged(s), flowtest.Send("POST", "/two-factor/verify-totp", flowtest.Body{"code": f.code(s), "trustDevice": true})
		}},
	{Name: "second step by a code that was sent", Change: withSecondFactor(nil),
		Prepare: func(s *flowtest.T, e *authtest.Env) (*authtest.Client, func(*authtest.Client) *authtest.Answer) {
			c := enroll(s, e).challenged(s)
			c.Post("/two-factor/send-otp", flowtest.Body{}).Want(s, 200, "")
			return c, flowtest.Send("POST", "/two-factor/verify-otp", flowtest.Body{"code": lastCode(s, e)})
		}},
	{Name: "second step by a backup code", Change: withSecondFactor(nil),
		Prepare: func(s *flowtest.T, e *authtest.Env) (*authtest.Client, func(*authtest.Client) *authtest.Answer) {
			f := enroll(s, e)
			return f.challenged(s), flowtest.Send("POST", "/two-factor/verify-backup-code", flowtest.Body{"code": f.codes[0]})
		}},
	{Name: "a code is sent", Change: withSecondFactor(nil),
		Prepare: func(s *flowtest.T, e *authtest.Env) (*authtest.Client, func(*authtest.Client) *authtest.Answer) {
			return enroll(s, e).challenged(s), flowtest.Send("POST", "/two-factor/send-otp", flowtest.Body{})
		}},
	{Name: "new backup codes", Change: withSecondFactor(nil), Prepare: enrolled("/two-factor/generate-backup-codes")},
	{Name: "read the URI of a second factor", Change: withSecondFactor(nil), Prepare: enrolled("/two-factor/get-totp-uri")},
	{Name: "disable a second factor", Change: withSecondFactor(nil), Prepare: enrolled("/two-factor/disable")},
}

// enrolled is a Prepare of a request by a user with a second factor.
func enrolled(path string) func(*flowtest.T, *authtest.Env) (*authtest.Client, func(*authtest.Client) *authtest.Answer) {
	return func(s *flowtest.T, e *authtest.Env) (*authtest.Client, func(*authtest.Client) *authtest.Answer) {
		return enroll(s, e).home, flowtest.Send("POST", path, flowtest.Body{"password": flowtest.Password})
	}
}

// withSecondFactor installs the plugin; the codes that it sends are mails.
func withSecondFactor(change func(o *twofactor.Options)) flowtest.Options {
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
func enroll(s *flowtest.T, e *authtest.Env) *factor {
	s.Helper()
	f := &factor{e: e, home: flowtest.SignUp(s, e, flowtest.Email)}
	f.read(s, f.home.Post("/two-factor/enable", flowtest.Body{"password": flowtest.Password}).Want(s, 200, ""))
	f.home.Post("/two-factor/verify-totp", flowtest.Body{"code": f.code(s)}).Want(s, 200, "")
	e.Clock.Add(time.Minute)
	return f
}

func (f *factor) read(s *flowtest.T, a *authtest.Answer) {
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
func (f *factor) code(s *flowtest.T) string {
	s.Helper()
	p, _ := twofactor.From(f.e.Auth)
	reply, err := p.GenerateTOTP.Call(s.Context(), &twofactor.GenerateTOTPInput{Secret: f.secret})
	if err != nil {
		s.Fatal(err)
	}
	return reply.Code
}

// challenged is a client that has done the first step.
func (f *factor) challenged(s *flowtest.T) *authtest.Client {
	s.Helper()
	c := f.e.Client()
	if a := flowtest.SignIn(c, flowtest.Email, flowtest.Password).Want(s, 200, ""); a.JSON("twoFactorRedirect") != "true" || c.Cookie(flowtest.TokenCookie) != "" {
		s.Fatalf("no challenge: %s", a.Body)
	}
	return c
}

// trusted is a device that has signed in and been trusted a minute ago.
func (f *factor) trusted(s *flowtest.T) *authtest.Client {
	s.Helper()
	c := f.challenged(s)
	c.Post("/two-factor/verify-totp", flowtest.Body{"code": f.code(s), "trustDevice": true}).Want(s, 200, "")
	f.e.Clock.Add(time.Minute)
	return c
}

func lastCode(s *flowtest.T, e *authtest.Env) string {
	s.Helper()
	m := e.LastMail()
	if m.Kind != "code" {
		s.Fatalf("the last mail is %+v", m)
	}
	return m.Token
}

func secondFactor(s *flowtest.T) {
	e := s.Start(withSecondFactor(nil))
	f := enroll(s, e)
	sessions := len(flowtest.Rows(s, e, core.ModelSession))
	c := f.challenged(s)
	flowtest.WantAlive(s, c, false)
	flowtest.WantRows(s, e, core.ModelSession, sessions)
	code := f.code(s)
	c.Post("/two-factor/verify-totp", flowtest.Body{"code": "12345"}).Want(s, 401, "INVALID_CODE")
	a := c.Post("/two-factor/verify-totp", flowtest.Body{"code": code, "trustDevice": true}).Want(s, 200, "")
	if a.JSON("user", "twoFactorEnabled") != "true" || a.JSON("token") == "" {
		s.Errorf("answered %s", a.Body)
	}
	flowtest.WantAlive(s, c, true)
	f.challenged(s).Post("/two-factor/verify-totp", flowtest.Body{"code": code}).Want(s, 401, "INVALID_CODE")
	flowtest.SignIn(c, flowtest.Email, flowtest.Password).Want(s, 200, "")
	flowtest.WantAlive(s, c, true) // a trusted device

	c = f.challenged(s)
	c.Post("/two-factor/send-otp", flowtest.Body{}).Want(s, 200, "")
	c.Post("/two-factor/verify-otp", flowtest.Body{"code": lastCode(s, e)}).Want(s, 200, "")
	flowtest.WantAlive(s, c, true)
	c.Post("/two-factor/verify-otp", flowtest.Body{"code": lastCode(s, e)}).Want(s, 400, "OTP_HAS_EXPIRED")

	c = f.challenged(s)
	c.Post("/two-factor/verify-backup-code", flowtest.Body{"code": f.codes[0]}).Want(s, 200, "")
	flowtest.WantAlive(s, c, true)
	c = f.challenged(s)
	c.Post("/two-factor/verify-backup-code", flowtest.Body{"code": f.codes[0]}).Want(s, 401, "INVALID_BACKUP_CODE")
	e.Clock.Add(10 * time.Minute)
	c.Post("/two-factor/verify-backup-code", flowtest.Body{"code": f.codes[1]}).Want(s, 401, "INVALID_TWO_FACTOR_COOKIE")

	for i := range 9 { // the backup code that was used is the first
		if i%5 == 0 {
			c = f.challenged(s)
		}
		c.Post("/two-factor/verify-totp", flowtest.Body{"code": "12345"}).Want(s, 401, "INVALID_CODE")
	}
	c = f.challenged(s)
	c.Post("/two-factor/verify-totp", flowtest.Body{"code": f.code(s)}).Want(s, 429, "ACCOUNT_TEMPORARILY_LOCKED")
	e.Clock.Add(15 * time.Minute)
	c = f.challenged(s)
	c.Post("/two-factor/verify-totp", flowtest.Body{"code": f.code(s)}).Want(s, 200, "")
	c.Post("/two-factor/disable", flowtest.Body{"password": flowtest.Password}).Want(s, 200, "")
	flowtest.WantRows(s, e, twofactor.ModelTwoFactor, 0)
	flowtest.WantAlive(s, c, true)
	flowtest.SignedIn(s, e, flowtest.Email, flowtest.Password)
}

// secondFactorOldRows simulates a server of Better Auth 1.6 beside this one: its rows
// have nulls in the columns that it does not know.
func secondFactorOldRows(s *flowtest.T) {
	e := s.Start(withSecondFactor(nil))
	f := enroll(s, e)
	if _, err := e.Auth.DB().UpdateMany(s.Context(), twofactor.ModelTwoFactor, adapter.Where{{Field: "id", Op: adapter.Ne, Value: nil}},
		adapter.Record{"verified": nil, "failedVerificationCount": nil, "lockedUntil": nil, "lastTotpAt": nil}); err != nil {
		s.Fatal(err)
	}
	f.challenged(s).Post("/two-factor/verify-totp", flowtest.Body{"code": "12345"}).Want(s, 401, "INVALID_CODE")
	if row := flowtest.WantRows(s, e, twofactor.ModelTwoFactor, 1)[0]; row["failedVerificationCount"] != int64(1) {
		s.Errorf("%v", row)
	}
	code := f.code(s)
	f.challenged(s).Post("/two-factor/verify-totp", flowtest.Body{"code": code}).Want(s, 200, "")
	f.challenged(s).Post("/two-factor/verify-totp", flowtest.Body{"code": code}).Want(s, 401, "INVALID_CODE")
}

// seconds are answers to the second step by as many clients as a race has, each with
// a challenge of its own.
func seconds(s *flowtest.T, f *factor, path string, content func(i int) flowtest.Body) []*authtest.Answer {
	s.Helper()
	clients, answers := make([]*authtest.Client, flowtest.Crowd), make([]*authtest.Answer, flowtest.Crowd)
	for i := range clients {
		clients[i] = f.challenged(s)
	}
	s.Meet(func(i int) { answers[i] = clients[i].Post(path, content(i)) })
	return answers
}

func raceWrongCodes(s *flowtest.T) {
	e := s.Start(withSecondFactor(nil))
	f := enroll(s, e)
	c := f.challenged(s)
	answers := make([]*authtest.Answer, flowtest.Crowd)
	s.Meet(func(i int) { answers[i] = c.Copy().Post("/two-factor/verify-totp", flowtest.Body{"code": "12345"}) })
	got := flowtest.Tally(answers)
	if got["INVALID_CODE"] > 5 || got["ok"] > 0 || got["INVALID_CODE"]+got["TOO_MANY_ATTEMPTS_REQUEST_NEW_CODE"]+got["INVALID_TWO_FACTOR_COOKIE"] != flowtest.Crowd {
		s.Errorf("one challenge: %v", got)
	}
	got = flowtest.Tally(seconds(s, f, "/two-factor/verify-totp", func(int) flowtest.Body { return flowtest.Body{"code": "12345"} }))
	if got["INVALID_CODE"] > 5 || got["INVALID_CODE"]+got["ACCOUNT_TEMPORARILY_LOCKED"] != flowtest.Crowd {
		s.Errorf("one account, half of its tries gone: %v", got)
	}
	if row := flowtest.WantRows(s, e, twofactor.ModelTwoFactor, 1)[0]; row["failedVerificationCount"] != int64(10) || row["lockedUntil"] == nil {
		s.Errorf("%v", row)
	}
}

func raceTOTP(s *flowtest.T) {
	e := s.Start(withSecondFactor(func(o *twofactor.Options) { o.Lockout.Disable = true }))
	f := enroll(s, e)
	code := f.code(s)
	flowtest.WantOneWinner(s, seconds(s, f, "/two-factor/verify-totp", func(int) flowtest.Body { return flowtest.Body{"code": code} }), "INVALID_CODE")
	flowtest.WantRows(s, e, core.ModelSession, 2)
}

func raceChallenge(s *flowtest.T) {
	e := s.Start(withSecondFactor(nil))
	f := enroll(s, e)
	c, code := f.challenged(s), f.code(s)
	answers := make([]*authtest.Answer, flowtest.Crowd)
	s.Meet(func(i int) {
		if i%2 == 0 {
			answers[i] = c.Copy().Post("/two-factor/verify-totp", flowtest.Body{"code": code})
		} else {
			answers[i] = c.Copy().Post("/two-factor/verify-backup-code", flowtest.Body{"code": f.codes[i%10]})
		}
	})
	flowtest.WantOneWinner(s, answers, "INVALID_TWO_FACTOR_COOKIE")
	flowtest.WantRows(s, e, core.ModelSession, 2)
}

func raceBackupCode(s *flowtest.T) {
	e := s.Start(withSecondFactor(func(o *twofactor.Options) { o.Lockout.Disable = true }))
	f := enroll(s, e)
	flowtest.WantOneWinner(s, seconds(s, f, "/two-factor/verify-backup-code", func(int) flowtest.Body { return flowtest.Body{"code": f.codes[3]} }), "INVALID_BACKUP_CODE")
	flowtest.WantRows(s, e, core.ModelSession, 2)
}

func raceOTP(s *flowtest.T) {
	e := s.Start(withSecondFactor(nil))
	c := enroll(s, e).challenged(s)
	c.Post("/two-factor/send-otp", flowtest.Body{}).Want(s, 200, "")
	code := lastCode(s, e)
	answers := make([]*authtest.Answer, flowtest.Crowd)
	s.Meet(func(i int) { answers[i] = c.Copy().Post("/two-factor/verify-otp", flowtest.Body{"code": code}) })
	flowtest.WantOneWinner(s, answers, "INVALID_TWO_FACTOR_COOKIE", "OTP_HAS_EXPIRED")
	flowtest.WantRows(s, e, core.ModelSession, 2)
}

func raceDevice(s *flowtest.T) {
	e := s.Start(withSecondFactor(nil))
	c := enroll(s, e).trusted(s)
	clients := make([]*authtest.Client, flowtest.Crowd)
	var mu sync.Mutex
	passed := 0
	s.Meet(func(i int) {
		clients[i] = c.Copy()
		a := flowtest.SignIn(clients[i], flowtest.Email, flowtest.Password)
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
		if flowtest.Alive(s, c) {
			in++
		}
	}
	if passed != 1 || in != 1 {
		s.Errorf("%d passed, %d are signed in", passed, in)
	}
}

func raceDisable(s *flowtest.T) {
	e := s.Start(withSecondFactor(nil))
	f := enroll(s, e)
	clients := make([]*authtest.Client, flowtest.Crowd)
	for i := range clients {
		clients[i] = f.challenged(s)
	}
	code := f.code(s)
	s.Meet(func(i int) {
		var a *authtest.Answer
		switch {
		case i == flowtest.Crowd/2:
			if a = f.home.Post("/two-factor/disable", flowtest.Body{"password": flowtest.Password}); a.Status != 200 {
				s.Errorf("disable answered %d %s", a.Status, a.Body)
			}
		case i%2 == 0:
			a = clients[i].Post("/two-factor/verify-backup-code", flowtest.Body{"code": f.codes[i%10]})
		default:
			a = clients[i].Post("/two-factor/verify-totp", flowtest.Body{"code": code})
		}
		if a.Status >= 500 {
			s.Errorf("answered %d %s", a.Status, a.Body)
		}
	})
	flowtest.WantRows(s, e, twofactor.ModelTwoFactor, 0)
	if on := flowtest.WantRows(s, e, core.ModelUser, 1)[0]["twoFactorEnabled"]; on != false {
		s.Errorf("twoFactorEnabled is %v", on)
	}
	flowtest.SignedIn(s, e, flowtest.Email, flowtest.Password)
}
