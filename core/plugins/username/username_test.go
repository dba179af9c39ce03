package username_test

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/advantch/kernia-go/core"
	"github.com/advantch/kernia-go/core/adapter"
	"github.com/advantch/kernia-go/core/authtest"
	"github.com/advantch/kernia-go/core/plugins/emailotp"
	"github.com/advantch/kernia-go/core/plugins/emailpassword"
	"github.com/advantch/kernia-go/core/plugins/twofactor"
	"github.com/advantch/kernia-go/core/plugins/username"
)

type body = map[string]any

const password = "correct horse"

func open(t testing.TB, o username.Options, more ...core.Plugin) *authtest.Env {
	t.Helper()
	return authtest.New(t, nil, append([]core.Plugin{emailpassword.New(emailpassword.Options{}), username.New(o)}, more...)...)
}

func signUp(e *authtest.Env, email string, more body) (*authtest.Client, *authtest.Answer) {
	c := e.Client()
	in := body{"name": "Ada", "email": email, "password": password}
	for k, v := range more {
		in[k] = v
	}
	return c, c.Post("/sign-up/email", in)
}

func TestNames(t *testing.T) {
	t.Parallel()
	refuseAll := func(context.Context, string) (bool, error) { return false, nil }
	onlyLower := func(_ context.Context, s string) (bool, error) { return s == strings.ToLower(s), nil }
	for name, row := range map[string]struct {
		options       username.Options
		in            body
		status        int
		code          string
		name, display string // as stored
	}{
		"both":                            {in: body{"username": "Ada_L", "displayUsername": "Ada L"}, status: 200, name: "ada_l", display: "Ada L"},
		"a name alone":                    {in: body{"username": "Ada_L"}, status: 200, name: "ada_l", display: "Ada_L"},
		"a display name that is a name":   {in: body{"displayUsername": "Ada_L"}, status: 200, name: "ada_l", display: "Ada_L"},
		"a display name that is none":     {in: body{"displayUsername": "Ada Lovelace"}, status: 200, display: "Ada Lovelace"},
		"neither":                         {in: body{}, status: 200},
		"too short":                       {in: body{"username": "ab"}, status: 400, code: "USERNAME_TOO_SHORT"},
		"empty":                           {in: body{"username": ""}, status: 400, code: "USERNAME_TOO_SHORT"},
		"too long":                        {in: body{"username": strings.Repeat("a", 31)}, status: 400, code: "USERNAME_TOO_LONG"},
		"longest":                         {in: body{"username": strings.Repeat("a", 30)}, status: 200, name: strings.Repeat("a", 30), display: strings.Repeat("a", 30)},
		"a space":                         {in: body{"username": "ada l"}, status: 400, code: "INVALID_USERNAME"},
		"a Cyrillic letter that looks so": {in: body{"username": "аda"}, status: 400, code: "INVALID_USERNAME"},
		"full-width letters":              {in: body{"username": "ａｄａ"}, status: 400, code: "INVALID_USERNAME"},
		"a zero-width character":          {in: body{"username": "ad\u200ba"}, status: 400, code: "INVALID_USERNAME"},
		"Kelvin sign":                     {in: body{"username": "\u212Aate"}, status: 400, code: "INVALID_USERNAME"},
		"a number":                        {in: body{"username": 7}, status: 400, code: "VALIDATION_ERROR"},
		"a list":                          {in: body{"username": []string{"ada"}}, status: 400, code: "VALIDATION_ERROR"},
		"own bounds":                      {options: username.Options{MinLength: 1, MaxLength: 2}, in: body{"username": "abc"}, status: 400, code: "USERNAME_TOO_LONG"},
		"own validator":                   {options: username.Options{Validate: refuseAll}, in: body{"username": "ada"}, status: 400, code: "INVALID_USERNAME"},
		"own validator of display names": {
			options: username.Options{ValidateDisplay: refuseAll}, in: body{"username": "ada"}, status: 200, name: "ada", display: "ada",
		},
		"refused display name": {
			options: username.Options{ValidateDisplay: refuseAll}, in: body{"username": "ada", "displayUsername": "Ada"}, status: 400, code: "INVALID_DISPLAY_USERNAME",
		},
		"validated as given":            {options: username.Options{Validate: onlyLower}, in: body{"username": "Ada"}, status: 400, code: "INVALID_USERNAME"},
		"validated after normalisation": {options: username.Options{Validate: onlyLower, Order: username.PostNormalization}, in: body{"username": "Ada"}, status: 200, name: "ada", display: "Ada"},
		"display name validated after normalisation": {
			options: username.Options{ValidateDisplay: onlyLower, DisplayOrder: username.PostNormalization, NormalizeDisplay: strings.ToLower},
			in:      body{"displayUsername": "Ada L"}, status: 200, display: "ada l",
		},
		"letter case kept": {options: username.Options{CaseSensitive: true}, in: body{"username": "Ada"}, status: 200, name: "Ada", display: "Ada"},
		"own normal form":  {options: username.Options{Normalize: strings.ToUpper}, in: body{"username": "Ada"}, status: 200, name: "ADA", display: "Ada"},
		"no display name":  {options: username.Options{DisableDisplayUsername: true}, in: body{"username": "Ada", "displayUsername": "x"}, status: 200, name: "ada"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			e := open(t, row.options)
			_, a := signUp(e, "ada@example.com", row.in)
			a.Want(t, row.status, row.code)
			if row.status != 200 {
				return
			}
			u, err := e.Auth.Store().FindUserByEmail(t.Context(), "ada@example.com")
			if err != nil {
				t.Fatal(err)
			}
			n, _ := username.Username.Of(u.Extra)
			d, _ := username.DisplayUsername.Of(u.Extra)
			if n != row.name || d != row.display {
				t.Errorf("stored %q and %q, want %q and %q", n, d, row.name, row.display)
			}
		})
	}
}

func TestSignIn(t *testing.T) {
	t.Parallel()
	in := func(name, pw string) body { return body{"username": name, "password": pw} }
	t.Run("by a name in any letter case", func(t *testing.T) {
		t.Parallel()
		e := open(t, username.Options{})
		_, a := signUp(e, "ada@example.com", body{"username": "Ada_L"})
		a.Want(t, 200, "")
		for _, name := range []string{"ada_l", "ADA_L"} {
			c := e.Client()
			a := c.Post("/sign-in/username", in(name, password)).Want(t, 200, "")
			if a.JSON("user", "username") != "ada_l" || a.JSON("user", "displayUsername") != "Ada_L" || a.JSON("redirect") != "false" {
				t.Errorf("%s", a.Body)
			}
			if a := c.Get("/get-session"); a.JSON("user", "email") != "ada@example.com" {
				t.Errorf("%s", a.Body)
			}
		}
	})
	t.Run("ENUM-01 everything that is wrong has one answer", func(t *testing.T) {
		t.Parallel()
		e := open(t, username.Options{})
		signUp(e, "ada@example.com", body{"username": "ada"})
		u, err := e.Auth.Store().CreateUser(t.Context(), core.User{Name: "B", Email: "b@example.com", Extra: core.Extra{"username": "nopassword"}})
		if err != nil || u == nil {
			t.Fatal(err)
		}
		answers := map[string]bool{}
		for _, row := range []body{in("ada", "wrong horse"), in("nobody", password), in("nopassword", password), in("", password), in("ada", "")} {
			a := e.Client().Post("/sign-in/username", row).Want(t, 401, "INVALID_USERNAME_OR_PASSWORD")
			answers[a.Body] = true
		}
		if len(answers) != 1 {
			t.Errorf("%v", answers)
		}
	})
	t.Run("names that cannot exist are refused before a password is hashed", func(t *testing.T) {
		t.Parallel()
		e := open(t, username.Options{})
		for name, code := range map[string]string{"ab": "USERNAME_TOO_SHORT", strings.Repeat("a", 31): "USERNAME_TOO_LONG", "a b c": "INVALID_USERNAME"} {
			e.Client().Post("/sign-in/username", in(name, password)).Want(t, 422, code)
		}
	})
	t.Run("an address that must be verified first", func(t *testing.T) {
		t.Parallel()
		e := authtest.New(t, func(e *authtest.Env, o *core.Options) {
			o.EmailVerification.Send, o.EmailVerification.SendOnSignIn = e.Mail("verify"), true
		}, emailpassword.New(emailpassword.Options{RequireEmailVerification: true}), username.New(username.Options{}))
		signUp(e, "ada@example.com", body{"username": "ada"})
		before := len(e.Mails())
		e.Client().Post("/sign-in/username", body{"username": "ada", "password": password, "callbackURL": "/welcome"}).Want(t, 403, "EMAIL_NOT_VERIFIED")
		if len(e.Mails()) != before+1 || !strings.Contains(e.LastMail().URL, "callbackURL=%2Fwelcome") {
			t.Errorf("%d mails, the last with %s", len(e.Mails())-before, e.LastMail().URL)
		}
	})
	t.Run("rememberMe and callbackURL", func(t *testing.T) {
		t.Parallel()
		e := open(t, username.Options{})
		signUp(e, "ada@example.com", body{"username": "ada"})
		a := e.Client().Post("/sign-in/username", body{"username": "ada", "password": password, "rememberMe": false, "callbackURL": "/home"}).Want(t, 200, "")
		if a.Header.Get("Location") != "/home" || a.JSON("redirect") != "true" || a.JSON("url") != "/home" {
			t.Errorf("%v %s", a.Header, a.Body)
		}
		for _, line := range a.Header.Values("Set-Cookie") {
			if strings.HasPrefix(line, "better-auth.session_token=") && strings.Contains(line, "Max-Age") {
				t.Errorf("remembered: %s", line)
			}
		}
	})
	t.Run("TFA-02 a second factor is asked for", func(t *testing.T) {
		t.Parallel()
		e := open(t, username.Options{}, twofactor.New(twofactor.Options{SkipVerificationOnEnable: true}))
		c, _ := signUp(e, "ada@example.com", body{"username": "ada"})
		c.Post("/two-factor/enable", body{"password": password}).Want(t, 200, "")
		other := e.Client()
		if a := other.Post("/sign-in/username", in("ada", password)).Want(t, 200, ""); a.JSON("twoFactorRedirect") != "true" {
			t.Errorf("%s", a.Body)
		}
		if a := other.Get("/get-session"); a.Body != "null" {
			t.Errorf("%s", a.Body)
		}
	})
}

func TestUpdate(t *testing.T) {
	t.Parallel()
	t.Run("a name of another user is refused, the own is not", func(t *testing.T) {
		t.Parallel()
		e := open(t, username.Options{})
		signUp(e, "ada@example.com", body{"username": "ada"})
		c, _ := signUp(e, "bob@example.com", body{"username": "bob"})
		c.Post("/update-user", body{"username": "ADA"}).Want(t, 400, "USERNAME_IS_ALREADY_TAKEN")
		c.Post("/update-user", body{"username": "Bob"}).Want(t, 200, "")
		c.Post("/update-user", body{"username": "Robert"}).Want(t, 200, "")
		e.Client().Post("/sign-in/username", body{"username": "robert", "password": password}).Want(t, 200, "")
		e.Client().Post("/update-user", body{"username": "other"}).Want(t, 401, "UNAUTHORIZED")
		_, a := signUp(e, "eve@example.com", body{"username": "Ada"})
		a.Want(t, 400, "USERNAME_IS_ALREADY_TAKEN")
	})
	t.Run("a name that cannot be changed", func(t *testing.T) {
		t.Parallel()
		e := open(t, username.Options{Immutable: true})
		c, _ := signUp(e, "bob@example.com", nil)
		c.Post("/update-user", body{"username": "Bob"}).Want(t, 200, "")
		c.Post("/update-user", body{"username": "BOB"}).Want(t, 200, "")
		c.Post("/update-user", body{"username": "rob"}).Want(t, 400, "USERNAME_IS_IMMUTABLE")
		c.Post("/update-user", body{"username": nil}).Want(t, 400, "USERNAME_IS_IMMUTABLE")
		c.Post("/update-user", body{"displayUsername": "B o b"}).Want(t, 200, "")
	})
	t.Run("a name from elsewhere is validated too", func(t *testing.T) {
		t.Parallel()
		e := open(t, username.Options{})
		store := e.Auth.Store()
		_, err := store.CreateUser(t.Context(), core.User{Name: "B", Email: "b@example.com", Extra: core.Extra{"username": "a b"}})
		if !core.HasCode(err, username.CodeInvalidUsername) {
			t.Errorf("create: %v", err)
		}
		u, err := store.CreateUser(t.Context(), core.User{Name: "B", Email: "b@example.com", Extra: core.Extra{"username": "Bob"}})
		if err != nil {
			t.Fatal(err)
		}
		if _, err = store.UpdateUser(t.Context(), u.ID, adapter.Record{"username": "b"}); !core.HasCode(err, username.CodeUsernameTooShort) {
			t.Errorf("update: %v", err)
		}
	})
}

func TestIsAvailable(t *testing.T) {
	t.Parallel()
	e := open(t, username.Options{})
	signUp(e, "ada@example.com", body{"username": "Ada"})
	for _, row := range []struct {
		name   string
		status int
		code   string
		free   string
	}{
		{"ada", 200, "", "false"}, {"ADA", 200, "", "false"}, {"bob", 200, "", "true"}, {"", 422, "INVALID_USERNAME", ""},
		{"ab", 422, "USERNAME_TOO_SHORT", ""}, {strings.Repeat("a", 31), 422, "USERNAME_TOO_LONG", ""}, {"a b", 422, "INVALID_USERNAME", ""},
	} {
		a := e.Client().Post("/is-username-available", body{"username": row.name}).Want(t, row.status, row.code)
		if a.JSON("available") != row.free && row.status == 200 {
			t.Errorf("%q: %s", row.name, a.Body)
		}
	}
}

// Two people who choose a name at once: the unique column decides, and nobody gets a 500.
func TestRace(t *testing.T) {
	t.Parallel()
	e := open(t, username.Options{})
	t.Run("RACE-01 one of many sign-ups gets a name", func(t *testing.T) {
		var wg sync.WaitGroup
		var mu sync.Mutex
		won := 0
		for i := range 20 {
			wg.Go(func() {
				_, a := signUp(e, fmt.Sprintf("u%d@example.com", i), body{"username": "Ada"})
				mu.Lock()
				defer mu.Unlock()
				switch {
				case a.Status == 200:
					won++
				case a.Code() != "USERNAME_IS_ALREADY_TAKEN" && a.Code() != "FAILED_TO_CREATE_USER":
					t.Errorf("%d %s", a.Status, a.Body)
				}
			})
		}
		wg.Wait()
		if n, err := e.Auth.DB().Count(t.Context(), core.ModelUser, nil); err != nil || n != 1 || won != 1 {
			t.Errorf("%d won, %d users, %v", won, n, err)
		}
	})
}

func TestOptionsThatCannotWork(t *testing.T) {
	t.Parallel()
	for want, o := range map[string]username.Options{
		"set 1 ≤ MinLength ≤ MaxLength": {MinLength: 9, MaxLength: 3},
		"MinLength is -1":               {MinLength: -1},
		`Order is "before"`:             {Order: "before"},
		`DisplayOrder is "x"`:           {DisplayOrder: "x"},
		`Columns renames "email"`:       {Columns: map[string]string{"email": "mail"}},
	} {
		if _, err := username.New(o).Manifest(core.Env{}); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v, want %s", err, want)
		}
	}
}

// Names in letters beyond ASCII need a validator of their own, and are lower-cased as
// JavaScript does it.
func TestLowerCase(t *testing.T) {
	t.Parallel()
	e := open(t, username.Options{Validate: func(context.Context, string) (bool, error) { return true, nil }})
	for i, row := range [][2]string{{"ΟΔΟΣ", "οδος"}, {"İST", "i̇st"}, {"ÉTÉ", "été"}, {"STRASSE", "strasse"}} {
		email := fmt.Sprintf("u%d@example.com", i)
		_, a := signUp(e, email, body{"username": row[0]})
		if got := a.Want(t, 200, "").JSON("user", "username"); got != row[1] {
			t.Errorf("%q is stored as %q, want %q", row[0], got, row[1])
		}
		e.Client().Post("/sign-in/username", body{"username": row[0], "password": password}).Want(t, 200, "")
	}
}

func TestENUM09(t *testing.T) {
	t.Parallel()
	t.Run("ENUM-09 one answer after one hash", func(t *testing.T) {
		t.Parallel()
		var hashed atomic.Int64
		e := authtest.New(t, nil, username.New(username.Options{}), emailpassword.New(emailpassword.Options{
			Hash:   func(_ context.Context, pw string) (string, error) { hashed.Add(1); return "h:" + pw, nil },
			Verify: func(_ context.Context, hash, pw string) (bool, error) { hashed.Add(1); return hash == "h:"+pw, nil },
		}))
		signUp(e, "ada@example.com", body{"username": "ada"})
		if _, err := e.Auth.Store().CreateUser(t.Context(), core.User{Name: "B", Email: "b@example.com", Extra: core.Extra{"username": "nopassword"}}); err != nil {
			t.Fatal(err)
		}
		want := ""
		for _, name := range []string{"ada", "ADA", "nobody", "nopassword"} {
			before := hashed.Load()
			a := e.Client().Post("/sign-in/username", body{"username": name, "password": "wrong horse"}).Want(t, 401, "INVALID_USERNAME_OR_PASSWORD")
			if want == "" {
				want = a.Body
			}
			if a.Body != want || hashed.Load()-before != 1 || len(a.Header.Values("Set-Cookie")) > 0 {
				t.Errorf("%s: %s after %d hashes", name, a.Body, hashed.Load()-before)
			}
		}
	})
}

// Whatever makes or changes a user, its names pass the validators.
func TestNamesByOtherWays(t *testing.T) {
	t.Parallel()
	var code string
	options := username.Options{ValidateDisplay: func(_ context.Context, s string) (bool, error) { return !strings.Contains(s, "admin"), nil }}
	e := open(t, options, emailotp.New(emailotp.Options{Send: func(_ context.Context, m emailotp.Message) error { code = m.Code; return nil }}))
	for want, in := range map[string]body{
		"INVALID_DISPLAY_USERNAME": {"displayUsername": "admin"}, "INVALID_USERNAME": {"username": "a da"}, "USERNAME_TOO_SHORT": {"username": "a"},
		"USERNAME_TOO_LONG": {"username": strings.Repeat("a", 31)},
	} {
		t.Run("MIS-02 a sign-up by a code, "+want, func(t *testing.T) {
			e.Client().Post("/email-otp/send-verification-otp", body{"email": "bob@example.com", "type": "sign-in"}).Want(t, 200, "")
			in["email"], in["otp"] = "bob@example.com", code
			e.Client().Post("/sign-in/email-otp", in).Want(t, 400, want)
		})
	}
	store := e.Auth.Store()
	_, a := signUp(e, "ada@example.com", body{"username": "ada"})
	id := a.Want(t, 200, "").JSON("user", "id")
	for field, value := range map[string]string{"displayUsername": "admin", "username": "аda"} {
		t.Run("MIS-02 calls of the store, "+field, func(t *testing.T) {
			if _, err := store.CreateUser(t.Context(), core.User{Name: "B", Email: "b@example.com", Extra: core.Extra{field: value}}); err == nil {
				t.Error("created")
			}
			if _, err := store.UpdateUser(t.Context(), id, adapter.Record{field: value}); err == nil {
				t.Error("updated")
			}
		})
	}
}

// Without passwords there is no sign-in by name. New tells of it.
func TestWithoutPasswords(t *testing.T) {
	t.Parallel()
	const told = "add emailpassword.New to Options.Plugins"
	if e := authtest.New(t, nil, username.New(username.Options{})); !strings.Contains(e.Log.String(), told) {
		t.Errorf("%s", e.Log)
	}
	if e := open(t, username.Options{}); strings.Contains(e.Log.String(), told) {
		t.Errorf("%s", e.Log)
	}
}
