package socialtest

import (
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"github.com/advantch/kernia-go/core"
	"github.com/advantch/kernia-go/core/authtest"
	"github.com/advantch/kernia-go/core/oauth"
	"github.com/advantch/kernia-go/core/plugins/emailpassword"
	"github.com/advantch/kernia-go/core/social"
	"github.com/advantch/kernia-go/core/suites/flowtest"
	"github.com/advantch/kernia-go/core/suites/idptest"
)

var races = []flowtest.Flow{
	{Name: "OAU-11 fifty callbacks of one flow", Run: raceCallback},
	{Name: "LNK-08 fifty first sign-ins of one person", Run: raceFirst},
	{Name: "LNK-08 fifty implicit links of one user", Run: raceImplicitLink},
	{Name: "LNK-08 two users link one account", Run: raceLink},
	{Name: "RACE a first sign-in against a sign-up with the address", Run: raceSignUp},
	{Name: "RACE sign-in with a provider against unlink", Run: raceUnlink},
	{Name: "RACE sign-in with a provider against the deletion of the user", Run: raceDeletion},
	{Name: "RACE of 50 callers of two servers one refreshes", Run: raceRefresh},
}

// tally counts where answers send the browser, or the errors there.
func tally(answers []*authtest.Answer) map[string]int {
	out := map[string]int{}
	for _, a := range answers {
		to, q := where(a)
		if code := q.Get("error"); code != "" {
			to = code
		}
		if a.Status != 302 {
			to = fmt.Sprint(a.Status, a.Body)
		}
		out[to]++
	}
	return out
}

func raceCallback(s *flowtest.T) {
	e, acme := start(s, nil)
	c := e.Client()
	back := arrived(s, e, c, ada)
	flowtest.WantOneArrival(s, e, c, back, "/welcome", oauth.RefusedState)
	if n := len(acme.Asked()); n != 1 {
		s.Errorf("the code was sent %d times", n)
	}
}

// crowd are clients that have come back from the provider, each with a flow of its own.
func crowd(s *flowtest.T, e *authtest.Env, u idptest.User) (clients []*authtest.Client, back []string) {
	s.Helper()
	clients, back = make([]*authtest.Client, flowtest.Crowd), make([]string, flowtest.Crowd)
	for i := range clients {
		clients[i] = e.Client()
		back[i] = arrived(s, e, clients[i], u)
	}
	return clients, back
}

func raceFirst(s *flowtest.T) {
	e, _ := start(s, nil)
	clients, back := crowd(s, e, ada)
	answers := make([]*authtest.Answer, flowtest.Crowd)
	s.Meet(func(i int) { answers[i] = clients[i].Get(back[i]) })
	if got := tally(answers); got["/welcome"] != 1 || got["/dashboard"] != flowtest.Crowd-1 {
		s.Errorf("answers %v", got)
	}
	flowtest.WantRows(s, e, core.ModelUser, 1)
	flowtest.WantRows(s, e, core.ModelAccount, 1)
	flowtest.WantRows(s, e, core.ModelSession, flowtest.Crowd)
	for _, c := range clients {
		flowtest.WantAlive(s, c, true)
	}
}

func raceImplicitLink(s *flowtest.T) {
	e, _ := start(s, nil)
	member(s, e)
	clients, back := crowd(s, e, ada)
	answers := make([]*authtest.Answer, flowtest.Crowd)
	s.Meet(func(i int) { answers[i] = clients[i].Get(back[i]) })
	if got := tally(answers); got["/dashboard"] != flowtest.Crowd {
		s.Errorf("answers %v", got)
	}
	flowtest.WantRows(s, e, core.ModelUser, 1)
	flowtest.WantRows(s, e, core.ModelAccount, 2)
	flowtest.WantRows(s, e, core.ModelSession, flowtest.Crowd+1)
}

func raceLink(s *flowtest.T) {
	e, _ := start(s, func(o *core.Options, _ *oauth.Config) { o.Account.Linking.AllowDifferentEmails = true })
	users := []*authtest.Client{flowtest.SignUp(s, e, flowtest.Email), flowtest.SignUp(s, e, "grace@example.com")}
	clients, back := make([]*authtest.Client, flowtest.Crowd), make([]string, flowtest.Crowd)
	for i := range clients {
		clients[i] = users[i%2].Copy()
		back[i] = arrivedToLink(s, e, clients[i], bob)
	}
	answers := make([]*authtest.Answer, flowtest.Crowd)
	s.Meet(func(i int) { answers[i] = clients[i].Get(back[i]) })
	if got := tally(answers); got["/settings"] != flowtest.Crowd/2 || got[oauth.RefusedLinkTaken] != flowtest.Crowd/2 {
		s.Errorf("answers %v", got)
	}
	owners := map[any]bool{}
	for i, a := range answers {
		if to, _ := where(a); to == "/settings" {
			owners[i%2] = true
		}
	}
	if len(owners) != 1 {
		s.Error("both users have been told that the account is theirs")
	}
	flowtest.WantRows(s, e, core.ModelAccount, 3)
	whole(s, e)
}

func raceSignUp(s *flowtest.T) {
	e, _ := start(s, nil)
	clients, back := crowd(s, e, ada)
	answers := make([]*authtest.Answer, flowtest.Crowd)
	var taken atomic.Int32
	s.Meet(func(i int) {
		if i%2 == 0 {
			answers[i] = clients[i].Get(back[i])
			return
		}
		a := clients[i].Post("/sign-up/email", flowtest.Body{"name": "Ada", "email": flowtest.Email, "password": flowtest.Password})
		switch {
		case a.Status == 200:
			taken.Add(1)
		case a.Code() != "EMAIL_ALREADY_IN_USE":
			s.Errorf("sign-up answered %d %s", a.Status, a.Body)
		}
	})
	var callbacks []*authtest.Answer
	for i := 0; i < len(answers); i += 2 {
		callbacks = append(callbacks, answers[i])
	}
	// The password's user has not proven the address: the provider's is kept out.
	got := tally(callbacks)
	if in := got["/welcome"] + got["/dashboard"]; taken.Load() == 0 && in != len(callbacks) || taken.Load() == 1 && got[oauth.RefusedNotLinked] != len(callbacks) || taken.Load() > 1 {
		s.Errorf("%d sign-ups, callbacks %v", taken.Load(), got)
	}
	flowtest.WantRows(s, e, core.ModelUser, 1)
	flowtest.WantRows(s, e, core.ModelAccount, 1)
	whole(s, e)
}

func raceUnlink(s *flowtest.T) {
	e, _ := start(s, nil)
	home := member(s, e)
	signedIn(s, e, ada)
	clients, back := crowd(s, e, ada)
	answers := make([]*authtest.Answer, 0, flowtest.Crowd)
	var mu sync.Mutex
	s.Meet(func(i int) {
		if i == flowtest.Crowd/2 {
			home.Post("/unlink-account", flowtest.Body{"providerId": "acme"}).Want(s, 200, "")
			return
		}
		a := clients[i].Get(back[i])
		mu.Lock()
		defer mu.Unlock()
		answers = append(answers, a)
	})
	if got := tally(answers); got["/dashboard"] != flowtest.Crowd-1 {
		s.Errorf("answers %v", got)
	}
	flowtest.WantRows(s, e, core.ModelUser, 1)
	if n := len(flowtest.Rows(s, e, core.ModelAccount)); n != 1 && n != 2 {
		s.Errorf("%d accounts", n)
	}
}

func raceDeletion(s *flowtest.T) {
	e, _ := start(s, func(o *core.Options, _ *oauth.Config) { o.User.DeleteUser.Enabled = true })
	home := signedIn(s, e, ada)
	clients, back := crowd(s, e, ada)
	s.Meet(func(i int) {
		if i == flowtest.Crowd/2 {
			home.Post("/delete-user", flowtest.Body{}).Want(s, 200, "")
			return
		}
		if a := clients[i].Get(back[i]); a.Status != 302 {
			s.Errorf("answered %d %s", a.Status, a.Body)
		}
	})
	whole(s, e)
	if users, accounts := flowtest.Rows(s, e, core.ModelUser), flowtest.Rows(s, e, core.ModelAccount); len(users) != len(accounts) || len(users) > 1 {
		s.Errorf("users %v, accounts %v", users, accounts)
	}
}

func raceRefresh(s *flowtest.T) {
	acme := idptest.Local("acme")
	acme.ExpiresIn(60)
	var o core.Options
	e := s.Start(func(e *authtest.Env, opts *core.Options, p *emailpassword.Options) {
		o = *opts
		with(acme, nil)(e, opts, p)
	})
	o.HTTPClient, o.Plugins = acme.Client(), []core.Plugin{social.New(acme.Config()), emailpassword.New(emailpassword.Options{})}
	other, err := core.New(o)
	if err != nil {
		s.Fatal(err)
	}
	c := signedIn(s, e, ada)
	e.Clock.Add(2 * time.Minute)
	answers := make([]*authtest.Answer, flowtest.Crowd)
	s.Together(func(i int) {
		one := c.Copy()
		if i%2 == 1 {
			one.Auth = other
		}
		answers[i] = one.Post("/get-access-token", flowtest.Body{"providerId": "acme"})
	})
	got := map[string]int{}
	for _, a := range answers {
		got[fmt.Sprint(a.Status, a.Code(), a.JSON("accessToken"))]++
	}
	refreshed := 0
	for _, form := range acme.Asked() {
		if form.Get("grant_type") == "refresh_token" {
			refreshed++
		}
	}
	if refreshed != 1 || len(got) != 1 || answers[0].Status != 200 {
		s.Errorf("%d refreshes, answers %v", refreshed, got)
	}
	flowtest.WantRows(s, e, core.ModelVerification, 0)
}
