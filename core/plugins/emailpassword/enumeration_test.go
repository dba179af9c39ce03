package emailpassword_test

import (
	"context"
	"go/ast"
	"go/parser"
	"go/token"
	"math/rand/v2"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/advantch/kernia-go/core"
	"github.com/advantch/kernia-go/core/authtest"
	hashing "github.com/advantch/kernia-go/core/password"
	"github.com/advantch/kernia-go/core/plugins/emailpassword"
)

// alike expects two indistinguishable answers.
func alike(t *testing.T, what string, a, b *authtest.Answer) {
	t.Helper()
	if a.Status != b.Status || a.Body != b.Body || headers(a) != headers(b) {
		t.Errorf("%s differs:\n%d %s %s\n%d %s %s", what, a.Status, headers(a), a.Body, b.Status, headers(b), b.Body)
	}
}

func headers(a *authtest.Answer) string {
	lines := make([]string, 0, len(a.Header))
	for _, h := range a.Header {
		lines = append(lines, h.Name+": "+h.Value)
	}
	return strings.Join(lines, "\n")
}

func TestSignInTellsNothing(t *testing.T) {
	t.Parallel()
	for name, compat := range map[string]core.Compat{"kernia": core.CompatKernia, "better-auth": core.CompatBetterAuth} {
		var w work
		e := open(t, both(w.counted, func(e *authtest.Env, o *core.Options, p *emailpassword.Options) {
			o.Compat = compat
			p.RequireEmailVerification = true
			o.EmailVerification.Send, o.EmailVerification.SendOnSignIn = e.Mail("verify-email"), true
		}))
		signUp(t, e) // whose address is not verified
		social(t, e, "social@example.com")
		mails := len(e.Mails())
		unknown := signIn(e, nobody, "wrong password")
		t.Run("ENUM-01 answer and work do not depend on the account, "+name, func(t *testing.T) {
			if n := w.cost(func() { unknown = signIn(e, nobody, "wrong password") }); n != 1 {
				t.Errorf("an unknown address costs %d units of hashing, want 1", n)
			}
			for _, address := range []string{email, "social@example.com"} {
				var a *authtest.Answer
				if n := w.cost(func() { a = signIn(e, address, "wrong password") }); n != 1 {
					t.Errorf("%s costs %d units of hashing, want 1", address, n)
				}
				alike(t, address, unknown, a)
			}
			// Beyond the longest password that can exist nothing is hashed, for anyone.
			long := strings.Repeat("x", 129)
			for _, address := range []string{nobody, email, "social@example.com"} {
				if n := w.cost(func() { alike(t, address, unknown, signIn(e, address, long)) }); n != 0 {
					t.Errorf("%s: a password that is too long costs %d units", address, n)
				}
			}
		})
		t.Run("ENUM-02 unverified and a wrong password, "+name, func(t *testing.T) {
			alike(t, "a wrong password", unknown, signIn(e, email, "wrong password"))
			if len(e.Mails()) != mails {
				t.Error("a wrong password has sent a mail")
			}
			signIn(e, email, password).Want(t, 403, "EMAIL_NOT_VERIFIED")
		})
	}
}

// medians makes failing sign-ins with several addresses in turn, and expects about
// equal medians of their times. Another process may take the processor away at any
// time, so one of a few rounds is enough. A missing hash makes a factor of fifty.
// TestSignInTellsNothing counts the exact work instead of timing it.
func medians(t *testing.T, e *authtest.Env, samples int, limit float64, addresses ...string) {
	t.Helper()
	var ratio float64
	for range 6 {
		times := make([][]time.Duration, len(addresses))
		for range samples {
			// In random order: the garbage of three hashes is collected at the same one of
			// three calls otherwise.
			for _, i := range rand.Perm(len(addresses)) {
				address := addresses[i]
				start := time.Now()
				signIn(e, address, "wrong password").Want(t, 401, "INVALID_CREDENTIALS")
				times[i] = append(times[i], time.Since(start))
			}
		}
		low, high := time.Duration(1<<62), time.Duration(0)
		for _, list := range times {
			slices.Sort(list)
			low, high = min(low, list[len(list)/2]), max(high, list[len(list)/2])
		}
		if ratio = float64(high) / float64(low); ratio < limit {
			t.Logf("ratio %.2f", ratio)
			return
		}
	}
	t.Errorf("the slowest kind of failure takes %.2f times as long as the quickest", ratio)
}

// The timing tests run alone: they are not parallel.
func TestSignInTiming(t *testing.T) {
	// Cheap, and still a hundred times everything else in the call.
	argon2 := core.PasswordOptions{Argon2: hashing.Argon2Params{Memory: 4096, Time: 2, Threads: 1}}
	algorithm := hashing.Scrypt
	scrypt := core.PasswordOptions{Algorithm: &algorithm}
	timed := func(t *testing.T, o core.PasswordOptions) *authtest.Env {
		e := open(t, func(_ *authtest.Env, c *core.Options, _ *emailpassword.Options) { c.Password = o })
		signUp(t, e)
		social(t, e, "social@example.com")
		return e
	}
	t.Run("ENUM-01 medians of interleaved sign-ins", func(t *testing.T) {
		medians(t, timed(t, argon2), 31, 1.5, nobody, email, "social@example.com")
	})
	// An unknown address costs as much as a hash of the current algorithm.
	t.Run("ENUM-10 the dummy hash follows the algorithm", func(t *testing.T) {
		medians(t, timed(t, scrypt), 5, 2, nobody, email)
	})
}

var volatile = regexp.MustCompile(`"id":"[A-Za-z0-9]{32}"`)

func TestQuietSignUp(t *testing.T) {
	t.Parallel()
	verification := func(e *authtest.Env, o *core.Options, p *emailpassword.Options) {
		p.RequireEmailVerification, o.EmailVerification.Send = true, e.Mail("verify-email")
	}
	silent := func(_ *authtest.Env, _ *core.Options, p *emailpassword.Options) { p.DisableAutoSignIn = true }
	for name, change := range map[string]settings{
		"verification": verification, "no auto sign-in": silent,
		"verification, better-auth": both(betterAuth, verification), "no auto sign-in, better-auth": both(betterAuth, silent),
	} {
		t.Run("ENUM-03 a used address looks free, "+name, func(t *testing.T) {
			t.Parallel()
			var w work
			var told []string
			e := open(t, both(change, w.counted, func(_ *authtest.Env, _ *core.Options, p *emailpassword.Options) {
				p.OnExistingUserSignUp = func(_ context.Context, u *core.User) error {
					told = append(told, u.Email)
					return nil
				}
			}))
			first := body{"name": "Eve", "email": email, "password": password, "image": "https://example.com/e.png"}
			var free, used *authtest.Answer
			freeCost := w.cost(func() { free = e.Client().Post("/sign-up/email", first).Want(t, 200, "") })
			mails := len(e.Mails())
			usedCost := w.cost(func() {
				used = e.Client().Post("/sign-up/email", body{"name": "Eve", "email": strings.ToUpper(email), "password": another,
					"image": "https://example.com/e.png"}).Want(t, 200, "")
			})
			if freeCost != 1 || usedCost != 1 {
				t.Errorf("a free address costs %d units of hashing and a used one %d, want 1", freeCost, usedCost)
			}
			if free.JSON("user", "id") == used.JSON("user", "id") || used.JSON("user", "id") == wantRows(t, e, core.ModelUser, 1)[0]["id"] {
				t.Error("the answer shows the id of the owner")
			}
			free.Body, used.Body = volatile.ReplaceAllString(free.Body, `"id":"…"`), volatile.ReplaceAllString(used.Body, `"id":"…"`)
			if !strings.Contains(used.Body, `"id":"…"`) || !strings.HasPrefix(used.Body, `{"token":null,"user":{`) {
				t.Errorf("answered %s", used.Body)
			}
			alike(t, "the sign-up", free, used)
			if len(e.Mails()) != mails || !slices.Equal(told, []string{email}) {
				t.Errorf("%d mails, told of %v", len(e.Mails())-mails, told)
			}
			wantRows(t, e, core.ModelAccount, 1)
			wantRows(t, e, core.ModelSession, 0)
			if got := signIn(e, email, another); got.Status != 401 {
				t.Errorf("the second password works: %s", got.Body)
			}
		})
	}
	t.Run("ENUM-03 refusals come before the address is looked up", func(t *testing.T) {
		t.Parallel()
		e := open(t, silent)
		signUp(t, e)
		for _, address := range []string{email, nobody} {
			e.Client().Post("/sign-up/email", body{"name": "Eve", "email": address, "password": "short"}).Want(t, 400, "PASSWORD_TOO_SHORT")
		}
	})
}

// held is a background that does nothing until it is told to.
type held struct{ tasks []func() }

func (h *held) run(task func()) { h.tasks = append(h.tasks, task) }

func (h *held) release() {
	for _, task := range h.tasks {
		task()
	}
	h.tasks = nil
}

func TestMailRequestsTellNothing(t *testing.T) {
	t.Parallel()
	setup := func(t *testing.T) (*authtest.Env, *held) {
		h := &held{}
		e := open(t, func(e *authtest.Env, o *core.Options, _ *emailpassword.Options) {
			o.Background = h.run
			o.EmailVerification.Send = e.Mail("verify-email")
		})
		signUp(t, e)
		return e, h
	}
	t.Run("ENUM-04 a reset for an unknown address", func(t *testing.T) {
		t.Parallel()
		e, h := setup(t)
		known := e.Client().Post("/request-password-reset", body{"email": email}).Want(t, 200, "")
		alike(t, "the answer", known, e.Client().Post("/request-password-reset", body{"email": nobody}))
		if len(e.Mails()) != 0 {
			t.Error("the mail was sent before the answer")
		}
		h.release()
		if m := e.Mails(); len(m) != 1 || m[0].To != email {
			t.Errorf("the mails are %+v", m)
		}
		wantRows(t, e, core.ModelVerification, 1)
	})
	t.Run("ENUM-05 a verification mail for unknown, verified and unverified", func(t *testing.T) {
		t.Parallel()
		e, h := setup(t)
		social(t, e, "verified@example.com")
		known := e.Client().Post("/send-verification-email", body{"email": email}).Want(t, 200, "")
		for _, address := range []string{nobody, "verified@example.com"} {
			alike(t, address, known, e.Client().Post("/send-verification-email", body{"email": address}))
		}
		if len(e.Mails()) != 0 {
			t.Error("the mail was sent before the answer")
		}
		h.release()
		if m := e.Mails(); len(m) != 1 || m[0].To != email {
			t.Errorf("the mails are %+v", m)
		}
	})
}

// Time advances in the bubble only while every goroutine waits.
func TestMailRequestsTakeTheirTime(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ option, mail, least time.Duration }{
		"default":              {0, 0, 500 * time.Millisecond},
		"a mail before it":     {0, 300 * time.Millisecond, 500 * time.Millisecond},
		"own time":             {2 * time.Second, time.Second, 2 * time.Second},
		"none":                 {-1, 0, 0},
		"a mail that is slow":  {-1, time.Second, 0},
		"the mail is unlucky":  {0, time.Second, 500 * time.Millisecond},
		"half of it is enough": {time.Second, 500 * time.Millisecond, time.Second},
	} {
		t.Run("ENUM-05 half a second at least, "+name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				e := open(t, func(_ *authtest.Env, o *core.Options, _ *emailpassword.Options) {
					o.EmailVerification.MinAnswerTime = c.option
					o.EmailVerification.Send = func(context.Context, core.Mail) error {
						time.Sleep(c.mail)
						return nil
					}
				})
				signUp(t, e)
				social(t, e, "verified@example.com")
				for _, address := range []string{email, nobody, "verified@example.com"} {
					want := c.least
					if address == email { // the mail is sent before the answer here
						want = max(want, c.mail)
					}
					start := time.Now()
					e.Client().Post("/send-verification-email", body{"email": address}).Want(t, 200, "")
					if took := time.Since(start); took != want {
						t.Errorf("%s: answered after %s, want %s", address, took, want)
					}
				}
				signedIn := e.Client()
				signedIn.Post("/sign-in/email", body{"email": email, "password": password}).Want(t, 200, "")
				start := time.Now()
				signedIn.Post("/send-verification-email", body{"email": email}).Want(t, 200, "")
				if took := time.Since(start); took != c.mail {
					t.Errorf("signed in, answered after %s, want %s", took, c.mail)
				}
			})
		})
	}
}

func TestSecretsAreNotCompared(t *testing.T) {
	t.Parallel()
	// Tokens are found by their hash and signatures are compared in constant time:
	// the plugin compares none itself.
	t.Run("ENUM-14 no comparison of secrets", func(t *testing.T) {
		t.Parallel()
		secret := regexp.MustCompile(`(?i)(token|hash|password|secret|signature)$`)
		files, err := os.ReadDir(".")
		if err != nil {
			t.Fatal(err)
		}
		seen := 0
		for _, f := range files {
			if !strings.HasSuffix(f.Name(), ".go") || strings.HasSuffix(f.Name(), "_test.go") {
				continue
			}
			seen++
			set := token.NewFileSet()
			file, err := parser.ParseFile(set, f.Name(), nil, 0)
			if err != nil {
				t.Fatal(err)
			}
			ast.Inspect(file, func(n ast.Node) bool {
				b, ok := n.(*ast.BinaryExpr)
				if !ok || b.Op != token.EQL && b.Op != token.NEQ {
					return true
				}
				for _, pair := range [][2]ast.Expr{{b.X, b.Y}, {b.Y, b.X}} {
					_, literal := pair[1].(*ast.BasicLit)
					id, _ := pair[1].(*ast.Ident)
					if secret.MatchString(name(pair[0])) && !literal && (id == nil || id.Name != "nil") {
						t.Errorf("%s compares %s", set.Position(b.Pos()), name(pair[0]))
					}
				}
				return true
			})
		}
		if seen == 0 {
			t.Fatal("no source was read")
		}
	})
	t.Run("ENUM-14 a reset token is looked up by its hash", func(t *testing.T) {
		t.Parallel()
		e := open(t, nil)
		signUp(t, e)
		tok := resetToken(t, e, email)
		for _, near := range []string{tok[:len(tok)-1], tok + "a", strings.ToUpper(tok), strings.ToLower(tok), " " + tok, tok + "%"} {
			if near != tok {
				reset(e, near, another).Want(t, 400, "INVALID_TOKEN")
			}
		}
		reset(e, tok, another).Want(t, 200, "")
	})
}

func name(e ast.Expr) string {
	switch x := e.(type) {
	case *ast.Ident:
		return x.Name
	case *ast.SelectorExpr:
		return x.Sel.Name
	case *ast.StarExpr:
		return name(x.X)
	}
	return ""
}

// A mail function that hangs fills the pool of background tasks. What is asked for after
// that is answered alike, and at once, for every address; the log says what was dropped.
func TestAMailFunctionThatHangsTellsNothing(t *testing.T) {
	t.Parallel()
	release := make(chan struct{})
	defer close(release)
	e := open(t, func(e *authtest.Env, o *core.Options, p *emailpassword.Options) {
		o.RateLimit.Disabled, o.Background = true, nil // the pool
		p.SendResetPassword = func(context.Context, core.Mail) error { <-release; return nil }
	})
	signUp(t, e)
	ask := func(address string) *authtest.Answer {
		return e.Client().Post("/request-password-reset", body{"email": address})
	}
	t.Run("ENUM-02 a full pool", func(t *testing.T) {
		for i := 0; !strings.Contains(e.Log.String(), "background tasks were dropped"); i++ {
			if a := ask(email); a.Status != 200 {
				t.Fatalf("request %d: %d %s", i, a.Status, a.Body)
			}
			if i > 20_000 {
				t.Fatal("nothing was dropped")
			}
		}
		alike(t, "a reset", ask(email), ask(nobody))
	})
}
