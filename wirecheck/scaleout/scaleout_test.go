package scaleout

import (
	"fmt"
	"testing"
)

// signIns is how many sign-ins one address may try in an hour.
const signIns = 23

// setup is a way to spread state over stores.
type setup struct {
	name             string
	database         func(*testing.T) database
	sessions, limits string // flags of the server
}

var setups = []setup{
	{"everything in PostgreSQL", openPostgres, "database", "database"},
	{"sessions and limits in Redis, users in PostgreSQL", openPostgres, "redis", "redis"},
	{"sessions in both, limits in Redis by compare-and-swap", openPostgres, "both", "storage"},
	{"everything in one SQLite file", openFile, "database", "database"},
}

// world is a set-up with two processes in it.
type world struct {
	setup
	database
	processes [2]*process
	addresses byte
}

func TestTwoProcesses(t *testing.T) {
	t.Parallel()
	binary := build(t)
	for _, s := range setups {
		t.Run(s.name, func(t *testing.T) {
			w := open(t, s, binary)
			for _, scenario := range []struct {
				name string
				run  func(*testing.T, *world)
			}{
				{"a session made on one is known on the other", sessionsAreShared},
				{"a change of the user is seen on the other", updatesAreShared},
				{"a session ended on one is ended on the other", revocationsAreShared},
				{"a sign-in does not overtake a changed password", noneOvertakes},
				{"RL-12 both admit as many sign-ins as one would", limitsAreShared},
				{"PWR-02 a reset token has one winner", resetsOnce},
				{"a deletion link has one winner", deletesOnce},
				{"an address is taken once", signsUpOnce},
			} {
				t.Run(scenario.name, func(t *testing.T) { scenario.run(t, w) })
			}
		})
	}
}

// open starts two processes at the same time: both migrate the empty database.
func open(t *testing.T, s setup, binary string) *world {
	t.Helper()
	w := &world{setup: s, database: s.database(t)}
	env := []string{"KERNIA_SCALEOUT_DATABASE=" + w.dsn}
	args := []string{"-sessions", s.sessions, "-limits", s.limits, "-sign-ins", fmt.Sprint(signIns)}
	if s.sessions != "database" || s.limits != "database" {
		k := openRedis(t)
		env = append(env, "KERNIA_SCALEOUT_REDIS="+k.url)
		args = append(args, "-prefix", k.prefix)
	}
	for i, name := range []string{"one", "two"} {
		w.processes[i] = launch(t, name, binary, env, args)
	}
	for _, p := range w.processes {
		p.ready(t)
	}
	return w
}

// visitor is a browser at an address that no other has.
func (w *world) visitor() *browser {
	w.addresses++
	return newBrowser(fmt.Sprintf("203.0.113.%d", w.addresses))
}

const password = "correct horse battery"

// join signs up on a process.
func (w *world) join(t *testing.T, p *process, email string) *browser {
	t.Helper()
	b := w.visitor()
	b.post(t, p, "/sign-up/email", object{"name": "Ada", "email": email, "password": password}).want(t, 200)
	return b
}

// login signs in on a process.
func (w *world) login(t *testing.T, p *process, email, password string) *browser {
	t.Helper()
	b := w.visitor()
	b.post(t, p, "/sign-in/email", object{"email": email, "password": password}).want(t, 200)
	return b
}

// wantName checks, on both processes, whose session a browser has; "" for none.
// It leaves the browser's cookies alone.
func (w *world) wantName(t *testing.T, b *browser, name string) {
	t.Helper()
	for _, p := range w.processes {
		a := b.clone().get(t, p, "/get-session").want(t, 200)
		if got, _ := a.member("user", "name").(string); got != name {
			t.Errorf("process %s answers %s, want the session of %q", p.name, a.body, name)
		}
	}
}
