// Package phonenumbertest has the flows of the plugin for flowtest.Run.
package phonenumbertest

import (
	"context"
	"fmt"

	"github.com/advantch/kernia-go/core"
	"github.com/advantch/kernia-go/core/authtest"
	"github.com/advantch/kernia-go/core/plugins/emailpassword"
	"github.com/advantch/kernia-go/core/plugins/phonenumber"
	"github.com/advantch/kernia-go/core/suites/flowtest"
)

const (
	number = "+15550100100"
	other  = "+15550100200"
)

// Suite is for flowtest.Run.
func Suite() flowtest.Suite {
	return flowtest.Suite{Flows: flows, Races: races, Faults: faults}
}

var flows = []flowtest.Flow{
	{Name: "sign up, set a password and sign in by phone number", Run: signUpAndIn},
	{Name: "change the phone number", Run: change},
}

var races = []flowtest.Flow{
	{Name: "OTP-01 RACE-04 one code", Run: raceCode},
	{Name: "OTP-03 a burst of wrong codes", Run: raceWrong},
	{Name: "RACE-01 two codes for one new number", Run: raceSignUp},
	{Name: "RACE-01 one number for many users", Run: raceNumber},
	{Name: "PWR-02 one code that resets the password", Run: raceReset},
}

var faults = []flowtest.Request{
	{Name: "send a code to a phone number", Change: install, Prepare: func(_ *flowtest.T, e *authtest.Env) (*authtest.Client, func(*authtest.Client) *authtest.Answer) {
		return e.Client(), flowtest.Send("POST", "/phone-number/send-otp", flowtest.Body{"phoneNumber": number})
	}},
	{Name: "sign up by phone number", Change: install, Steps: counted, Prepare: func(s *flowtest.T, e *authtest.Env) (*authtest.Client, func(*authtest.Client) *authtest.Answer) {
		return e.Client(), flowtest.Send("POST", "/phone-number/verify", flowtest.Body{"phoneNumber": number, "code": code(s, e, number)})
	}},
	{Name: "sign in by phone number", Change: install, Steps: counted, Prepare: func(s *flowtest.T, e *authtest.Env) (*authtest.Client, func(*authtest.Client) *authtest.Answer) {
		arrive(s, e, number)
		return e.Client(), flowtest.Send("POST", "/phone-number/verify", flowtest.Body{"phoneNumber": number, "code": code(s, e, number)})
	}},
	{Name: "change the phone number", Change: install, Steps: counted, Prepare: func(s *flowtest.T, e *authtest.Env) (*authtest.Client, func(*authtest.Client) *authtest.Answer) {
		c := arrive(s, e, number)
		return c, flowtest.Send("POST", "/phone-number/verify", flowtest.Body{"phoneNumber": other, "code": code(s, e, other), "updatePhoneNumber": true})
	}},
	{Name: "remove the phone number", Change: install, Prepare: func(s *flowtest.T, e *authtest.Env) (*authtest.Client, func(*authtest.Client) *authtest.Answer) {
		return arrive(s, e, number), flowtest.Send("POST", "/update-user", flowtest.Body{"phoneNumber": nil})
	}},
	{Name: "request a code that resets the password", Change: install, Prepare: func(s *flowtest.T, e *authtest.Env) (*authtest.Client, func(*authtest.Client) *authtest.Answer) {
		arrive(s, e, number)
		return e.Client(), flowtest.Send("POST", "/phone-number/request-password-reset", flowtest.Body{"phoneNumber": number})
	}},
	{Name: "reset the password by phone number", Change: install, Steps: counted, Prepare: func(s *flowtest.T, e *authtest.Env) (*authtest.Client, func(*authtest.Client) *authtest.Answer) {
		arrive(s, e, number)
		return e.Client(), flowtest.Send("POST", "/phone-number/reset-password", flowtest.Body{"phoneNumber": number, "otp": resetCode(s, e, number), "newPassword": flowtest.Password})
	}},
	{Name: "sign in by phone number and password", Change: install, Prepare: func(s *flowtest.T, e *authtest.Env) (*authtest.Client, func(*authtest.Client) *authtest.Answer) {
		withPassword(s, e, number)
		return e.Client(), flowtest.Send("POST", "/sign-in/phone-number", flowtest.Body{"phoneNumber": number, "password": flowtest.Password})
	}},
}

// counted is the state in which a failure leaves a right code: its attempt is counted.
var counted = []string{"[verification.value changed]"}

// install adds the plugin. The codes that it sends are mails to the number.
func install(e *authtest.Env, o *core.Options, _ *emailpassword.Options) {
	sender := func(kind string) func(context.Context, phonenumber.Message) error {
		return func(ctx context.Context, m phonenumber.Message) error {
			return e.Mail(kind)(ctx, core.Mail{User: &core.User{Email: m.PhoneNumber}, Token: m.Code})
		}
	}
	o.Plugins = append(o.Plugins, phonenumber.New(phonenumber.Options{
		SendOTP: sender("code"), SendPasswordResetOTP: sender("reset-code"), SignUp: &phonenumber.SignUp{},
	}))
}

// request requests a code and returns it.
func request(s *flowtest.T, e *authtest.Env, path, kind, number string) string {
	s.Helper()
	e.Client().Post(path, flowtest.Body{"phoneNumber": number}).Want(s, 200, "")
	m := e.LastMail()
	if m.Kind != kind || m.To != number {
		s.Fatalf("the last message is %+v", m)
	}
	return m.Token
}

func code(s *flowtest.T, e *authtest.Env, number string) string {
	s.Helper()
	return request(s, e, "/phone-number/send-otp", "code", number)
}

func resetCode(s *flowtest.T, e *authtest.Env, number string) string {
	s.Helper()
	return request(s, e, "/phone-number/request-password-reset", "reset-code", number)
}

// arrive signs a number up, or in.
func arrive(s *flowtest.T, e *authtest.Env, number string) *authtest.Client {
	s.Helper()
	c := e.Client()
	c.Post("/phone-number/verify", flowtest.Body{"phoneNumber": number, "code": code(s, e, number)}).Want(s, 200, "")
	return c
}

// withPassword signs a number up and gives it a password.
func withPassword(s *flowtest.T, e *authtest.Env, number string) *authtest.Client {
	s.Helper()
	c := arrive(s, e, number)
	reset(e, number, resetCode(s, e, number), flowtest.Password).Want(s, 200, "")
	return c
}

func reset(e *authtest.Env, number, otp, password string) *authtest.Answer {
	return e.Client().Post("/phone-number/reset-password", flowtest.Body{"phoneNumber": number, "otp": otp, "newPassword": password})
}

func signUpAndIn(s *flowtest.T) {
	e := s.Start(install)
	flowtest.WantAlive(s, withPassword(s, e, number), true)
	flowtest.WantRows(s, e, core.ModelUser, 1)
	c := e.Client()
	c.Post("/sign-in/phone-number", flowtest.Body{"phoneNumber": number, "password": "nonsense1"}).Want(s, 401, "INVALID_PHONE_NUMBER_OR_PASSWORD")
	a := c.Post("/sign-in/phone-number", flowtest.Body{"phoneNumber": "+1 (555) 010-0100", "password": flowtest.Password}).Want(s, 200, "")
	if a.JSON("user", "phoneNumber") != number || a.JSON("user", "phoneNumberVerified") != "true" {
		s.Errorf("answered %s", a.Body)
	}
	flowtest.WantAlive(s, c, true)
	wrong := code(s, e, number) + "0"
	for range 3 {
		c.Post("/phone-number/verify", flowtest.Body{"phoneNumber": number, "code": wrong}).Want(s, 400, "INVALID_OTP")
	}
	c.Post("/phone-number/verify", flowtest.Body{"phoneNumber": number, "code": wrong}).Want(s, 403, "TOO_MANY_ATTEMPTS")
}

func change(s *flowtest.T) {
	e := s.Start(install)
	c := flowtest.SignUp(s, e, flowtest.Email)
	update := func(number string) *authtest.Answer {
		return c.Post("/phone-number/verify", flowtest.Body{"phoneNumber": number, "code": code(s, e, number), "updatePhoneNumber": true})
	}
	update(number).Want(s, 200, "")
	arrive(s, e, other)
	update(other).Want(s, 400, "PHONE_NUMBER_EXIST")
	c.Post("/update-user", flowtest.Body{"phoneNumber": other}).Want(s, 400, "PHONE_NUMBER_CANNOT_BE_UPDATED")
	c.Post("/update-user", flowtest.Body{"phoneNumber": nil}).Want(s, 200, "")
	if a := c.Get("/get-session"); a.JSON("user", "phoneNumber") != "null" || a.JSON("user", "phoneNumberVerified") != "false" {
		s.Errorf("after removal: %s", a.Body)
	}
	arrive(s, e, number)
	flowtest.WantRows(s, e, core.ModelUser, 3)
}

func raceCode(s *flowtest.T) {
	e := s.Start(install)
	otp := code(s, e, number)
	answers := make([]*authtest.Answer, flowtest.Crowd)
	s.Meet(func(i int) {
		answers[i] = e.Client().Post("/phone-number/verify", flowtest.Body{"phoneNumber": number, "code": otp})
	})
	flowtest.WantOneWinner(s, answers, "OTP_NOT_FOUND", "TOO_MANY_ATTEMPTS")
	flowtest.WantRows(s, e, core.ModelUser, 1)
	flowtest.WantRows(s, e, core.ModelSession, 1)
}

func raceWrong(s *flowtest.T) {
	e := s.Start(install)
	otp := code(s, e, number) + "0"
	answers := make([]*authtest.Answer, flowtest.Crowd)
	s.Meet(func(i int) {
		answers[i] = e.Client().Post("/phone-number/verify", flowtest.Body{"phoneNumber": number, "code": otp})
	})
	got := flowtest.Tally(answers)
	if got["INVALID_OTP"] != 3 || got["INVALID_OTP"]+got["TOO_MANY_ATTEMPTS"]+got["OTP_NOT_FOUND"] != flowtest.Crowd {
		s.Errorf("%v", got)
	}
}

// raceSignUp has a code made and used by every client, which take each other's codes
// away. Whoever comes through is the same user.
func raceSignUp(s *flowtest.T) {
	e := s.Start(install)
	answers := make([]*authtest.Answer, flowtest.Crowd)
	plugin, _ := phonenumber.From(e.Auth)
	otp := code(s, e, number)
	s.Meet(func(i int) {
		if i%2 == 0 {
			answers[i] = e.Client().Post("/phone-number/verify", flowtest.Body{"phoneNumber": number, "code": otp, "disableSession": i%4 == 0})
			return
		}
		_, _ = plugin.SendOTP.Call(s.Context(), &phonenumber.SendOTPInput{PhoneNumber: number})
		answers[i] = e.Client().Post("/phone-number/verify", flowtest.Body{"phoneNumber": number, "code": e.LastMail().Token})
	})
	if got := flowtest.Tally(answers); got["INTERNAL_SERVER_ERROR"] > 0 {
		s.Errorf("%v", got)
	}
	arrive(s, e, number)
	flowtest.WantRows(s, e, core.ModelUser, 1)
}

func raceNumber(s *flowtest.T) {
	e := s.Start(install)
	clients, answers := make([]*authtest.Client, 4), make([]*authtest.Answer, flowtest.Crowd)
	for i := range clients {
		clients[i] = flowtest.SignUp(s, e, fmt.Sprintf("user%d@example.com", i))
	}
	otp := code(s, e, number)
	s.Meet(func(i int) {
		answers[i] = clients[i%4].Copy().Post("/phone-number/verify", flowtest.Body{"phoneNumber": number, "code": otp, "updatePhoneNumber": true})
	})
	flowtest.WantOneWinner(s, answers, "OTP_NOT_FOUND", "TOO_MANY_ATTEMPTS", "PHONE_NUMBER_EXIST")
}

func raceReset(s *flowtest.T) {
	e := s.Start(install)
	arrive(s, e, number)
	otp := resetCode(s, e, number)
	answers := make([]*authtest.Answer, flowtest.Crowd)
	s.Meet(func(i int) { answers[i] = reset(e, number, otp, fmt.Sprintf("horse number %d", i)) })
	flowtest.WantOneWinner(s, answers, "OTP_NOT_FOUND", "TOO_MANY_ATTEMPTS")
	for i, a := range answers {
		if a.Status == 200 {
			e.Client().Post("/sign-in/phone-number", flowtest.Body{"phoneNumber": number, "password": fmt.Sprintf("horse number %d", i)}).Want(s, 200, "")
		}
	}
}
