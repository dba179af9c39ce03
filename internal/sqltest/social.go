package sqltest

import (
	"net/http"
	"strings"
	"testing"

	"github.com/advantch/kernia-go/core"
	"github.com/advantch/kernia-go/core/authtest"
	"github.com/advantch/kernia-go/core/social"
	"github.com/advantch/kernia-go/core/suites/idptest"
)

// callbackStatements are those of a callback of a known user: the state, the account with
// its user, the session, the tokens, and how many sessions the user has. MySQL, unlike
// MariaDB, has no RETURNING: it finds the state before it deletes it, and reads the session
// back.
func callbackStatements(t testing.TB, d Database) int {
	if d.Dialect == "mysql" && !strings.Contains(column(t, d.Pool, "SELECT VERSION()")[0], "MariaDB") {
		return 7
	}
	return 5
}

func callback(t *testing.T, d Database) {
	acme := idptest.Local("acme")
	e := authtest.New(t, func(_ *authtest.Env, o *core.Options) { o.Database, o.HTTPClient = d.Watched, acme.Client() }, social.New(acme.Config()))
	ada := idptest.User{ID: "1001", Name: "Ada", Email: "ada@example.com", EmailVerified: true}
	arrived := func(c *authtest.Client) string {
		begun := c.Post("/sign-in/social", map[string]any{"provider": "acme", "callbackURL": "/dashboard"}).Want(t, 200, "")
		r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, idptest.As(begun.JSON("url"), ada), nil)
		if err != nil {
			t.Fatal(err)
		}
		res, err := acme.RoundTrip(r)
		if err != nil {
			t.Fatal(err)
		}
		_ = res.Body.Close()
		return strings.TrimPrefix(res.Header.Get("Location"), authtest.BaseURL+"/api/auth")
	}
	first, again := e.Client(), e.Client()
	first.Get(arrived(first))
	back := arrived(again)
	d.Log.Take()
	if to := again.Get(back).Header.Get("Location"); to != "/dashboard" {
		t.Fatalf("sent to %s", to)
	}
	var texts []string
	for _, text := range d.Log.Take() {
		// What begins and ends a transaction is not counted: of these, ent's on SQLite takes
		// the lock by a statement that does nothing.
		if word, _, _ := strings.Cut(text, " "); !strings.Contains("BEGIN COMMIT SET SAVEPOINT RELEASE", word) && !strings.HasSuffix(text, "WHERE 1 = 0") {
			texts = append(texts, text)
		}
	}
	if want := callbackStatements(t, d); len(texts) != want {
		t.Errorf("%d statements, want %d:\n%s", len(texts), want, strings.Join(texts, "\n"))
	}
	if again.Get("/get-session").Want(t, 200, "").JSON("user", "email") != "ada@example.com" {
		t.Error("no session")
	}
}
