// Package onetaptest has the flows of the plugin for flowtest.Run.
package onetaptest

import (
	"net/http"
	"net/http/httptest"

	"github.com/advantch/kernia-go/core"
	"github.com/advantch/kernia-go/core/authtest"
	"github.com/advantch/kernia-go/core/plugins/emailpassword"
	"github.com/advantch/kernia-go/core/plugins/onetap"
	"github.com/advantch/kernia-go/core/social"
	"github.com/advantch/kernia-go/core/suites/flowtest"
	"github.com/advantch/kernia-go/core/suites/idptest"
)

// Suite is for flowtest.Run.
func Suite() flowtest.Suite {
	return flowtest.Suite{
		Flows:   []flowtest.Flow{{Name: "one tap: first, again and beside a password", Run: life}},
		Races:   []flowtest.Flow{{Name: "LNK-08 fifty first taps of one person", Run: raceFirst}},
		Faults:  []flowtest.Request{newUser, knownUser},
		Outside: []flowtest.Request{newUser},
	}
}

type (
	client = *authtest.Client
	send   = func(client) *authtest.Answer
)

var (
	newUser = flowtest.Request{Name: "one tap: of a new user", Change: with, Prepare: func(_ *flowtest.T, e *authtest.Env) (client, send) {
		return e.Client(), flowtest.Send("POST", "/one-tap/callback", token(flowtest.Email))
	}}
	knownUser = flowtest.Request{Name: "one tap: of a known user", Change: with, Prepare: func(s *flowtest.T, e *authtest.Env) (client, send) {
		tap(e.Client(), flowtest.Email).Want(s, 200, "")
		return e.Client(), flowtest.Send("POST", "/one-tap/callback", token(flowtest.Email))
	}}
)

// google is the part of Google that has the keys.
type google struct{}

func (google) RoundTrip(r *http.Request) (*http.Response, error) {
	w := httptest.NewRecorder()
	idptest.Write(w, http.StatusOK, idptest.Keys())
	res := w.Result()
	res.Request = r
	return res, nil
}

func with(_ *authtest.Env, o *core.Options, _ *emailpassword.Options) {
	o.HTTPClient = &http.Client{Transport: google{}}
	o.Plugins = append(o.Plugins, social.New(), onetap.New(onetap.Options{ClientID: "client"}))
}

// token is the request with a token of Google for the owner of an address.
func token(email string) flowtest.Body {
	now := authtest.Start.Unix()
	return flowtest.Body{"idToken": idptest.Sign(map[string]any{
		"iss": "https://accounts.google.com", "aud": "client", "sub": "sub of " + email, "name": "Ada Lovelace", "email": email, "email_verified": true, "iat": now, "exp": now + 3600,
	})}
}

func tap(c client, email string) *authtest.Answer { return c.Post("/one-tap/callback", token(email)) }

func life(s *flowtest.T) {
	e := s.Start(with)
	for range 2 {
		c := e.Client()
		tap(c, flowtest.Email).Want(s, 200, "")
		flowtest.WantAlive(s, c, true)
	}
	flowtest.WantRows(s, e, core.ModelUser, 1)
	flowtest.WantRows(s, e, core.ModelSession, 2)
	if a := flowtest.WantRows(s, e, core.ModelAccount, 1)[0]; a["providerId"] != "google" || a["accountId"] != "sub of "+flowtest.Email {
		s.Errorf("the account is %v", a)
	}

	// Who has the address here has not proven it.
	flowtest.SignUp(s, e, "grace@example.com")
	c := e.Client()
	tap(c, "grace@example.com").Want(s, 401, "GOOGLE_IDENTITY_CANNOT_BE_LINKED")
	flowtest.WantAlive(s, c, false)
	flowtest.WantRows(s, e, core.ModelAccount, 2)
}

func raceFirst(s *flowtest.T) {
	e := s.Start(with)
	s.Meet(func(int) {
		c := e.Client()
		tap(c, flowtest.Email).Want(s, 200, "")
	})
	flowtest.WantRows(s, e, core.ModelUser, 1)
	flowtest.WantRows(s, e, core.ModelAccount, 1)
	flowtest.WantRows(s, e, core.ModelSession, flowtest.Crowd)
}
