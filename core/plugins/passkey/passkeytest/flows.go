package passkeytest

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/advantch/kernia-go/core"
	"github.com/advantch/kernia-go/core/adapter"
	"github.com/advantch/kernia-go/core/authtest"
	"github.com/advantch/kernia-go/core/plugins/emailpassword"
	"github.com/advantch/kernia-go/core/plugins/passkey"
	"github.com/advantch/kernia-go/core/suites/flowtest"
)

// Suite has the flows of the plugin, for flowtest.Run.
func Suite() flowtest.Suite {
	return flowtest.Suite{Flows: []flowtest.Flow{
		{Name: "a life with passkeys", Run: flow(life)},
		{Name: "a deleted user takes them along", Run: flow(cascade)},
	}, Races: []flowtest.Flow{
		{Name: "PKY-02 fifty answers to one challenge", Run: flow(raceChallenge)},
		{Name: "PKY-02 fifty registrations with one challenge", Run: flow(raceRegistration)},
		{Name: "PKY-07 fifty sign-ins with one counter", Run: flow(raceCounter)},
		{Name: "PKY-09 fifty users and one credential", Run: flow(raceCredential)},
		{Name: "RACE-11 fifty deletions of the last passkeys", Run: flow(raceLast)},
		{Name: "RACE-11 deletions against the unlinking of accounts", Run: flow(raceLastWay)},
		{Name: "a deletion against sign-ins", Run: flow(raceDeletion)},
	}}
}

// flow opens an Auth with the plugin for a test.
func flow(run func(t *testing.T, e *authtest.Env)) func(*flowtest.T) {
	return func(s *flowtest.T) {
		run(s.T, s.Start(func(_ *authtest.Env, o *core.Options, _ *emailpassword.Options) {
			o.User.DeleteUser.Enabled = true
			o.Plugins = append(o.Plugins, passkey.New(passkey.Options{}))
		}))
	}
}

// crowd is how many callers a race has.
const crowd = 50

const userPassword = "correct horse"

// SignUp makes a user with a password and returns a client that is signed in.
func SignUp(t testing.TB, e *authtest.Env, email string) *authtest.Client {
	t.Helper()
	c := e.Client()
	c.Post("/sign-up/email", Object{"name": "Ada", "email": email, "password": userPassword}).Want(t, 200, "")
	return c
}

// Register registers a passkey for a client that is signed in.
func Register(c *authtest.Client, a *Authenticator, forge Forgery) *authtest.Answer {
	options := c.Get("/passkey/generate-register-options")
	if options.Status != 200 {
		return options
	}
	return c.Post("/passkey/verify-registration", Object{"response": a.Create(options.Body, forge)})
}

// SignIn signs a client in with a passkey.
func SignIn(c *authtest.Client, a *Authenticator, forge Forgery) *authtest.Answer {
	options := c.Get("/passkey/generate-authenticate-options")
	if options.Status != 200 {
		return options
	}
	return c.Post("/passkey/verify-authentication", Object{"response": a.Get(options.Body, forge)})
}

// OnlyPasskeys removes the accounts of all users, so that they have only
// passkeys.
func OnlyPasskeys(t testing.TB, e *authtest.Env) {
	t.Helper()
	if _, err := e.Auth.DB().DeleteMany(context.Background(), core.ModelAccount, adapter.Where{{Field: "id", Op: adapter.Ne, Value: ""}}); err != nil {
		t.Fatal(err)
	}
}

// Rows lists the rows of the passkey table.
func Rows(t testing.TB, e *authtest.Env) []adapter.Record {
	t.Helper()
	rows, err := e.Auth.DB().FindMany(context.Background(), adapter.Find{Model: passkey.Model})
	if err != nil {
		t.Fatal(err)
	}
	return rows
}

func wantRows(t testing.TB, e *authtest.Env, n int) []adapter.Record {
	t.Helper()
	rows := Rows(t, e)
	if len(rows) != n {
		t.Fatalf("%d passkeys, want %d: %v", len(rows), n, rows)
	}
	return rows
}

// together calls fn from crowd goroutines that start at once.
func together(t testing.TB, fn func(i int)) {
	t.Helper()
	start, done := make(chan struct{}), make(chan struct{})
	var wg sync.WaitGroup
	for i := range crowd {
		wg.Go(func() {
			<-start
			fn(i)
		})
	}
	close(start)
	go func() { wg.Wait(); close(done) }()
	select {
	case <-done:
	case <-time.After(2 * time.Minute):
		t.Fatal("deadlock: the callers have not returned after two minutes")
	}
}

// winners counts the successes; everybody else must have been answered with one
// of the codes.
func winners(t testing.TB, answers []*authtest.Answer, codes ...string) int {
	t.Helper()
	won, other := 0, map[string]int{}
	for _, a := range answers {
		if a.Status == 200 {
			won++
			continue
		}
		other[fmt.Sprintf("%d %s", a.Status, a.Code())]++
	}
	for _, code := range codes {
		delete(other, code)
	}
	if len(other) > 0 {
		t.Fatalf("%d successes, and answers %v; want no others than %v", won, other, codes)
	}
	return won
}

func life(t *testing.T, e *authtest.Env) {
	c, key := SignUp(t, e, "ada@example.com"), New(authtest.BaseURL)
	id := Register(c, key, Forgery{}).Want(t, 200, "").JSON("id")
	e.Clock.Add(time.Second)
	second := Register(c, key, Forgery{}).Want(t, 200, "").JSON("id")
	list := c.Get("/passkey/list-user-passkeys").Want(t, 200, "").Body
	if strings.Index(list, id) > strings.Index(list, second) || !strings.Contains(list, second) {
		t.Errorf("listed %s", list)
	}
	visitor := e.Client()
	a := SignIn(visitor, key, Forgery{Key: key.Keys[0]}).Want(t, 200, "")
	if a.JSON("user", "email") != "ada@example.com" || a.JSON("session", "token") == "" {
		t.Errorf("signed in: %s", a.Body)
	}
	if got := visitor.Get("/get-session").JSON("user", "email"); got != "ada@example.com" {
		t.Errorf("the session is of %q", got)
	}
	c.Post("/passkey/update-passkey", Object{"id": id, "name": "Laptop \U0001F511"}).Want(t, 200, "")
	c.Post("/passkey/delete-passkey", Object{"id": second}).Want(t, 200, "")
	row := wantRows(t, e, 1)[0]
	if row["name"] != "Laptop \U0001F511" || row["counter"] != int64(2) || row["id"] != id {
		t.Errorf("stored %v", row)
	}
	SignIn(e.Client(), key, Forgery{Key: key.Keys[1]}).Want(t, 401, "PASSKEY_NOT_FOUND")
}

func cascade(t *testing.T, e *authtest.Env) {
	c, key := SignUp(t, e, "ada@example.com"), New(authtest.BaseURL)
	Register(c, key, Forgery{}).Want(t, 200, "")
	c.Post("/delete-user", Object{"password": userPassword}).Want(t, 200, "")
	SignIn(e.Client(), key, Forgery{}).Want(t, 401, "PASSKEY_NOT_FOUND")
	wantRows(t, e, 0)
}

func raceChallenge(t *testing.T, e *authtest.Env) {
	key := New(authtest.BaseURL)
	Register(SignUp(t, e, "ada@example.com"), key, Forgery{}).Want(t, 200, "")
	visitor := e.Client()
	body := Object{"response": key.Get(visitor.Get("/passkey/generate-authenticate-options").Want(t, 200, "").Body, Forgery{})}
	answers := make([]*authtest.Answer, crowd)
	together(t, func(i int) { answers[i] = visitor.Copy().Post("/passkey/verify-authentication", body) })
	if n := winners(t, answers, "400 CHALLENGE_NOT_FOUND"); n != 1 {
		t.Errorf("%d sign-ins with one challenge", n)
	}
}

func raceRegistration(t *testing.T, e *authtest.Env) {
	c := SignUp(t, e, "ada@example.com")
	options := c.Get("/passkey/generate-register-options").Want(t, 200, "").Body
	bodies := make([]Object, crowd)
	for i := range bodies {
		bodies[i] = Object{"response": New(authtest.BaseURL).Create(options, Forgery{})}
	}
	answers := make([]*authtest.Answer, crowd)
	together(t, func(i int) { answers[i] = c.Copy().Post("/passkey/verify-registration", bodies[i]) })
	if n := winners(t, answers, "400 CHALLENGE_NOT_FOUND"); n != 1 {
		t.Errorf("%d registrations with one challenge", n)
	}
	wantRows(t, e, 1)
}

// raceCounter signs in with copies of one authenticator that have the same counter.
func raceCounter(t *testing.T, e *authtest.Env) {
	key := New(authtest.BaseURL)
	Register(SignUp(t, e, "ada@example.com"), key, Forgery{}).Want(t, 200, "")
	clients, bodies := make([]*authtest.Client, crowd), make([]Object, crowd)
	counter := uint32(7)
	for i := range clients {
		clients[i] = e.Client()
		options := clients[i].Get("/passkey/generate-authenticate-options").Want(t, 200, "").Body
		bodies[i] = Object{"response": key.Get(options, Forgery{Counter: &counter})}
	}
	answers := make([]*authtest.Answer, crowd)
	together(t, func(i int) { answers[i] = clients[i].Post("/passkey/verify-authentication", bodies[i]) })
	if n := winners(t, answers, "401 AUTHENTICATION_FAILED"); n != 1 {
		t.Errorf("%d sign-ins with one counter", n)
	}
	if row := wantRows(t, e, 1)[0]; row["counter"] != int64(7) {
		t.Errorf("the counter is %v", row["counter"])
	}
}

func raceCredential(t *testing.T, e *authtest.Env) {
	clients, bodies := make([]*authtest.Client, crowd), make([]Object, crowd)
	for i := range clients {
		clients[i] = SignUp(t, e, fmt.Sprintf("user%d@example.com", i))
		options := clients[i].Get("/passkey/generate-register-options").Want(t, 200, "").Body
		bodies[i] = Object{"response": New(authtest.BaseURL).Create(options, Forgery{ID: []byte("the same for all")})}
	}
	answers := make([]*authtest.Answer, crowd)
	together(t, func(i int) { answers[i] = clients[i].Post("/passkey/verify-registration", bodies[i]) })
	if n := winners(t, answers, "400 PREVIOUSLY_REGISTERED"); n != 1 {
		t.Errorf("%d users have registered one credential", n)
	}
	wantRows(t, e, 1)
}

func raceLast(t *testing.T, e *authtest.Env) {
	c, key := SignUp(t, e, "ada@example.com"), New(authtest.BaseURL)
	var ids []string
	for range 5 {
		ids = append(ids, Register(c, key, Forgery{}).Want(t, 200, "").JSON("id"))
	}
	OnlyPasskeys(t, e)
	answers := make([]*authtest.Answer, crowd)
	together(t, func(i int) { answers[i] = c.Copy().Post("/passkey/delete-passkey", Object{"id": ids[i%len(ids)]}) })
	if n := winners(t, answers, "400 FAILED_TO_DELETE_LAST_PASSKEY", "404 PASSKEY_NOT_FOUND"); n != len(ids)-1 {
		t.Errorf("%d passkeys were deleted, want all but one of %d", n, len(ids))
	}
	wantRows(t, e, 1)
	SignIn(e.Client(), key, Forgery{Key: keyOf(t, e, key)}).Want(t, 200, "")
}

// keyOf finds the key of the only row.
func keyOf(t testing.TB, e *authtest.Env, a *Authenticator) *Key {
	t.Helper()
	id := wantRows(t, e, 1)[0]["credentialID"]
	for _, k := range a.Keys {
		if k.CredentialID() == id {
			return k
		}
	}
	t.Fatal("the row is of no key")
	return nil
}

// raceLastWay: of a passkey and an account that are removed at once, one stays.
func raceLastWay(t *testing.T, e *authtest.Env) {
	c, key := SignUp(t, e, "ada@example.com"), New(authtest.BaseURL)
	id := Register(c, key, Forgery{}).Want(t, 200, "").JSON("id")
	answers := make([]*authtest.Answer, crowd)
	together(t, func(i int) {
		if i%2 == 0 {
			answers[i] = c.Copy().Post("/unlink-account", Object{"providerId": core.ProviderCredential})
		} else {
			answers[i] = c.Copy().Post("/passkey/delete-passkey", Object{"id": id})
		}
	})
	winners(t, answers, "400 FAILED_TO_DELETE_LAST_PASSKEY", "404 PASSKEY_NOT_FOUND", "400 FAILED_TO_UNLINK_LAST_ACCOUNT", "400 ACCOUNT_NOT_FOUND")
	accounts, err := e.Auth.DB().Count(context.Background(), core.ModelAccount, nil)
	if err != nil {
		t.Fatal(err)
	}
	if ways := accounts + int64(len(Rows(t, e))); ways < 1 {
		t.Error("the user cannot sign in any more")
	}
}

// raceDeletion: no session is made by a passkey after its deletion.
func raceDeletion(t *testing.T, e *authtest.Env) {
	c, key := SignUp(t, e, "ada@example.com"), New(authtest.BaseURL)
	key.NoCounter = true
	id := Register(c, key, Forgery{}).Want(t, 200, "").JSON("id")
	clients, bodies := make([]*authtest.Client, crowd), make([]Object, crowd)
	for i := range clients {
		clients[i] = e.Client()
		bodies[i] = Object{"response": key.Get(clients[i].Get("/passkey/generate-authenticate-options").Want(t, 200, "").Body, Forgery{})}
	}
	answers := make([]*authtest.Answer, crowd)
	together(t, func(i int) {
		if i == crowd/2 {
			answers[i] = c.Post("/passkey/delete-passkey", Object{"id": id})
			// Ending the sessions now, as after the loss of a passkey, ends all of
			// them.
			if a := c.Post("/revoke-sessions", Object{}); a.Status != 200 {
				t.Errorf("revoke-sessions answered %d %s", a.Status, a.Body)
			}
			return
		}
		answers[i] = clients[i].Post("/passkey/verify-authentication", bodies[i])
	})
	winners(t, answers, "401 PASSKEY_NOT_FOUND", "401 AUTHENTICATION_FAILED")
	for i, client := range clients {
		if i != crowd/2 && client.Get("/get-session?disableCookieCache=true").Body != "null" {
			t.Errorf("client %d is signed in by a deleted passkey", i)
		}
	}
}
