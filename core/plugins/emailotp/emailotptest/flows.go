// Package emailotptest has the flows of the plugin for flowtest.Run.
package emailotptest

import (
	"context"
	"time"

	"github.com/advantch/kernia-go/core"
	"github.com/advantch/kernia-go/core/authtest"
	"github.com/advantch/kernia-go/core/plugins/emailotp"
	"github.com/advantch/kernia-go/core/plugins/emailpassword"
	"github.com/advantch/kernia-go/core/suites/flowtest"
)

// counted is what a request leaves behind that has failed after its attempt was counted.
var counted = []string{"[verification.value changed]"}

const newEmail = "countess@example.com"

// Suite is for flowtest.Run.
func Suite() flowtest.Suite {
	return flowtest.Suite{
		Flows: []flowtest.Flow{
			{Name: "codes by mail", Run: life},
			{Name: "a recovery of the account ends codes by mail", Run: recovery},
		},
		Races: []flowtest.Flow{
			{Name: "RACE-04 one code by mail signs in", Run: raceSignIn},
			{Name: "RACE-04 one code by mail resets a password", Run: raceReset},
			{Name: "OTP-03 a burst of wrong codes", Run: raceWrongCodes},
		},
		Faults: []flowtest.Request{
			{Name: "a code is mailed", Change: with, Prepare: stranger("/email-otp/send-verification-otp", flowtest.Body{"email": flowtest.Email, "type": "sign-in"})},
			{Name: "sign up with a code", Change: with, Steps: counted, Prepare: func(s *flowtest.T, e *authtest.Env) (*authtest.Client, func(*authtest.Client) *authtest.Answer) {
				return e.Client(), flowtest.Send("POST", "/sign-in/email-otp", flowtest.Body{"email": flowtest.Email, "otp": send(s, e, "sign-in")})
			}},
			{Name: "sign in with a code", Change: with, Steps: counted, Prepare: member("sign-in", "/sign-in/email-otp", flowtest.Body{"email": flowtest.Email})},
			{Name: "verify an address with a code", Change: with, Steps: counted, Prepare: member("email-verification", "/email-otp/verify-email", flowtest.Body{"email": flowtest.Email})},
			{Name: "reset a password with a code", Change: with, Steps: counted, Prepare: member("forget-password", "/email-otp/reset-password",
				flowtest.Body{"email": flowtest.Email, "password": "battery staple"})},
			{Name: "change an address with a code", Change: with, Steps: counted, Prepare: func(s *flowtest.T, e *authtest.Env) (*authtest.Client, func(*authtest.Client) *authtest.Answer) {
				c := flowtest.SignUp(s, e, flowtest.Email)
				c.Post("/email-otp/request-email-change", flowtest.Body{"newEmail": newEmail}).Want(s, 200, "")
				return c, flowtest.Send("POST", "/email-otp/change-email", flowtest.Body{"newEmail": newEmail, "otp": code(s, e)})
			}},
		},
	}
}

// with installs the plugin; its codes are mails.
func with(e *authtest.Env, o *core.Options, _ *emailpassword.Options) {
	o.Plugins = append(o.Plugins, emailotp.New(emailotp.Options{
		Send: func(ctx context.Context, m emailotp.Message) error {
			return e.Mail("code")(ctx, core.Mail{User: &core.User{Email: m.Email}, Token: m.Code})
		},
		ChangeEmail: emailotp.ChangeEmailOptions{Enabled: true},
	}))
}

func stranger(path string, content flowtest.Body) func(*flowtest.T, *authtest.Env) (*authtest.Client, func(*authtest.Client) *authtest.Answer) {
	return func(_ *flowtest.T, e *authtest.Env) (*authtest.Client, func(*authtest.Client) *authtest.Answer) {
		return e.Client(), flowtest.Send("POST", path, content)
	}
}

// member is a Prepare of a request with a code by somebody who has signed up.
func member(kind emailotp.Type, path string, content flowtest.Body) func(*flowtest.T, *authtest.Env) (*authtest.Client, func(*authtest.Client) *authtest.Answer) {
	return func(s *flowtest.T, e *authtest.Env) (*authtest.Client, func(*authtest.Client) *authtest.Answer) {
		flowtest.SignUp(s, e, flowtest.Email)
		b := flowtest.Body{"otp": send(s, e, kind)}
		for name, v := range content {
			b[name] = v
		}
		return e.Client(), flowtest.Send("POST", path, b)
	}
}

func send(s *flowtest.T, e *authtest.Env, kind emailotp.Type) string {
	s.Helper()
	e.Client().Post("/email-otp/send-verification-otp", flowtest.Body{"email": flowtest.Email, "type": kind}).Want(s, 200, "")
	return code(s, e)
}

func code(s *flowtest.T, e *authtest.Env) string {
	s.Helper()
	m := e.LastMail()
	if m.Kind != "code" {
		s.Fatalf("the last mail is %+v", m)
	}
	return m.Token
}

func signIn(c *authtest.Client, code string) *authtest.Answer {
	return c.Post("/sign-in/email-otp", flowtest.Body{"email": flowtest.Email, "otp": code})
}

func life(s *flowtest.T) {
	e := s.Start(with)
	flowtest.SignUp(s, e, flowtest.Email)
	e.Client().Post("/email-otp/verify-email", flowtest.Body{"email": flowtest.Email, "otp": send(s, e, "email-verification")}).Want(s, 200, "")
	c := e.Client()
	otp := send(s, e, "sign-in")
	signIn(c, "none").Want(s, 400, "INVALID_OTP")
	signIn(c, otp).Want(s, 200, "")
	signIn(c, otp).Want(s, 400, "INVALID_OTP")
	flowtest.WantAlive(s, c, true)
	e.Client().Post("/email-otp/reset-password", flowtest.Body{"email": flowtest.Email, "otp": send(s, e, "forget-password"), "password": "battery staple"}).Want(s, 200, "")
	flowtest.SignedIn(s, e, flowtest.Email, "battery staple")
	c.Post("/email-otp/request-email-change", flowtest.Body{"newEmail": newEmail}).Want(s, 200, "")
	c.Post("/email-otp/change-email", flowtest.Body{"newEmail": newEmail, "otp": code(s, e)}).Want(s, 200, "")
	flowtest.SignedIn(s, e, newEmail, "battery staple")
	otp = send(s, e, "sign-in")
	e.Clock.Add(5 * time.Minute)
	if a := signIn(e.Client(), otp); a.Status != 400 {
		s.Errorf("an expired code: %d %s", a.Status, a.Body)
	}
	flowtest.WantRows(s, e, core.ModelUser, 1)
}

// recovery has the owner change the password while codes are in a mailbox that somebody
// else could read.
func recovery(s *flowtest.T) {
	e := s.Start(with)
	owner := flowtest.SignUp(s, e, flowtest.Email)
	e.Client().Post("/email-otp/verify-email", flowtest.Body{"email": flowtest.Email, "otp": send(s, e, "email-verification")}).Want(s, 200, "")
	enter, reset := send(s, e, "sign-in"), send(s, e, "forget-password")
	e.Clock.Add(time.Second)
	owner.Post("/change-password", flowtest.Body{"currentPassword": flowtest.Password, "newPassword": "battery staple"}).Want(s, 200, "")
	signIn(e.Client(), enter).Want(s, 400, "INVALID_OTP")
	e.Client().Post("/email-otp/reset-password", flowtest.Body{"email": flowtest.Email, "otp": reset, "password": "a thief's choice"}).Want(s, 400, "INVALID_OTP")
	flowtest.SignedIn(s, e, flowtest.Email, "battery staple")
	e.Clock.Add(time.Second)
	signIn(e.Client(), send(s, e, "sign-in")).Want(s, 200, "")
}

func raceSignIn(s *flowtest.T) {
	e := s.Start(with)
	otp := send(s, e, "sign-in")
	answers := make([]*authtest.Answer, flowtest.Crowd)
	s.Meet(func(i int) { answers[i] = signIn(e.Client(), otp) })
	flowtest.WantOneWinner(s, answers, "INVALID_OTP", "TOO_MANY_ATTEMPTS")
	flowtest.WantRows(s, e, core.ModelUser, 1)
	flowtest.WantRows(s, e, core.ModelSession, 1)
}

func raceReset(s *flowtest.T) {
	e := s.Start(with)
	flowtest.SignUp(s, e, flowtest.Email)
	otp := send(s, e, "forget-password")
	answers := make([]*authtest.Answer, flowtest.Crowd)
	s.Meet(func(i int) {
		answers[i] = e.Client().Post("/email-otp/reset-password", flowtest.Body{"email": flowtest.Email, "otp": otp, "password": "battery staple"})
	})
	flowtest.WantOneWinner(s, answers, "INVALID_OTP", "TOO_MANY_ATTEMPTS")
	flowtest.SignedIn(s, e, flowtest.Email, "battery staple")
}

func raceWrongCodes(s *flowtest.T) {
	e := s.Start(with)
	otp := send(s, e, "sign-in")
	answers := make([]*authtest.Answer, flowtest.Crowd)
	s.Meet(func(i int) { answers[i] = signIn(e.Client(), "none") })
	if n := flowtest.Tally(answers)["INVALID_OTP"]; n < 3 {
		s.Errorf("%v", flowtest.Tally(answers))
	}
	if a := signIn(e.Client(), otp); a.Status == 200 {
		s.Errorf("the code has outlived %v", flowtest.Tally(answers))
	}
}
