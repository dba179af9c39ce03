package core_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/advantch/kernia-go/core"
	"github.com/advantch/kernia-go/core/adapter"
	"github.com/advantch/kernia-go/core/adapters/memory"
	"github.com/advantch/kernia-go/core/authtest"
	"github.com/advantch/kernia-go/core/plugins/emailpassword"
	"github.com/advantch/kernia-go/core/secret"
	"github.com/advantch/kernia-go/core/storage"
)

func TestCanaries(t *testing.T) {
	t.Parallel()
	for _, mode := range []string{"database", "secondary storage", "failing database"} {
		t.Run("LOG-01 "+mode, func(t *testing.T) {
			t.Parallel()
			canaries := map[string]string{}
			add := func(what, v string) {
				if len(v) >= 8 {
					canaries[v] = what
				}
			}
			broken := ""
			var reported []string
			e := openWith(t, nil, func(e *authtest.Env, o *core.Options) {
				withCache(core.CacheCompact)(e, o)
				everything(e, o)
				o.User.DeleteUser.SendVerification = e.Mail("delete")
				o.RateLimit = core.RateLimitOptions{}
				o.OnError = func(_ context.Context, err error) { reported = append(reported, fmt.Sprintf("%v %+v", err, err)) }
				o.Database = newFaulty(memory.New(), func(op, model string) error {
					if broken == op+" "+model {
						return errDatabase
					}
					return nil
				})
				if mode == "secondary storage" {
					o.SecondaryStorage = storage.NewMemory(e.Clock.Now)
				}
			})
			add("the secret", authtest.Secret)
			const p1, p2, p3, wrong = "canary-password-one", "canary-password-two", "canary-password-three", "canary-wrong-password"
			for _, p := range []string{p1, p2, p3, wrong} {
				add("a password", p)
			}
			var bodies []string // error bodies: success bodies hold the token for its owner
			c := e.Client()
			do := func(method, path string, body any) *authtest.Answer {
				e.Clock.Add(time.Minute + time.Second) // beyond every window of the limiter
				data, _ := json.Marshal(body)
				text := string(data)
				if method == "GET" {
					text = ""
				}
				a := c.Do(method, path, text)
				if a.Status >= 400 {
					bodies = append(bodies, a.Body)
				}
				for _, k := range strings.Split(c.CookieHeader(), "; ") {
					_, v, _ := strings.Cut(k, "=")
					add("a cookie", v)
					token, _, ok := strings.Cut(v, ".")
					if ok && token != "true" {
						add("a token", token)
					}
				}
				add("a session token", a.JSON("token"))
				for _, m := range e.Mails() {
					add("a mailed token", m.Token)
				}
				return a
			}
			flow := func() {
				do("POST", "/sign-up/email", object{"name": "A", "email": ada, "password": p1})
				do("POST", "/sign-up/email", object{"name": "A", "email": ada, "password": p2})
				do("POST", "/sign-up/email", object{"name": "A", "email": "not an address", "password": p2})
				do("POST", "/sign-up/email", object{"name": 5, "email": bob, "password": p2})
				do("GET", "/get-session", nil)
				do("POST", "/sign-in/email", object{"email": ada, "password": wrong})
				do("POST", "/sign-in/email", object{"email": bob, "password": wrong})
				do("POST", "/sign-in/email", object{"email": ada, "password": []string{wrong}})
				do("POST", "/sign-in/email", object{"email": ada, "password": p1, "callbackURL": "https://evil.example/" + wrong})
				do("POST", "/sign-in/email", object{"email": ada, "password": p1, "rememberMe": false})
				do("POST", "/send-verification-email", object{"email": ada})
				do("GET", "/verify-email?token="+e.LastMail().Token, nil)
				do("POST", "/change-email", object{"newEmail": "new@example.com"})
				do("POST", "/request-password-reset", object{"email": ada, "redirectTo": "/r"})
				reset := e.LastMail().Token
				do("GET", "/reset-password/"+reset+"?callbackURL=/r", nil)
				do("GET", "/reset-password/"+reset+"?callbackURL=https://evil.example", nil)
				do("GET", "/reset-password/"+reset+"/x?callbackURL=/r", nil)
				do("POST", "/reset-password", object{"token": reset, "newPassword": "short"})
				do("POST", "/reset-password", object{"token": reset, "newPassword": p2})
				do("POST", "/reset-password?token="+reset, object{"newPassword": p2})
				do("POST", "/sign-in/email", object{"email": ada, "password": p2})
				do("POST", "/change-password", object{"currentPassword": wrong, "newPassword": p3})
				do("POST", "/change-password", object{"currentPassword": p2, "newPassword": p3, "revokeOtherSessions": true})
				do("POST", "/verify-password", object{"password": wrong})
				do("POST", "/revoke-session", object{"token": wrong})
				do("GET", "/list-sessions", nil)
				do("GET", "/list-accounts", nil)
				do("POST", "/update-user", object{"name": 5})
				do("POST", "/delete-user", object{"password": wrong})
				do("POST", "/delete-user", object{"password": p3})
				do("GET", "/delete-user/callback?token="+e.LastMail().Token, nil)
				do("POST", "/sign-out", object{})
			}
			e.Auth.Store() // the flow makes rows of every kind
			flow2 := func() {
				// A limited reset link: its path holds the token.
				token := e.LastMail().Token
				for range 110 {
					c.Get("/reset-password/" + token + "?callbackURL=/r")
				}
			}
			if mode == "failing database" {
				for _, op := range []string{"find", "create", "update", "delete"} {
					for _, model := range []string{core.ModelUser, core.ModelSession, core.ModelAccount, core.ModelVerification} {
						broken = ""
						c = e.Client()
						do("POST", "/sign-up/email", object{"name": "A", "email": ada, "password": p1})
						do("POST", "/request-password-reset", object{"email": ada})
						broken = op + " " + model
						flow()
					}
				}
			} else {
				flow()
			}
			flow2()

			var logged bytes.Buffer
			logged.WriteString(e.Log.String())
			for _, ev := range e.Events() {
				fmt.Fprintf(&logged, "%+v\n", ev)
				data, _ := json.Marshal(ev)
				logged.Write(data)
			}
			logged.WriteString(strings.Join(reported, "\n"))
			logged.WriteString(strings.Join(bodies, "\n"))
			text := logged.String()
			if len(canaries) < 12 || len(bodies) < 8 || len(e.Events()) < 8 {
				t.Fatalf("too little happened: %d canaries, %d error bodies, %d events", len(canaries), len(bodies), len(e.Events()))
			}
			limited := false
			for _, ev := range e.Events() {
				limited = limited || ev.Type == core.EventRateLimited
			}
			if !limited {
				t.Error("nothing was limited")
			}
			for v, what := range canaries {
				decoded, _ := url.QueryUnescape(v)
				for _, form := range []string{v, decoded} {
					if form != "" && strings.Contains(text, form) {
						i := strings.Index(text, form)
						t.Errorf("%s was written: …%s…", what, text[max(0, i-200):min(len(text), i+100)])
					}
				}
			}
		})
	}
}

func TestLogText(t *testing.T) {
	t.Parallel()
	evil := "x\r\n2026-01-01 level=ERROR forged \x1b[31mred\u2028"
	t.Run("LOG-02 no line is forged", func(t *testing.T) {
		t.Parallel()
		for _, asText := range []bool{false, true} {
			e := open(t, func(e *authtest.Env, o *core.Options) {
				if asText {
					o.Logger = slog.New(slog.NewTextHandler(e.Log, nil))
				}
				o.Before = func(c *core.Ctx) error {
					if c.Path() == "/ok" {
						return fmt.Errorf("failed for %s", c.Req.Header.Get("User-Agent"))
					}
					return nil
				}
			})
			c := e.Client()
			c.Get("/ok", header("User-Agent", evil)).Want(t, 500, "INTERNAL_SERVER_ERROR")
			c.Post("/sign-in/email", object{"email": evil, "password": evil}, header("User-Agent", evil))
			c.Get("/" + url.PathEscape(evil))
			for _, line := range strings.Split(strings.TrimSpace(e.Log.String()), "\n") {
				if !strings.HasPrefix(line, "{") && !strings.HasPrefix(line, "time=") {
					t.Errorf("a line of its own: %q", line)
				}
				if strings.ContainsAny(line, "\x1b\r") {
					t.Errorf("control characters: %q", line)
				}
			}
		}
	})
	t.Run("LOG-03 no address of an unknown user is logged", func(t *testing.T) {
		t.Parallel()
		e := open(t, nil)
		c := e.Client()
		c.Post("/sign-in/email", object{"email": "stranger@example.com", "password": passphrase}).Want(t, 401, "INVALID_CREDENTIALS")
		c.Post("/request-password-reset", object{"email": "stranger@example.com"}).Want(t, 200, "")
		c.Post("/send-verification-email", object{"email": "stranger@example.com"}).Want(t, 200, "")
		mustNotContain(t, "the log", e.Log.String()+fmt.Sprintf("%+v", e.Events()), "stranger")
	})
	t.Run("LOG-04 a 500 is generic", func(t *testing.T) {
		t.Parallel()
		e := open(t, func(_ *authtest.Env, o *core.Options) {
			o.Database = newFaulty(memory.New(), func(op, model string) error { return fmt.Errorf("%s %s: %w", op, model, errDatabase) })
		})
		for _, a := range []*authtest.Answer{
			e.Client().Post("/sign-in/email", object{"email": ada, "password": passphrase}),
			e.Client().Post("/sign-up/email", object{"name": "A", "email": ada, "password": passphrase}),
			e.Client().Get("/reset-password/x?callbackURL=/x"),
		} {
			if a.Status != 500 || a.Body != `{"message":"Internal Server Error","code":"INTERNAL_SERVER_ERROR"}` {
				t.Errorf("%d %s", a.Status, a.Body)
			}
		}
		mustContain(t, e.Log.String(), "pq: connection to 10.0.0.5 refused") // for the operator
	})
}

func TestSecretsArePrintedRedacted(t *testing.T) {
	t.Parallel()
	var mail core.Mail
	e := openWith(t, func(e *authtest.Env, p *emailpassword.Options) {
		p.SendResetPassword = func(_ context.Context, m core.Mail) error { mail = m; return nil }
	}, nil)
	c := join(t, e, ada)
	c.Post("/request-password-reset", object{"email": ada}).Want(t, 200, "")
	store := e.Auth.Store()
	data, err := store.FindSession(t.Context(), tokenOf(c))
	if err != nil {
		t.Fatal(err)
	}
	access := "canary-access-token"
	accounts, err := store.FindAccounts(t.Context(), data.User.ID)
	if err != nil {
		t.Fatal(err)
	}
	account, err := store.UpdateAccount(t.Context(), accounts[0].ID, adapter.Record{"accessToken": access})
	if err != nil {
		t.Fatal(err)
	}
	v, err := store.CreateVerification(t.Context(), "canary-identifier", "canary-value", e.Auth.Now().Add(time.Hour))
	if err != nil {
		t.Fatal(err)
	}
	options := core.Options{Secret: authtest.Secret, Secrets: []secret.Versioned{{Version: 1, Value: authtest.Secret}}, BaseURL: authtest.BaseURL}
	change := core.ChangeEmailMail{User: mail.User, NewEmail: bob, URL: mail.URL, Token: mail.Token}
	canaries := []string{authtest.Secret, data.Session.Token, access, *account.Password, v.Value, v.Identifier, mail.Token}
	for what, x := range map[string]any{
		"Auth": e.Auth, "Options": options, "*Options": &options, "Keyring": e.Auth.Keys(), "Session": data.Session, "*Session": &data.Session, "SessionData": *data, "*SessionData": data,
		"Account": *account, "*Account": account, "Verification": *v, "*Verification": v, "Mail": mail, "*Mail": &mail, "ChangeEmailMail": change,
		"Store": store, "secret.Versioned": options.Secrets[0], "[]Session": []core.Session{data.Session},
	} {
		t.Run("LOG-05 "+what, func(t *testing.T) {
			for _, verb := range []string{"%v", "%+v", "%s", "%#v", "%q"} {
				mustNotContain(t, what+" as "+verb, fmt.Sprintf(verb, x), canaries...)
			}
			for _, h := range []func(*bytes.Buffer) slog.Handler{
				func(b *bytes.Buffer) slog.Handler { return slog.NewTextHandler(b, nil) },
				func(b *bytes.Buffer) slog.Handler { return slog.NewJSONHandler(b, nil) },
			} {
				var b bytes.Buffer
				slog.New(h(&b)).Info("x", "value", x)
				if !strings.HasPrefix(what, "[]") { // slog asks elements of slices for JSON, which is the wire form
					mustNotContain(t, what+" in a log", b.String(), canaries...)
				}
			}
		})
	}
}
