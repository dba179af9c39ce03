package passkey_test

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/advantch/kernia-go/core"
	"github.com/advantch/kernia-go/core/adapter"
	"github.com/advantch/kernia-go/core/authtest"
	"github.com/advantch/kernia-go/core/plugins/emailpassword"
	"github.com/advantch/kernia-go/core/plugins/passkey"
	"github.com/advantch/kernia-go/core/plugins/passkey/passkeytest"
)

func TestAuthenticationOptions(t *testing.T) {
	t.Parallel()
	e := start(t, passkey.Options{Authentication: passkey.AuthenticationOptions{Extensions: func(*core.Ctx) (json.RawMessage, error) {
		return json.RawMessage(`{"largeBlob":{"read":true}}`), nil
	}}})
	c, key, _ := ada(t, e)
	for name, test := range map[string]struct {
		client *authtest.Client
		list   string
	}{
		"a visitor, for conditional UI": {e.Client(), ""},
		"somebody who is signed in":     {c, `"allowCredentials":[{"id":"` + key.Keys[0].CredentialID() + `","transports":["internal"],"type":"public-key"}],`},
	} {
		a := test.client.Get("/passkey/generate-authenticate-options").Want(t, 200, "")
		want := `{"rpId":"localhost","challenge":"` + a.JSON("challenge") + `",` + test.list + `"timeout":60000,"userVerification":"preferred","extensions":{"largeBlob":{"read":true}}}`
		if a.Body != want {
			t.Errorf("%s:\ngot  %s\nwant %s", name, a.Body, want)
		}
	}
}

func TestRefusedSignIns(t *testing.T) {
	t.Parallel()
	refuse := func(name string, forge func(options string) forgery) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			e := start(t, passkey.Options{})
			_, key, _ := ada(t, e)
			before := passkeytest.Rows(t, e)[0]
			v := e.Client()
			options := v.Get("/passkey/generate-authenticate-options").Want(t, 200, "").Body
			a := v.Post("/passkey/verify-authentication", object{"response": key.Get(options, forge(options))})
			if a.Status != 401 || a.Code() != "AUTHENTICATION_FAILED" && a.Code() != "PASSKEY_NOT_FOUND" {
				t.Errorf("answered %d %s", a.Status, a.Body)
			}
			wantNoLeak(t, e, a)
			if v.Cookie("better-auth.session_token") != "" {
				t.Error("there is a session")
			}
			if after := passkeytest.Rows(t, e)[0]; after["counter"] != before["counter"] {
				t.Errorf("the counter is %v", after["counter"])
			}
			if ev := lastEvent(e, core.EventSignInFailed); ev == nil || ev.Code != a.Code() {
				t.Errorf("event %+v", ev)
			}
		})
	}
	for name, f := range refusedBoth() {
		refuse(name, func(string) forgery { return f })
	}
	for name, change := range challenges {
		refuse(name, func(options string) forgery {
			return forgery{ClientData: object{"challenge": change(challengeOf(options))}}
		})
	}
	for name := range clientData("", "") {
		refuse(name, func(options string) forgery {
			return forgery{ClientDataJSON: clientData("webauthn.get", challengeOf(options))[name]}
		})
	}
	for name, f := range map[string]forgery{
		"PKY-12 type of a registration":    {ClientData: object{"type": "webauthn.create"}},
		"PKY-06 may be backed up, of late": {Flags: ptr(passkeytest.UserPresent | passkeytest.BackupEligible)},
		"PKY-08 a credential of nobody":    {ID: []byte("nobody's")},
		"PKY-08 handle of nobody":          {UserHandle: []byte("nobody")},
		"PKY-08 handle that is no text":    {Inner: object{"userHandle": object{}}},
		"PKY-07 the same counter":          {Counter: ptr(uint32(1))},
		"PKY-07 a counter of zero":         {Counter: ptr(uint32(0))},
		"PKY-11 no signature":              {Inner: object{"signature": nil}},
		"PKY-11 empty signature":           {Inner: object{"signature": ""}},
		"PKY-11 another signature":         {Signature: func(s []byte) []byte { s[len(s)-1] ^= 1; return s }},
		"PKY-11 signature with more bytes": {Signature: func(s []byte) []byte { return append(s, 0) }},
		"PKY-11 signature of zeros":        {Signature: func([]byte) []byte { return []byte{0x30, 6, 2, 1, 0, 2, 1, 0} }},
		"PKY-11 signature of ones":         {Signature: func([]byte) []byte { return []byte{0x30, 6, 2, 1, 1, 2, 1, 1} }},
		"PKY-11 a bomb for extensions": {AuthData: func(d []byte) []byte {
			d[32] |= 0x80
			return append(d, 0xbb, 0x7f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff)
		}},
		"PKY-11 id that is a number": {Response: object{"id": 5, "rawId": 5}},
		"PKY-11 no id":               {Response: object{"id": nil}},
	} {
		refuse(name, func(string) forgery { return f })
	}
}

func TestUserHandles(t *testing.T) {
	t.Parallel()
	e := start(t, passkey.Options{})
	c, key, _ := ada(t, e)
	bob := userID(passkeytest.SignUp(t, e, bobEmail))
	random := "abcdefghijklmnopqrstuvwxyz012345"
	// A user whose id has the form of Better Auth 1.6's random handles.
	if _, err := e.Auth.Store().CreateUser(context.Background(), core.User{ID: "00000000000000000000000000000000", Email: "eve@example.com", Name: "Eve"}); err != nil {
		t.Fatal(err)
	}
	for name, test := range map[string]struct {
		handle string
		status int
	}{
		"its owner's":                    {userID(c), 200},
		"none":                           {"", 200},
		"one of 1.6.11":                  {random, 200},
		"PKY-08 another user's":          {bob, 401},
		"PKY-08 of a user in that form":  {"00000000000000000000000000000000", 401},
		"PKY-08 longer than those":       {random + "a", 401},
		"PKY-08 with other characters":   {strings.ToUpper(random), 401},
		"PKY-08 the owner's and more":    {userID(c) + "x", 401},
		"PKY-08 the owner's, encoded":    {base64.RawURLEncoding.EncodeToString([]byte(userID(c))), 401},
		"PKY-08 a handle that is no UTF": {"\xff\xfe", 401},
	} {
		t.Run(name, func(t *testing.T) {
			if a := passkeytest.SignIn(e.Client(), key, forgery{UserHandle: []byte(test.handle)}); a.Status != test.status {
				t.Errorf("answered %d %s", a.Status, a.Body)
			}
		})
	}
}

func TestCounter(t *testing.T) {
	t.Parallel()
	e := start(t, passkey.Options{})
	c, key, _ := ada(t, e)
	counter := func() any { return passkeytest.Rows(t, e)[0]["counter"] }
	passkeytest.SignIn(e.Client(), key, forgery{Counter: ptr(uint32(10))}).Want(t, 200, "")
	for name, n := range map[string]uint32{"PKY-07 the same": 10, "PKY-07 less": 9, "PKY-07 none any more": 0} {
		t.Run(name, func(t *testing.T) {
			passkeytest.SignIn(e.Client(), key, forgery{Counter: ptr(n)}).Want(t, 401, "AUTHENTICATION_FAILED")
			if got := counter(); got != int64(10) {
				t.Errorf("stored %v", got)
			}
			if ev := lastEvent(e, passkey.EventCounter); ev == nil || ev.UserID != userID(c) {
				t.Errorf("event %+v", ev)
			}
		})
	}
	passkeytest.SignIn(e.Client(), key, forgery{Counter: ptr(uint32(1<<32 - 1))}).Want(t, 200, "")
	if got := counter(); got != int64(1<<32-1) {
		t.Errorf("stored %v", got)
	}
}

func TestBackupState(t *testing.T) {
	t.Parallel()
	e := start(t, passkey.Options{})
	c, key := passkeytest.SignUp(t, e, adaEmail), passkeytest.New(authtest.BaseURL)
	key.NoCounter = true
	key.Flags |= passkeytest.BackupEligible
	passkeytest.Register(c, key, forgery{}).Want(t, 200, "")
	for _, state := range []byte{passkeytest.BackupState, 0, passkeytest.BackupState} {
		passkeytest.SignIn(e.Client(), key, forgery{Flags: ptr(key.Flags | state)}).Want(t, 200, "")
		if got := passkeytest.Rows(t, e)[0]["backedUp"]; got != (state != 0) {
			t.Errorf("backed up: %v", got)
		}
	}
	t.Run("PKY-06 not eligible any more", func(t *testing.T) {
		passkeytest.SignIn(e.Client(), key, forgery{Flags: ptr(passkeytest.UserPresent)}).Want(t, 401, "AUTHENTICATION_FAILED")
	})
}

// gate is a plugin that decides about sign-ins.
type gate struct {
	ask func(c *core.Ctx, s *core.SignIn) error
}

func (*gate) ID() string { return "gate" }

func (g *gate) Manifest(core.Env) (core.Manifest, error) {
	return core.Manifest{SignInGate: func(_ context.Context, s *core.SignIn) error { return g.ask(s.Call(), s) }}, nil
}

func TestSignInGate(t *testing.T) {
	t.Parallel()
	g := &gate{ask: func(_ *core.Ctx, s *core.SignIn) error {
		if s.Method == passkey.Method && !s.MultiFactor {
			return core.Fail(403, core.ErrorCode{Code: "SECOND_FACTOR", Message: "A second factor is needed"})
		}
		return nil
	}}
	e := authtest.New(t, nil, emailpassword.New(emailpassword.Options{}), passkey.New(passkey.Options{}), g)
	_, key, _ := ada(t, e)
	v := e.Client()
	passkeytest.SignIn(v, key, forgery{Flags: ptr(passkeytest.UserPresent)}).Want(t, 403, "SECOND_FACTOR")
	if v.Cookie("better-auth.session_token") != "" {
		t.Error("there is a session")
	}
	if got := passkeytest.Rows(t, e)[0]["counter"]; got != int64(2) {
		t.Errorf("the counter is %v although the authenticator has counted", got)
	}
	passkeytest.SignIn(v, key, forgery{}).Want(t, 200, "")
}

func TestAfterAuthentication(t *testing.T) {
	t.Parallel()
	var seen *passkey.Authentication
	var refuse error
	e := start(t, passkey.Options{Authentication: passkey.AuthenticationOptions{AfterVerification: func(_ *core.Ctx, a *passkey.Authentication) error {
		seen = a
		return refuse
	}}})
	c, key, id := ada(t, e)
	passkeytest.SignIn(e.Client(), key, forgery{}).Want(t, 200, "")
	if seen.Passkey.ID != id || seen.User.ID != userID(c) || !seen.Verified.UserVerified || seen.Verified.Origin != authtest.BaseURL || !bytes.Contains(seen.Response, []byte("signature")) {
		t.Errorf("%+v", seen)
	}
	refuse = core.Fail(403, core.ErrorCode{Code: "NOT_HERE", Message: "Not here"})
	passkeytest.SignIn(e.Client(), key, forgery{}).Want(t, 403, "NOT_HERE")
	refuse = errors.New("secret of the database")
	if a := passkeytest.SignIn(e.Client(), key, forgery{}).Want(t, 500, "INTERNAL_SERVER_ERROR"); strings.Contains(a.Body, "secret") {
		t.Errorf("%s", a.Body)
	}
}

func TestSessionGivenUp(t *testing.T) {
	t.Parallel()
	closed := false
	e := start(t, passkey.Options{}, func(_ *authtest.Env, o *core.Options) {
		o.Store.Session.BeforeCreate = func(context.Context, *core.Session) error {
			if closed {
				return core.ErrAbort
			}
			return nil
		}
	})
	_, key, _ := ada(t, e)
	closed = true
	passkeytest.SignIn(e.Client(), key, forgery{}).Want(t, 401, "UNABLE_TO_CREATE_SESSION")
}

func TestBrokenRows(t *testing.T) {
	t.Parallel()
	e := start(t, passkey.Options{})
	_, key, id := ada(t, e)
	for name, set := range map[string]adapter.Record{
		"a key that is no base64": {"publicKey": "?"},
		"a key that is no key":    {"publicKey": "AAAA"},
		"a key of SHA-1":          {"publicKey": "pAEDAzn//iBEr6+vryFDAQAB"},
		"no key":                  {"publicKey": ""},
	} {
		if _, err := e.Auth.DB().Update(t.Context(), passkey.Model, adapter.By("id", id), set); err != nil {
			t.Fatal(err)
		}
		if a := passkeytest.SignIn(e.Client(), key, forgery{}); a.Status != 401 || a.Code() != "AUTHENTICATION_FAILED" {
			t.Errorf("%s: answered %d %s", name, a.Status, a.Body)
		}
	}
}

func TestOrigins(t *testing.T) {
	t.Parallel()
	const app = "android:apk-key-hash:abc"
	e := start(t, passkey.Options{RPID: "localhost", Origins: []string{authtest.BaseURL, "http://localhost:4000", app}},
		func(_ *authtest.Env, o *core.Options) {
			o.TrustedOrigins = []string{"http://localhost:4000", "http://localhost:5000"}
		})
	_, key, _ := ada(t, e)
	for origin, status := range map[string]int{authtest.BaseURL: 200, "http://localhost:4000": 200, app: 200, "http://localhost:5000": 401, app + "d": 401} {
		if a := passkeytest.SignIn(e.Client(), key, forgery{ClientData: object{"origin": origin}}); a.Status != status {
			t.Errorf("%s: answered %d %s", origin, a.Status, a.Body)
		}
	}
	t.Run("PKY-04 an origin that the core does not trust", func(t *testing.T) {
		v := e.Client()
		v.Origin = "http://localhost:6000"
		passkeytest.SignIn(v, key, forgery{}).Want(t, 403, "INVALID_ORIGIN")
	})
	t.Run("PKY-04 the request's origin, not trusted", func(t *testing.T) {
		t.Parallel()
		e := start(t, passkey.Options{}, func(_ *authtest.Env, o *core.Options) { o.DisableCSRFCheck = true })
		c, key, _ := ada(t, e)
		v := e.Client()
		v.Origin = "http://evil.example"
		passkeytest.SignIn(v, key, forgery{ClientData: object{"origin": v.Origin}}).Want(t, 400, "ORIGIN_MISSING")
		c.Origin = ""
		passkeytest.Register(c, key, forgery{}).Want(t, 400, "FAILED_TO_VERIFY_REGISTRATION")
	})
}

func TestDynamicBaseURL(t *testing.T) {
	t.Parallel()
	e := start(t, passkey.Options{}, func(_ *authtest.Env, o *core.Options) {
		o.BaseURL, o.DynamicBaseURL = "", &core.DynamicBaseURL{AllowedHosts: []string{"localhost:3000"}}
	})
	if got := e.Client().Get("/passkey/generate-authenticate-options").Want(t, 200, "").JSON("rpId"); got != "localhost" {
		t.Errorf("relying party %q", got)
	}
}

// Whoever asks for options learns nothing about a user, whatever hint is sent.
func TestUserHints(t *testing.T) {
	t.Parallel()
	e := start(t, passkey.Options{})
	_, key, _ := ada(t, e)
	row := passkeytest.Rows(t, e)[0]
	for _, hint := range []string{"", "?email=ada@example.com", "?email=nobody@example.com", "?username=ada", fmt.Sprintf("?userId=%v", row["userId"]), "?userId=none"} {
		a := e.Client().Get("/passkey/generate-authenticate-options"+hint).Want(t, 200, "")
		if a.JSON("allowCredentials") != "" || strings.Contains(a.Body, key.Keys[0].CredentialID()) {
			t.Errorf("ENUM-12 %s: %s", hint, a.Body)
		}
	}
}
