package passkey_test

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/advantch/kernia-go/core"
	"github.com/advantch/kernia-go/core/adapter"
	"github.com/advantch/kernia-go/core/authtest"
	"github.com/advantch/kernia-go/core/plugins/passkey"
	"github.com/advantch/kernia-go/core/plugins/passkey/passkeytest"
)

func TestOwnership(t *testing.T) {
	t.Parallel()
	e := start(t, passkey.Options{})
	c, _, id := ada(t, e)
	bob, visitor := passkeytest.SignUp(t, e, bobEmail), e.Client()
	t.Run("PKY-10 delete another's", func(t *testing.T) {
		bob.Post("/passkey/delete-passkey", object{"id": id}).Want(t, 401, "UNAUTHORIZED")
		bob.Post("/passkey/delete-passkey", object{"id": "nobody"}).Want(t, 404, "PASSKEY_NOT_FOUND")
		bob.Post("/passkey/delete-passkey", object{"id": ""}).Want(t, 400, "MISSING_REQUIRED_PARAMETER_ID")
		bob.Post("/passkey/delete-passkey", object{"id": object{"ne": ""}}).Want(t, 400, "VALIDATION_ERROR")
		visitor.Post("/passkey/delete-passkey", object{"id": id}).Want(t, 401, "UNAUTHORIZED")
	})
	t.Run("PKY-10 rename another's", func(t *testing.T) {
		bob.Post("/passkey/update-passkey", object{"id": id, "name": "x"}).Want(t, 401, "YOU_ARE_NOT_ALLOWED_TO_REGISTER_THIS_PASSKEY")
		bob.Post("/passkey/update-passkey", object{"id": "nobody", "name": "x"}).Want(t, 404, "PASSKEY_NOT_FOUND")
		visitor.Post("/passkey/update-passkey", object{"id": id, "name": "x"}).Want(t, 401, "UNAUTHORIZED")
	})
	t.Run("PKY-10 give one away", func(t *testing.T) {
		c.Post("/passkey/update-passkey", object{"id": id, "name": "mine", "userId": userID(bob), "counter": 0, "publicKey": ""}).Want(t, 200, "")
	})
	t.Run("PKY-10 list", func(t *testing.T) {
		if a := bob.Get("/passkey/list-user-passkeys?userId="+userID(c)).Want(t, 200, ""); a.Body != "[]" {
			t.Errorf("%s", a.Body)
		}
		visitor.Get("/passkey/list-user-passkeys").Want(t, 401, "UNAUTHORIZED")
	})
	row := passkeytest.Rows(t, e)[0]
	if row["userId"] != userID(c) || row["name"] != "mine" || row["counter"] != int64(1) {
		t.Errorf("stored %v", row)
	}
	for _, kind := range []core.EventType{passkey.EventRegistered, passkey.EventRenamed} {
		if ev := lastEvent(e, kind); ev == nil || ev.UserID != userID(c) {
			t.Errorf("%s: %+v", kind, ev)
		}
	}
	c.Post("/passkey/delete-passkey", object{"id": id}).Want(t, 200, "")
	if ev := lastEvent(e, passkey.EventDeleted); ev == nil || ev.UserID != userID(c) {
		t.Errorf("event %+v", ev)
	}
}

func TestLastPasskey(t *testing.T) {
	t.Parallel()
	account := func(provider string, password *string) func(t *testing.T, e *authtest.Env, user string) {
		return func(t *testing.T, e *authtest.Env, user string) {
			if _, err := e.Auth.Store().CreateAccount(context.Background(), core.Account{UserID: user, ProviderID: provider, AccountID: "42", Password: password}); err != nil {
				t.Fatal(err)
			}
		}
	}
	none := func(*testing.T, *authtest.Env, string) {}
	other := func(ok bool, err error) passkey.Options {
		return passkey.Options{OtherSignIn: func(context.Context, *core.User) (bool, error) { return ok, err }}
	}
	for name, test := range map[string]struct {
		options passkey.Options
		prepare func(t *testing.T, e *authtest.Env, user string)
		status  int
		code    string
	}{
		"RACE-11 nothing else":              {passkey.Options{}, none, 400, "FAILED_TO_DELETE_LAST_PASSKEY"},
		"RACE-11 account without password":  {passkey.Options{}, account(core.ProviderCredential, nil), 400, "FAILED_TO_DELETE_LAST_PASSKEY"},
		"RACE-11 account of empty password": {passkey.Options{}, account(core.ProviderCredential, ptr("")), 400, "FAILED_TO_DELETE_LAST_PASSKEY"},
		"password":                          {passkey.Options{}, account(core.ProviderCredential, ptr("hash")), 200, ""},
		"another provider":                  {passkey.Options{}, account("github", nil), 200, ""},
		"allowed":                           {passkey.Options{AllowDeletingLast: true}, none, 200, ""},
		"another way":                       {other(true, nil), none, 200, ""},
		"RACE-11 no other way":              {other(false, nil), none, 400, "FAILED_TO_DELETE_LAST_PASSKEY"},
		"RACE-11 nobody knows":              {other(true, errors.New("the directory is down")), none, 500, "INTERNAL_SERVER_ERROR"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			e := start(t, test.options)
			c, _, id := ada(t, e)
			passkeytest.OnlyPasskeys(t, e)
			test.prepare(t, e, userID(c))
			c.Post("/passkey/delete-passkey", object{"id": id}).Want(t, test.status, test.code)
			if left := len(passkeytest.Rows(t, e)); left == 1 != (test.status != 200) {
				t.Errorf("%d passkeys are left", left)
			}
		})
	}
}

// TestOtherSignInLocksNothing changes the user while the application is asked.
func TestOtherSignInLocksNothing(t *testing.T) {
	t.Parallel()
	var e *authtest.Env
	e = start(t, passkey.Options{OtherSignIn: func(_ context.Context, u *core.User) (bool, error) {
		done := make(chan error)
		go func() { // in a lock it would wait for ever
			_, err := e.Auth.Store().UpdateUser(context.Background(), u.ID, adapter.Record{"name": "Changed"})
			done <- err
		}()
		return true, <-done
	}})
	c, _, id := ada(t, e)
	passkeytest.OnlyPasskeys(t, e)
	c.Post("/passkey/delete-passkey", object{"id": id}).Want(t, 200, "")
	if left := len(passkeytest.Rows(t, e)); left != 0 {
		t.Errorf("%d passkeys are left", left)
	}
}

func TestRenamedTable(t *testing.T) {
	t.Parallel()
	e := start(t, passkey.Options{Table: "credentials", Columns: map[string]string{"credentialID": "credential_id", "userId": "user_id"}, ChallengeCookie: "ceremony"})
	c, key, id := ada(t, e)
	if c.Cookie("better-auth.ceremony") == "" {
		t.Errorf("cookies %s", c.CookieHeader())
	}
	passkeytest.SignIn(e.Client(), key, forgery{}).Want(t, 200, "")
	c.Post("/passkey/update-passkey", object{"id": id, "name": "x"}).Want(t, 200, "")
	table, _ := e.Auth.Schema().Table(passkey.Model)
	if column, _ := table.Column("credentialID"); table.Name != "credentials" || column != "credential_id" {
		t.Errorf("%s.%s", table.Name, column)
	}
}

func TestOptions(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		options passkey.Options
		want    string
	}{
		"relying party with a scheme":   {passkey.Options{RPID: "https://example.com"}, "RPID"},
		"relying party with a port":     {passkey.Options{RPID: "example.com:443"}, "RPID"},
		"relying party in upper case":   {passkey.Options{RPID: "Example.com"}, "RPID"},
		"origin with a slash":           {passkey.Options{Origins: []string{"https://example.com/"}}, "origin"},
		"origin without a scheme":       {passkey.Options{Origins: []string{"example.com"}}, "origin"},
		"origin with a pattern":         {passkey.Options{Origins: []string{"https://EXAMPLE.com"}}, "origin"},
		"empty origin":                  {passkey.Options{Origins: []string{""}}, "origin"},
		"unknown column":                {passkey.Options{Columns: map[string]string{"colour": "c"}}, "colour"},
		"a resolver that is never used": {passkey.Options{Registration: passkey.RegistrationOptions{ResolveUser: func(*core.Ctx, string) (*passkey.RegistrationUser, error) { return nil, nil }}}, "WithoutSession"},
		"attachment":                    {passkey.Options{AuthenticatorSelection: passkey.AuthenticatorSelection{Attachment: "usb"}}, "Attachment"},
		"resident key":                  {passkey.Options{AuthenticatorSelection: passkey.AuthenticatorSelection{ResidentKey: "yes"}}, "ResidentKey"},
		"user verification":             {passkey.Options{AuthenticatorSelection: passkey.AuthenticatorSelection{UserVerification: "yes"}}, "UserVerification"},
		"user verification at sign-in":  {passkey.Options{Authentication: passkey.AuthenticationOptions{UserVerification: "yes"}}, "UserVerification"},
	} {
		e := authtest.NewEnv(t)
		if _, err := core.New(e.Options(passkey.New(test.options))); err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestManifest(t *testing.T) {
	t.Parallel()
	p := passkey.New(passkey.Options{})
	e := authtest.New(t, nil, p)
	if got, ok := passkey.From(e.Auth); !ok || got != p || got.ID() != "passkey" {
		t.Errorf("%v %v", got, ok)
	}
	codes := map[string]bool{}
	for _, c := range e.Auth.ErrorCodes() {
		codes[c.Code] = true
	}
	for _, code := range []string{"CHALLENGE_NOT_FOUND", "PREVIOUSLY_REGISTERED", "SESSION_REQUIRED", "FAILED_TO_DELETE_LAST_PASSKEY"} {
		if !codes[code] {
			t.Errorf("no code %s", code)
		}
	}
	// The guard also refuses a call from Go without a session.
	_, err := p.Delete.Call(t.Context(), &passkey.DeleteInput{ID: "x"})
	var failed *core.Error
	if !errors.As(err, &failed) || failed.Status != 401 {
		t.Errorf("%v", err)
	}
	if _, err := e.Auth.DB().FindMany(t.Context(), adapter.Find{Model: passkey.Model}); err != nil {
		t.Error(err)
	}
}
