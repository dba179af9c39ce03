// Package usernametest has the flows of the plugin for flowtest.Run.
package usernametest

import (
	"fmt"
	"sync"

	"github.com/advantch/kernia-go/core"
	"github.com/advantch/kernia-go/core/authtest"
	"github.com/advantch/kernia-go/core/plugins/emailpassword"
	"github.com/advantch/kernia-go/core/plugins/username"
	"github.com/advantch/kernia-go/core/suites/flowtest"
)

// Suite is for flowtest.Run.
func Suite() flowtest.Suite {
	return flowtest.Suite{
		Flows: []flowtest.Flow{{Name: "sign in with a user name", Run: signIn}},
		Races: []flowtest.Flow{{Name: "RACE-01 one name, many users", Run: race}},
		Faults: []flowtest.Request{
			{Name: "sign in with a user name", Change: with, Prepare: func(t *flowtest.T, e *authtest.Env) (*authtest.Client, func(*authtest.Client) *authtest.Answer) {
				register(t, e, flowtest.Email, "ada")
				return e.Client(), flowtest.Send("POST", "/sign-in/username", flowtest.Body{"username": "ada", "password": flowtest.Password})
			}},
		},
	}
}

func with(_ *authtest.Env, o *core.Options, _ *emailpassword.Options) {
	o.Plugins = append(o.Plugins, username.New(username.Options{}))
}

func register(t *flowtest.T, e *authtest.Env, email, name string) *authtest.Client {
	c := e.Client()
	in := flowtest.Body{"name": "Ada", "email": email, "password": flowtest.Password}
	if name != "" {
		in["username"] = name
	}
	c.Post("/sign-up/email", in).Want(t, 200, "")
	return c
}

func signIn(t *flowtest.T) {
	e := t.Start(with)
	c := register(t, e, flowtest.Email, "Ada_L")
	register(t, e, "b@example.com", "") // a second user without a name: null is not unique
	register(t, e, "c@example.com", "")
	if a := e.Client().Post("/sign-in/username", flowtest.Body{"username": "ADA_L", "password": flowtest.Password}).Want(t, 200, ""); a.JSON("user", "email") != flowtest.Email {
		t.Errorf("%s", a.Body)
	}
	e.Client().Post("/sign-in/username", flowtest.Body{"username": "b", "password": flowtest.Password}).Want(t, 422, "USERNAME_TOO_SHORT")
	e.Client().Post("/sign-in/username", flowtest.Body{"username": "bob", "password": flowtest.Password}).Want(t, 401, "INVALID_USERNAME_OR_PASSWORD")
	c.Post("/update-user", flowtest.Body{"username": nil}).Want(t, 200, "")
	if a := e.Client().Post("/is-username-available", flowtest.Body{"username": "ada_l"}).Want(t, 200, ""); a.JSON("available") != "true" {
		t.Errorf("%s", a.Body)
	}
}

// race has several users choose one name at once: one gets it, and nobody gets a 500.
func race(t *flowtest.T) {
	e := t.Start(with)
	const users = 6
	clients := make([]*authtest.Client, users)
	for i := range clients {
		clients[i] = register(t, e, fmt.Sprintf("u%d@example.com", i), "")
	}
	var wg sync.WaitGroup
	var mu sync.Mutex
	won := 0
	for _, c := range clients {
		wg.Go(func() {
			a := c.Post("/update-user", flowtest.Body{"username": "Ada"})
			mu.Lock()
			defer mu.Unlock()
			switch {
			case a.Status == 200:
				won++
			case a.Code() != "USERNAME_IS_ALREADY_TAKEN" && a.Code() != "FAILED_TO_UPDATE_USER":
				t.Errorf("%d %s", a.Status, a.Body)
			}
		})
	}
	wg.Wait()
	if won != 1 {
		t.Errorf("%d users have the name", won)
	}
}
